/** Twins of assembly/grid-code.ts: the same roundings, so codes and sums agree bit for bit. */
import { packCode } from './code-pack.ts';
import { codeProduct } from './code-search.ts';
import { laneSum } from './lane-sum.ts';

const { fround } = Math;

/** Whole code of x on a grid. */
function gridCode(x: number, start: number, inverse: number, top: number): number {
  const place = fround(fround(fround(x - start) * inverse) + 0.5);
  return place > 0 ? Math.min(top, Math.floor(place)) : 0;
}

/**
 * Each row on the grid from its least to its greatest value; records f32[6n]: least, step, |x̂|², <x, x̂>, |x|²,
 * <centre, x̂>, with x̂ = least + step·c over the first `used` of d values.
 */
export function encodeRangeRows(
  rows: Float32Array,
  n: number,
  d: number,
  used: number,
  bits: number,
  centre: Float32Array | undefined,
  codes: Uint8Array,
  records: Float32Array,
): void {
  const top = 2 ** bits - 1;
  const codeBytes = (d * bits) / 8;
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * d, i * d + used);
    const least = row.reduce((a, b) => Math.min(a, b)) + 0;
    const step = fround(fround(row.reduce((a, b) => Math.max(a, b)) - least) / top);
    const inverse = step > 0 ? fround(1 / step) : 0;
    const values = new Uint16Array(d);
    for (const [j, x] of row.entries()) values[j] = gridCode(x, least, inverse, top);
    const decoded = Float32Array.from(row, (_, j) => least + fround(step * (values[j] as number)));
    const sum = (term: (j: number) => number): number => laneSum(d, 4, (j) => (j < used ? term(j) : 0));
    const at = (of: Float32Array, j: number): number => of[j] as number;
    records.set(
      [
        least,
        step,
        sum((j) => fround(at(decoded, j) * at(decoded, j))),
        sum((j) => fround(at(row, j) * at(decoded, j))),
        sum((j) => fround(at(row, j) * at(row, j))),
        centre ? crossOf(least, step, values, centre) : 0,
      ],
      6 * i,
    );
    packCode(values, d, bits, codes.subarray(i * codeBytes, (i + 1) * codeBytes));
  }
}

/** <centre, least + step·c>. */
function crossOf(least: number, step: number, values: Uint16Array, centre: Float32Array): number {
  const sum = laneSum(centre.length, 4, (j) => centre[j] as number);
  return fround(fround(least * sum) + fround(step * codeProduct(values, centre, 0)));
}

/**
 * Encodes rows by a grid of each column. grids f32[3d]: minima, inverses, steps; norms |x̂|², crosses <centre, x̂>,
 * untouched without centre.
 */
export function encodeColumnRows(
  rows: Float32Array,
  n: number,
  d: number,
  bits: number,
  grids: Float32Array,
  centre: Float32Array | undefined,
  codes: Uint8Array,
  norms: Float32Array,
  crosses: Float32Array,
): void {
  const codeBytes = (d * bits) / 8;
  const grid = (row: number, j: number): number => grids[row * d + j] as number;
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * d, (i + 1) * d);
    const values = Uint16Array.from(row, (x, j) => gridCode(x, grid(0, j), grid(1, j), 2 ** bits - 1));
    const decoded = (j: number): number => fround(grid(0, j) + fround(grid(2, j) * (values[j] as number)));
    norms[i] = laneSum(d, 4, (j) => {
      const x = row[j] as number;
      return fround(fround(decoded(j) * decoded(j)) + (x - x));
    });
    if (centre) crosses[i] = laneSum(d, 4, (j) => fround(decoded(j) * (centre[j] as number)));
    packCode(values, d, bits, codes.subarray(i * codeBytes, (i + 1) * codeBytes));
  }
}
