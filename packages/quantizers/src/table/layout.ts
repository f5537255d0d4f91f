/** Places in a table: rows in groups, dimensions in blocks of 16, a code row after row within its group. */

/** Dimensions of a block. */
export const BLOCK_DIMS = 16;
/** The most groups: their numbers take 4 bits a row. */
export const MAX_GROUPS = 16;
/** The most bits of a number. */
export const MAX_BITS = 8;

/** Blocks of d dimensions. */
export function blocksOf(d: number): number {
  return Math.ceil(d / BLOCK_DIMS);
}

/** Dimensions of block b. */
export function dimsOf(d: number, b: number): number {
  return Math.min(BLOCK_DIMS, d - b * BLOCK_DIMS);
}

/** Bytes of a block in a row's code. */
export function blockBytes(dims: number, bits: number): number {
  return Math.ceil((dims * bits) / 8);
}

/** Halves that a cell keeps: levels, or the mean of each dimension where a number has no bits. */
export function levelsOf(dims: number, bits: number): number {
  return bits === 0 ? dims : 2 ** bits;
}

/** Bytes of a container whose sections have these lengths. */
export function containerBytes(lengths: readonly number[]): number {
  let at = 32 + 24 * lengths.length;
  for (const length of lengths) at = 64 * Math.ceil(at / 64) + length;
  return at;
}
