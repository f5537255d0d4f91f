/** Lists out of levels (Melnik et al., Dremel, VLDB 2010): an entry opens a list by its repetition level and says by its definition level what is missing. */

import { isInteger } from '../../readers/number-type.ts';
import type { ListColumn, NumberColumn } from '../table.ts';
import type { ColumnChunk } from './pages.ts';
import type { Leaf } from './schema.ts';

interface Level {
  /** Place where each list begins. */
  readonly offsets: number[];
  readonly valid: number[];
  /** Whether any is missing. */
  hasMissing: boolean;
}

/**
 * A leaf inside one or two lists.
 * @throws RangeError on levels that fit no lists
 */
export function assembleLists(chunk: ColumnChunk, leaf: Leaf, rows: number): ListColumn {
  const { repetition, definition } = chunk;
  const { repeated, maxDefinition } = leaf;
  const depth = repeated.length;
  const levels: Level[] = repeated.map(() => ({ offsets: [], valid: [], hasMissing: false }));
  const counts = new Array<number>(depth + 1).fill(0);
  const isThere = new Uint8Array(definition.length);
  let hasMissing = false;
  for (let entry = 0; entry < definition.length; entry++) {
    const back = repetition[entry] as number;
    const level = definition[entry] as number;
    if (back > depth || level > maxDefinition || (entry === 0 && back !== 0))
      throw new RangeError(`expected levels up to ${depth} and ${maxDefinition}, got ${back} and ${level}`);
    if (back > 0 && level < (repeated[back - 1] as number))
      throw new RangeError('expected an element where the list goes on');
    let reached = back;
    // opens a list at every level from where the entry goes back to, as deep as there are elements
    for (; reached < depth; reached++) {
      const at = levels[reached] as Level;
      const has = repeated[reached] as number;
      at.offsets.push(counts[reached + 1] as number);
      const present = level >= has - 1;
      at.valid.push(present ? 1 : 0);
      if (!present) at.hasMissing = true;
      counts[reached] = at.offsets.length;
      if (level < has) break;
    }
    if (reached < depth) continue;
    const value = counts[depth] as number;
    if (level === maxDefinition) isThere[value] = 1;
    else hasMissing = true;
    counts[depth] = value + 1;
  }
  if ((counts[0] as number) !== rows) throw new RangeError(`expected ${rows} rows, got ${counts[0]}`);
  const n = counts[depth] as number;
  let inside: ListColumn | NumberColumn = numbersOf(chunk, leaf, isThere.subarray(0, n), hasMissing);
  for (let i = depth - 1; i >= 0; i--) {
    const { offsets, valid, hasMissing: isMissing } = levels[i] as Level;
    const ends = Float64Array.from(offsets);
    const all = new Float64Array(ends.length + 1);
    all.set(ends);
    all[ends.length] = i === depth - 1 ? n : (levels[i + 1] as Level).offsets.length;
    inside = { kind: 'lists', offsets: all, valid: isMissing ? Uint8Array.from(valid) : undefined, inside };
  }
  if (inside.kind !== 'lists') throw new RangeError('expected lists');
  return inside;
}

/** Values with room for those that are missing. */
function numbersOf(chunk: ColumnChunk, leaf: Leaf, isThere: Uint8Array, hasMissing: boolean): NumberColumn {
  const { values } = chunk;
  if (!(values instanceof Float32Array || values instanceof Float64Array)) {
    if (values.length > 0) throw new RangeError('expected numbers');
    return { kind: 'numbers', values: new Float32Array(isThere.length), valid: isThere, isInteger: false };
  }
  const ofIntegers = isInteger(leaf.number ?? 'float32');
  if (!hasMissing) return { kind: 'numbers', values, isInteger: ofIntegers };
  const out =
    values instanceof Float64Array ? new Float64Array(isThere.length) : new Float32Array(isThere.length);
  let from = 0;
  for (let i = 0; i < isThere.length; i++) if (isThere[i] === 1) out[i] = values[from++] as number;
  return { kind: 'numbers', values: out, valid: isThere, isInteger: ofIntegers };
}
