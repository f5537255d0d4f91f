/**
 * Vectors (residuals x - c) → blocks of SAQ codes. Blocks of 32 vectors are made whole: norms, then per segment the
 * factors and the packed codes. Memory: one chunk of vectors and its projection, whatever the total.
 */
import { type Block, type Core, checkLength } from '@sagitta/core-wasm';
import { packFactor } from './factors.ts';
import { BLOCK, blockCount, codeBytes, type SaqLayout, saqLayout } from './layout.ts';
import type { SaqModel } from './model.ts';

/** Vectors projected at once. */
const CHUNK = 256;

/**
 * Half ranges, in units of the root mean square, at which a normal variable is quantised best (spec section 1.5); the
 * encoder also tries the vector's own maximum (0) and keeps the better start.
 */
const STARTS: readonly (readonly number[])[] = [
  [],
  [0],
  [1.99, 1.8, 0],
  [2.34, 2.15, 0],
  [2.68, 2.5, 0],
  [3.01, 2.85, 0],
  [3.4, 0],
  [3.7, 0],
  [4.0, 0],
];

/** Rounds of code adjustment for each number of bits: twice as many gain less than 1 % of the error. */
const ROUNDS: readonly number[] = [0, 0, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2];

/** Projects rows (n × d) onto matrix (kept × d) in chunks; visit gets count × kept values, valid until it returns. */
export function projectRows(
  core: Core,
  rows: Float32Array,
  d: number,
  matrix: Float32Array,
  kept: number,
  visit: (projected: Float32Array, count: number, first: number) => void,
): void {
  const n = rows.length / d;
  core.scope((scope) => {
    const transposed = scope.reserve(kept * d * 4);
    transpose(matrix, kept, d, transposed.f32());
    const input = scope.reserve(CHUNK * d * 4);
    const output = scope.reserve(CHUNK * kept * 4);
    for (let first = 0; first < n; first += CHUNK) {
      const count = Math.min(CHUNK, n - first);
      input.f32().set(rows.subarray(first * d, (first + count) * d));
      core.kernels.matmulF32(input.at(), transposed.at(), count, kept, d, output.at());
      visit(output.f32(0, count * kept), count, first);
    }
  });
}

function transpose(matrix: Float32Array, rows: number, columns: number, out: Float32Array): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j] as number;
  }
}

/** Encodes into blocks in the core's memory. Holds the projection there until disposed. */
export class SaqEncoder implements Disposable {
  readonly model: SaqModel;
  readonly layout: SaqLayout;
  readonly #core: Core;
  readonly #projection: Block;
  readonly #rows: Block;
  readonly #projected: Block;
  readonly #starts: Block;
  readonly #scratch: Block;
  readonly #factors: Block;

  constructor(core: Core, model: SaqModel) {
    this.#core = core;
    this.model = model;
    this.layout = saqLayout(model.plan);
    const { keptDims, coded } = this.layout;
    const widest = coded.reduce((most, segment) => Math.max(most, segment.dims), 16);
    this.#projection = core.allocate(keptDims * model.d * 4);
    transpose(model.projection, keptDims, model.d, this.#projection.f32());
    this.#rows = core.allocate(CHUNK * model.d * 4);
    this.#projected = core.allocate(CHUNK * Math.max(1, keptDims) * 4);
    this.#starts = core.allocate(64 * STARTS.length);
    const starts = this.#starts.f32();
    for (const [bits, ranges] of STARTS.entries()) starts.set(ranges, bits * 16);
    this.#scratch = core.allocate(widest * 40 + 16 * 16);
    this.#factors = core.allocate(BLOCK * 4);
  }

  /**
   * residuals — n × d values, x - c; out — blocks from byteOffset on, blockCount(n)·blockBytes bytes, overwritten (what
   * lies behind the n-th vector in the last block is zero).
   * @throws RangeError if a residual is not finite or 100,000 times longer than those of training
   */
  encode(residuals: Float32Array, out: Block, byteOffset = 0): void {
    const { d } = this.model;
    const n = residuals.length / d;
    checkLength('residuals', residuals.length, Math.floor(n) * d, `a multiple of d = ${d}, e.g.`);
    const { blockBytes } = this.layout;
    out.u8(byteOffset, blockCount(n) * blockBytes).fill(0);
    for (let first = 0; first < n; first += CHUNK) {
      const count = Math.min(CHUNK, n - first);
      this.#rows.f32().set(residuals.subarray(first * d, (first + count) * d));
      this.#encodeChunk(count, out, byteOffset + (first / BLOCK) * blockBytes);
    }
  }

  /** One chunk that lies in #rows already; its blocks are zero. */
  #encodeChunk(count: number, out: Block, byteOffset: number): void {
    const { kernels } = this.#core;
    const { d } = this.model;
    const { keptDims, blockBytes, coded, offsets } = this.layout;
    kernels.matmulF32(this.#rows.at(), this.#projection.at(), count, keptDims, d, this.#projected.at());
    for (let first = 0; first < count; first += BLOCK) {
      const used = Math.min(BLOCK, count - first);
      const block = byteOffset + (first / BLOCK) * blockBytes;
      kernels.normF32Rows(this.#rows.at(first * d * 4), used, d, out.at(block));
      for (const norm of out.f32(block, used)) {
        if (!Number.isFinite(norm)) {
          throw new RangeError(
            `"residuals" expected finite values whose squares fit in f32, got a squared norm of ${norm}`,
          );
        }
      }
      let column = 0;
      for (const [s, segment] of coded.entries()) {
        const factorsAt = block + (offsets[s] as number);
        const bits = segment.bits;
        const startBits = Math.min(bits, STARTS.length - 1);
        kernels.encodeCodeRows(
          this.#projected.at((first * keptDims + column) * 4),
          used,
          keptDims,
          segment.dims,
          bits,
          ROUNDS[bits] as number,
          this.#starts.at(startBits * 64),
          (STARTS[startBits] as readonly number[]).length,
          this.#scratch.at(),
          out.at(factorsAt + 2 * BLOCK),
          this.#factors.at(),
        );
        const factors = this.#factors.f32();
        const packed = out.u16(factorsAt, used);
        const unit = this.model.factorUnits[s] as number;
        for (let i = 0; i < used; i++) packed[i] = packFactor((factors[i] as number) / unit);
        column += segment.dims;
      }
    }
  }

  /** Copies n vectors from position `first` of one run of blocks to position `to` of another, norms, factors and codes. */
  move(source: Block, first: number, n: number, target: Block, to: number): void {
    const { coded, offsets, blockBytes } = this.layout;
    const from = source.u8();
    const into = target.u8();
    const copy = (a: number, b: number, bytes: number): void => {
      into.set(from.subarray(a, a + bytes), b);
    };
    for (let i = 0; i < n; i++) {
      const a = Math.floor((first + i) / BLOCK) * blockBytes;
      const b = Math.floor((to + i) / BLOCK) * blockBytes;
      const laneA = (first + i) % BLOCK;
      const laneB = (to + i) % BLOCK;
      copy(a + 4 * laneA, b + 4 * laneB, 4);
      for (const [s, segment] of coded.entries()) {
        const at = offsets[s] as number;
        const bytes = codeBytes(segment);
        copy(a + at + 2 * laneA, b + at + 2 * laneB, 2);
        copy(a + at + 2 * BLOCK + laneA * bytes, b + at + 2 * BLOCK + laneB * bytes, bytes);
      }
    }
  }

  dispose(): void {
    for (const block of [
      this.#projection,
      this.#rows,
      this.#projected,
      this.#starts,
      this.#scratch,
      this.#factors,
    ]) {
      block.dispose();
    }
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
