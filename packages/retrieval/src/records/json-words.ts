/** Words of JSON rows from elsewhere: whether they are any. */
import { hasSlot } from '../search/slot-set.ts';
import { MAX_DEPTH } from './json.ts';
import { ARRAY, INTEGER, LITERAL, NONE, NUMBER, OBJECT, SHAPED, type Shape, STRING } from './json-rows.ts';

/**
 * Finds the first word of each of n rows, NONE where `present` lacks it. Values are of known strings and shapes, keys come
 * once, and nothing is behind the last; otherwise it says what is wrong.
 */
export function findStarts(
  words: Uint32Array,
  n: number,
  present: Uint32Array,
  strings: number,
  shapes: readonly Shape[],
): Uint32Array | string {
  const starts = new Uint32Array(n).fill(NONE);
  let at = 0;
  for (let row = 0; row < n; row++) {
    if (!hasSlot(present, row)) continue;
    starts[row] = at;
    const end = valueEnd(words, at, strings, shapes);
    if (typeof end === 'string') return `metadata of row ${row} ${end}`;
    at = end;
  }
  return at === words.length ? starts : `metadata expected ${at} words, got ${words.length}`;
}

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);
/** Values still to come on each level; objects of which keys come in between have a set of those so far. */
const left = new Uint32Array(MAX_DEPTH + 1);
const keys: (Set<number> | undefined)[] = [];

/** The word behind a value, or what is wrong with it. */
function valueEnd(
  words: Uint32Array,
  start: number,
  strings: number,
  shapes: readonly Shape[],
): number | string {
  let depth = 0;
  let at = start;
  do {
    const seen = depth > 0 ? keys[depth] : undefined;
    if (at >= words.length) return 'expected more words';
    if (seen) {
      const key = words[at++] as number;
      if ((key & 7) !== STRING || key >>> 3 >= strings) return `expected a key, got word ${key}`;
      if (seen.has(key)) return 'expected each key once';
      seen.add(key);
      if (at >= words.length) return 'expected more words';
    }
    if (depth > 0) left[depth] = (left[depth] as number) - 1;
    const word = words[at++] as number;
    const payload = word >>> 3;
    /** Values within this one. */
    let inside = -1;
    switch (word & 7) {
      case LITERAL:
        if (payload > 2) return `expected null, false or true, got ${payload}`;
        break;
      case INTEGER:
        break;
      case NUMBER: {
        halves[0] = words[at] as number;
        halves[1] = words[at + 1] as number;
        at += 2;
        const value = double[0] as number;
        if (at > words.length || value - value !== 0 || Object.is(value, -0))
          return 'expected a finite number';
        break;
      }
      case STRING:
        if (payload >= strings) return `expected a string below ${strings}, got ${payload}`;
        break;
      case SHAPED: {
        const shape = shapes[payload];
        if (!shape) return `expected a shape below ${shapes.length}, got ${payload}`;
        inside = shape.keys.length;
        break;
      }
      case ARRAY:
      case OBJECT:
        if (payload > words.length - at)
          return `expected at most ${words.length - at} values, got ${payload}`;
        inside = payload;
        break;
      default:
        return `expected a value, got word ${word}`;
    }
    if (inside >= 0) {
      if (++depth > MAX_DEPTH) return `expected at most ${MAX_DEPTH} levels`;
      left[depth] = inside;
      keys[depth] = (word & 7) === OBJECT ? new Set() : undefined;
    }
    while (depth > 0 && left[depth] === 0) depth--;
  } while (depth > 0);
  return at;
}
