/**
 * Codes that number a level of each coordinate, 1 to 8 bits a dim, and their products with a query by tables.
 *
 * 1, 2 and 4 bits lie in nibbles, of 4, 2 or 1 dims, for the fast scan; 3, 5, 6 and 7 bits in the layout of packCode with
 * a table of 2^bits floats a dim; 8 bits are a byte a dim.
 */
import { type Block, type Core, Owner, type Ptr } from '@sagitta/core-wasm';
import type { Dots } from './coder.ts';
import { packRows, unpackRow } from './pack-bits.ts';
import { Table4Dots, Table8Dots } from './table-dots.ts';

/** Whether codes of so many bits lie in blocks of the fast scan. */
export function levelsAreBlocked(bits: number): boolean {
  return bits === 1 || bits === 2 || bits === 4;
}

/** The number of the level that is nearest to value, by the borders between levels, ascending from `start` on. */
export function nearestLevel(
  borders: ArrayLike<number>,
  start: number,
  count: number,
  value: number,
): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > (borders[start + middle] as number)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** values u16[n × dims] → codes, n × dims·bits/8 bytes. */
export function packLevels(
  core: Core,
  values: Uint16Array,
  n: number,
  dims: number,
  bits: number,
  codes: Uint8Array,
): void {
  if (!levelsAreBlocked(bits)) {
    packRows(core, values, n, dims, bits, codes);
    return;
  }
  const codeBytes = (dims * bits) / 8;
  codes.fill(0, 0, n * codeBytes);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < dims; j++) {
      const bit = j * bits;
      const at = i * codeBytes + (bit >> 3);
      codes[at] = (codes[at] as number) | ((values[i * dims + j] as number) << (bit & 7));
    }
  }
}

/** The inverse for one row; out u16[dims]. */
export function unpackLevels(code: Uint8Array, dims: number, bits: number, out: Uint16Array): void {
  if (!levelsAreBlocked(bits)) {
    unpackRow(code, dims, bits, out);
    return;
  }
  const mask = (1 << bits) - 1;
  for (let j = 0; j < dims; j++) out[j] = ((code[(j * bits) >> 3] as number) >> ((j * bits) & 7)) & mask;
}

/** level — the value of a code in a dim. */
export function createLevelDots(
  core: Core,
  dims: number,
  bits: number,
  level: (dim: number, code: number) => number,
): Dots {
  const tables = (query: Float32Array, out: Float32Array): void => {
    for (let j = 0; j < dims; j++) {
      const value = query[j] as number;
      for (let c = 0; c < 1 << bits; c++) out[(j << bits) + c] = value * level(j, c);
    }
  };
  if (bits === 8) return new Table8Dots(core, dims, tables);
  if (!levelsAreBlocked(bits)) return new PackedTableDots(core, dims, bits, tables);
  const together = 4 / bits;
  const mask = (1 << bits) - 1;
  return new Table4Dots(core, dims / together, (query, out) => {
    for (let s = 0; s < dims / together; s++) {
      for (let c = 0; c < 16; c++) {
        let sum = 0;
        for (let t = 0; t < together; t++) {
          const j = s * together + t;
          sum += (query[j] as number) * level(j, (c >> (t * bits)) & mask);
        }
        out[16 * s + c] = sum;
      }
    }
  });
}

/** Packed codes of 3, 5, 6 or 7 bits against a table of floats a dim. */
class PackedTableDots extends Owner implements Dots {
  readonly a = 1;
  readonly b = 0;
  readonly isInteger = false;
  readonly #dims: number;
  readonly #bits: number;
  readonly #make: (query: Float32Array, out: Float32Array) => void;
  readonly #luts: Block;

  constructor(
    core: Core,
    dims: number,
    bits: number,
    make: (query: Float32Array, out: Float32Array) => void,
  ) {
    super(core);
    this.#dims = dims;
    this.#bits = bits;
    this.#make = make;
    this.#luts = this.allocate((4 * dims) << bits);
  }

  setQuery(query: Float32Array): void {
    this.checkLive('dots');
    this.#make(query, this.#luts.f32());
  }

  compute(codes: Ptr, out: Ptr, n: number): void {
    this.checkLive('dots');
    this.core.kernels.tableRowsPacked(codes, n, this.#dims, this.#bits, this.#luts.at(), out);
  }
}
