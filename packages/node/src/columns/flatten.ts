/** Lists of d numbers as rows of float32. */
import { FormatError } from '@sagitta/core-wasm';
import { inexactError } from '../readers/fixed-rows.ts';
import { checkFiniteRows } from '../readers/vector-source.ts';
import type { ListColumn, NumberColumn } from './table.ts';

export interface Place {
  readonly path: string;
  /** Row of the file of the column's first list. */
  readonly row: number;
  /** Byte to which errors point. */
  readonly offset: number;
}

export function rowsOf(column: ListColumn): number {
  return column.offsets.length - 1;
}

/** Numbers of a row, undefined if it is missing. */
export function lengthAt({ offsets, valid }: ListColumn, row: number): number | undefined {
  if (row + 1 >= offsets.length || valid?.[row] === 0) return undefined;
  return (offsets[row + 1] as number) - (offsets[row] as number);
}

/**
 * Rows start … end−1 as (end − start) × d values.
 * @throws FormatError naming file and row if one is missing, of another length, or holds what is no finite float32
 */
export function flattenRows(
  place: Place,
  column: ListColumn,
  d: number,
  start: number = 0,
  end: number = rowsOf(column),
): Float32Array {
  const { path, row: first, offset } = place;
  const { inside, offsets } = column;
  if (inside.kind !== 'numbers')
    throw new FormatError(`${path}: row ${first}: expected lists of numbers`, offset);
  for (let row = start; row < end; row++) {
    const length = lengthAt(column, row);
    if (length === d) continue;
    const got = length ?? 'no list';
    throw new FormatError(
      `${path}: row ${first + row}: expected dimension ${d} as in row 0, got ${got}`,
      offset,
    );
  }
  const out = new Float32Array((end - start) * d);
  copyNumbers(place, inside, offsets[start] ?? 0, out, d, first + start);
  return out;
}

/** `row` — the row of the first number, for errors. Lists of one length that follow each other are one run of numbers. */
function copyNumbers(
  { path, offset }: Place,
  { values, valid, isInteger }: NumberColumn,
  from: number,
  out: Float32Array,
  d: number,
  row: number,
): void {
  const place = (i: number): [number, number] => [row + Math.floor(i / d), i % d];
  if (valid !== undefined) {
    for (let i = 0; i < out.length; i++) {
      if (valid[from + i] !== 0) continue;
      const [at, dimension] = place(i);
      throw new FormatError(
        `${path}: row ${at}: dimension ${dimension}: expected a number, got null`,
        offset,
      );
    }
  }
  out.set(values.subarray(from, from + out.length));
  if (isInteger) {
    for (let i = 0; i < out.length; i++) {
      if (out[i] === values[from + i]) continue;
      const [at, dimension] = place(i);
      throw inexactError(path, at, dimension, values[from + i] as number, offset);
    }
  }
  checkFiniteRows(path, out, d, row, () => offset);
}
