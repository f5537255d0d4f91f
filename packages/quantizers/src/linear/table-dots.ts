/**
 * Products by lookup tables: 16 entries each in blocks of the fast scan, 256 entries each over rows of bytes.
 *
 * 16-entry tables go as 16-bit integers: the least entry of each table is taken off (their sum is one bias), and one
 * step serves all, (largest range)/65,535: the error of a sum of m entries is below m/2 steps (spec section 4.3).
 */
import { type Block, type Core, Owner, type Ptr } from '@sagitta/core-wasm';
import { BLOCK } from '../blocks.ts';
import type { Dots } from './coder.ts';

/** Fills m tables of `entries` values each. */
export type TableMaker = (query: Float32Array, tables: Float32Array) => void;

export class Table4Dots extends Owner implements Dots {
  a = 1;
  b = 0;
  readonly isInteger = true;
  readonly #m: number;
  readonly #make: TableMaker;
  readonly #tables: Float32Array;
  readonly #luts: Block;

  constructor(core: Core, m: number, make: TableMaker) {
    super(core);
    this.#m = m;
    this.#make = make;
    this.#tables = new Float32Array(16 * m);
    this.#luts = this.allocate(32 * m);
  }

  setQuery(query: Float32Array): void {
    this.checkLive('dots');
    const tables = this.#tables;
    this.#make(query, tables);
    const minima = new Float32Array(this.#m);
    let range = 0;
    let bias = 0;
    for (let s = 0; s < this.#m; s++) {
      let least = Infinity;
      let most = -Infinity;
      for (let c = 16 * s; c < 16 * s + 16; c++) {
        least = Math.min(least, tables[c] as number);
        most = Math.max(most, tables[c] as number);
      }
      minima[s] = least;
      bias += minima[s] as number;
      range = Math.max(range, most - least);
    }
    const steps = range > 0 ? 65_535 / range : 0;
    const luts = this.#luts.u8();
    for (let s = 0; s < this.#m; s++) {
      for (let c = 0; c < 16; c++) {
        const entry = Math.min(
          65_535,
          Math.max(0, Math.round(((tables[16 * s + c] as number) - (minima[s] as number)) * steps)),
        );
        luts[32 * s + c] = entry & 255;
        luts[32 * s + 16 + c] = entry >> 8;
      }
    }
    this.a = steps > 0 ? 1 / steps : 0;
    this.b = bias;
  }

  compute(codes: Ptr, out: Ptr): void {
    this.checkLive('dots');
    this.core.kernels.fastscanU16(codes, BLOCK, this.#m, this.#luts.at(), out);
  }
}

export class Table8Dots extends Owner implements Dots {
  readonly a = 1;
  readonly b = 0;
  readonly isInteger = false;
  readonly #m: number;
  readonly #make: TableMaker;
  readonly #luts: Block;

  constructor(core: Core, m: number, make: TableMaker) {
    super(core);
    this.#m = m;
    this.#make = make;
    this.#luts = this.allocate(1024 * m);
  }

  setQuery(query: Float32Array): void {
    this.checkLive('dots');
    this.#make(query, this.#luts.f32());
  }

  compute(codes: Ptr, out: Ptr): void {
    this.checkLive('dots');
    this.core.kernels.tableRowsU8(codes, BLOCK, this.#m, this.#luts.at(), out);
  }
}
