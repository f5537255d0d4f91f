/** Codebooks of the cells of a table, and what they lose. */
import { halfToNumber, numberToHalf } from '../scalar/half-coder.ts';
import { lloydLevels } from '../training/lloyd.ts';
import type { CellChoice } from './allocate.ts';
import { BLOCK_DIMS, blockBytes, dimsOf, levelsOf } from './layout.ts';

/** Values of a cell that its levels are learned from. */
const MOST_VALUES = 32_768;

/** Rows of a group: their numbers, and what a squared error of one counts. */
export interface Group {
  readonly rows: Uint32Array;
  /** Mean weight of the rows. */
  readonly weight: number;
}

/** Every choice of bits of a cell, with its levels as halves. */
export interface Cell {
  readonly choices: readonly CellChoice[];
  readonly levels: ReadonlyMap<number, Uint16Array>;
}

/** Learns block b of a group of unit rows (n × d) for each number of bits in `bits`, ascending. */
export function learnCell(
  units: Float32Array,
  d: number,
  group: Group,
  b: number,
  bits: readonly number[],
): Cell {
  const dims = dimsOf(d, b);
  const { rows, weight } = group;
  const stride = Math.max(1, Math.ceil((rows.length * dims) / MOST_VALUES));
  const count = Math.ceil(rows.length / stride);
  const values = new Float32Array(count * dims);
  for (let i = 0; i < count; i++) {
    const from = (rows[i * stride] as number) * d + b * BLOCK_DIMS;
    values.set(units.subarray(from, from + dims), i * dims);
  }
  const means = meansOf(values, dims);
  const sorted = values.slice().sort();
  const scale = (weight * rows.length) / count;
  const levels = new Map<number, Uint16Array>();
  const choices = bits.map((one): CellChoice => {
    const found = Uint16Array.from(one === 0 ? means : lloydLevels(sorted, 2 ** one), (level) =>
      numberToHalf(level),
    );
    // halves of levels in order are in order
    levels.set(one, found);
    const loss = one === 0 ? lossOfMeans(values, dims, found) : lossOfLevels(sorted, found);
    const bytes = rows.length * blockBytes(dims, one) + 2 * levelsOf(dims, one);
    return { bits: one, bytes, loss: scale * loss };
  });
  return { choices, levels };
}

function meansOf(values: Float32Array, dims: number): Float64Array {
  const sums = new Float64Array(dims);
  for (let at = 0; at < values.length; at++)
    sums[at % dims] = (sums[at % dims] as number) + (values[at] as number);
  return sums.map((sum) => sum / (values.length / dims));
}

function lossOfMeans(values: Float32Array, dims: number, means: Uint16Array): number {
  const own = Float64Array.from(means, halfToNumber);
  let loss = 0;
  for (let at = 0; at < values.length; at++)
    loss += ((values[at] as number) - (own[at % dims] as number)) ** 2;
  return loss;
}

function lossOfLevels(sorted: Float32Array, levels: Uint16Array): number {
  const own = Float64Array.from(levels, halfToNumber);
  let loss = 0;
  let c = 0;
  for (const value of sorted) {
    while (c + 1 < own.length && value > ((own[c] as number) + (own[c + 1] as number)) / 2) c++;
    loss += (value - (own[c] as number)) ** 2;
  }
  return loss;
}

/** The level nearest to a value, the lower of two. levels — ascending */
export function nearestLevel(levels: Float32Array, value: number): number {
  let low = 0;
  let high = levels.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > ((levels[middle] as number) + (levels[middle + 1] as number)) / 2) low = middle + 1;
    else high = middle;
  }
  return low;
}
