/**
 * Coordinates by which edges are chosen: of each vertex what its code stands for in the dimensions that hold most of the
 * energy, as 8-bit integers with a scale (assembly/graph.ts of the core). They are made from codes, so a file has none.
 *
 * For inner products every vector gets one coordinate more that makes all of them equally long, √(M² - |x|²): then the
 * nearest to a query by inner product are the nearest by distance (Bachrach et al., RecSys 2014), and pruning by distances
 * is right. M grows with the longest vector.
 */
import { type Block, type Core, Owner } from '@sagitta/core-wasm';
import type { Quantizer } from '@sagitta/quantizers';
import type { Coordinates } from '@sagitta/quantizers/internal';
import type { InvertedLists } from '../columns/inverted-lists.ts';
import { createColumn, rowOf } from './column.ts';

/** Numbers a vertex, about, where codes can say which hold most. */
const DIMS = 64;
/** Before the i8 of a row: f32 g²·|y|², g, |x|², e. */
const HEAD_BYTES = 16;
/** M grows by so much at least, so that growing vectors do not change all rows each time. */
const GROWTH = 1.1;

/** Coordinates where codes have no way of their own: what they stand for. */
class DecodedCoordinates extends Owner implements Coordinates {
  readonly dims: number;
  readonly #quantizer: Quantizer;

  constructor(core: Core, quantizer: Quantizer) {
    super(core);
    this.#quantizer = quantizer;
    this.dims = 16 * Math.ceil(quantizer.d / 16);
  }

  read(blocks: Block, n: number, out: Float32Array, norms: Float32Array): void {
    const { d } = this.#quantizer;
    const decoded = this.#quantizer.decode(this.core, blocks, n, new Float32Array(d));
    for (let i = 0; i < n; i++) {
      const row = decoded.subarray(i * d, (i + 1) * d);
      out.set(row, i * this.dims);
      norms[i] = row.reduce((sum, x) => sum + x * x, 0);
    }
  }
}

export class VertexCoordinates extends Owner {
  readonly rows: InvertedLists;
  readonly dims: number;
  readonly #reader: Coordinates;
  /** Vectors are made equally long. */
  readonly #isLifted: boolean;
  /** M², 0 where vectors are not lifted. */
  #longest: number;

  /** longest — M² so far. */
  constructor(core: Core, quantizer: Quantizer, longest: number) {
    super(core);
    this.#reader = this.own(
      () => quantizer.createCoordinates?.(core, DIMS) ?? new DecodedCoordinates(core, quantizer),
    );
    this.dims = this.#reader.dims;
    this.rows = this.own(() => createColumn(core, HEAD_BYTES + this.dims));
    this.#isLifted = quantizer.metric === 'ip';
    this.#longest = longest;
  }

  get longest(): number {
    return this.#longest;
  }

  /** Numbers of values() a vertex. */
  get valueCount(): number {
    return this.dims + (this.#isLifted ? 1 : 0);
  }

  /** What the rows of slots stand for: as far apart as these are. slots.length × valueCount */
  values(slots: Uint32Array): Float32Array {
    const { dims, valueCount } = this;
    const out = new Float32Array(slots.length * valueCount);
    for (const [i, slot] of slots.entries()) {
      const { block, offset } = rowOf(this.rows, slot);
      const [, step = 0, , lift = 0] = block.f32(offset, 4);
      const row = out.subarray(i * valueCount, (i + 1) * valueCount);
      for (const [j, code] of block.i8(offset + HEAD_BYTES, dims).entries()) row[j] = step * code;
      if (this.#isLifted) row[dims] = lift;
    }
    return out;
  }

  /** Writes the rows of slots first… from the first n codes of blocks. Their room has been made. */
  write(blocks: Block, n: number, first: number): void {
    this.checkLive('coordinates');
    const { dims } = this;
    const values = new Float32Array(n * dims);
    const norms = new Float32Array(n);
    this.#reader.read(blocks, n, values, norms);
    if (this.#isLifted) {
      const longest = norms.reduce((most, norm) => Math.max(most, norm), 0);
      if (longest > this.#longest) this.#lift(GROWTH * longest, first);
    }
    for (let i = 0; i < n; i++) {
      this.#put(first + i, values.subarray(i * dims, (i + 1) * dims), norms[i] as number);
    }
  }

  #put(slot: number, values: Float32Array, norm: number): void {
    const { block, offset } = rowOf(this.rows, slot);
    let most = 0;
    for (const value of values) most = Math.max(most, Math.abs(value));
    const step = Math.fround(most / 127);
    const codes = block.i8(offset + HEAD_BYTES, this.dims);
    let square = 0;
    for (const [i, value] of values.entries()) {
      const code = step > 0 ? Math.max(-127, Math.min(127, Math.round(value / step))) : 0;
      codes[i] = code;
      square += code * code;
    }
    // in the order of the kernel's product of two rows: of equal rows the distance is exactly 0
    const scaled = Math.fround(Math.fround(step * step) * Math.fround(square));
    block.f32(offset, 4).set([scaled, step, norm, this.#lifted(norm)]);
  }

  #lifted(norm: number): number {
    return Math.sqrt(Math.max(0, this.#longest - norm));
  }

  /** Makes slots 0…n - 1 as long as a longer M says. */
  #lift(longest: number, n: number): void {
    this.#longest = longest;
    for (let slot = 0; slot < n; slot++) {
      const { block, offset } = rowOf(this.rows, slot);
      const head = block.f32(offset, 4);
      head[3] = this.#lifted(head[2] as number);
    }
  }
}
