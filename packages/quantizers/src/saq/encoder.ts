/**
 * Vectors (or residuals x - c) → blocks of SAQ codes. Blocks of 32 vectors are made whole: norms, then per segment the
 * factors and the packed codes. Memory: one chunk of vectors and its projection, whatever the total.
 *
 * The projection is computed in 16-bit integers (assembly/project.ts): twice as fast as f32, off by 3e-6·|r| a coordinate,
 * which is 1 % of what a code of 8 bits misses and nothing beside what fewer miss. Reflections are in integers too.
 */
import {
  type Block,
  type Core,
  checkFinite,
  checkLength,
  NO_PTR,
  Owner,
  shapedSet,
  type Vectors,
} from '@sagitta/core-wasm';
import { transpose } from '../transpose.ts';
import { LARGEST_FACTOR, packFactor } from './factors.ts';
import { BLOCK, blockCount, type SaqLayout, saqLayout } from './layout.ts';
import type { SaqModel } from './model.ts';
import { ReflectionTransform } from './reflections.ts';
import { startsOf } from './starts.ts';

/** Vectors projected at once, and of more dims fewer: values. */
const CHUNK = 256;
const CHUNK_VALUES = 1 << 20;

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

/** The projection as the kernel projectRows reads it. */
interface Panels {
  /** i16: for each 8 rows of the projection, for each pair of dims, the pair of row 0, 1, … 7. */
  readonly values: Block;
  /** Units of an entry: 1/S. */
  readonly unit: number;
  /** The longest that 32 dims of a vector may be in units of its own scale. */
  readonly limit: number;
}

/** values — 2·paddedDepth(d)·kept bytes, overwritten. */
function makePanels(values: Block, { projection, d }: SaqModel, kept: number): Panels {
  const depth = paddedDepth(d);
  const most = projection.reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 0);
  const scale = most > 0 ? 32_767 / most : 1;
  const out = values.i16();
  let longest = 0;
  for (let row = 0; row < kept; row++) {
    for (let run = 0; run < depth; run += RUN) {
      let squares = 0;
      for (let j = run; j < Math.min(d, run + RUN); j++) {
        const value = Math.round((projection[row * d + j] as number) * scale);
        squares += value * value;
        out[(row >> 3) * 8 * depth + (j >> 1) * 16 + (row & 7) * 2 + (j & 1)] = value;
      }
      longest = Math.max(longest, squares);
    }
  }
  // Cauchy–Schwarz over a run, with room for the rounding of 32 values (√32/2) and of f32
  const limit = longest > 0 ? (0.9999 * 2 ** 31) / Math.sqrt(longest) - 3 : 1;
  return { values, unit: 1 / scale, limit };
}

/** Dims whose products the kernel sums in i32. */
const RUN = 32;

function paddedDepth(d: number): number {
  return RUN * Math.ceil(d / RUN);
}

/** Encodes into blocks in the core's memory. Holds the projection there until disposed. */
export class SaqEncoder extends Owner {
  readonly model: SaqModel;
  readonly layout: SaqLayout;
  readonly #panels: Panels;
  readonly #reflections: ReflectionTransform | undefined;
  /** Vectors at a time: a multiple of 32. */
  readonly #chunk: number;
  /** Values from one projected vector to the next. */
  readonly #stride: number;
  readonly #rows: Block;
  readonly #integers: Block;
  readonly #projected: Block;
  readonly #starts: Block;
  readonly #startCounts: readonly number[];
  /** A padded row, and the origin. */
  readonly #scratch: Block;
  /** Scale and norm of each row of a chunk, then factor, energy and spread of each of a block. */
  readonly #factors: Block;

  constructor(core: Core, model: SaqModel) {
    super(core);
    this.model = model;
    this.layout = saqLayout(model.plan);
    const { keptDims, coded } = this.layout;
    const { d } = model;
    const { reflections } = model;
    const chunk = reflections
      ? Math.min(CHUNK, Math.max(BLOCK, BLOCK * Math.floor(CHUNK_VALUES / reflections.dims / BLOCK)))
      : CHUNK;
    this.#chunk = chunk;
    const panelDims = reflections ? 0 : keptDims;
    this.#panels = makePanels(this.allocate(2 * paddedDepth(d) * panelDims), model, panelDims);
    this.#reflections = this.own(
      () => reflections && new ReflectionTransform(core, reflections, model.seed, keptDims),
    );
    this.#stride = reflections?.dims ?? keptDims;
    this.#rows = this.allocate(chunk * d * 4);
    this.#integers = this.allocate(chunk * paddedDepth(d) * 2);
    this.#projected = this.allocate(chunk * Math.max(1, this.#stride) * 4);
    this.#starts = this.allocate(64 * Math.max(1, coded.length));
    this.#startCounts = coded.map(({ bits, dims }, s) => {
      const starts = startsOf(bits, dims);
      this.#starts.f32(64 * s, starts.length).set(starts);
      return starts.length;
    });
    const widest = coded.reduce((most, segment) => Math.max(most, segment.dims), paddedDepth(d));
    this.#scratch = this.allocate(4 * (widest + paddedDepth(d)));
    this.#factors = this.allocate(8 * chunk + 12 * BLOCK);
  }

  /**
   * vectors — n × d numbers or n arrays of d; out — blocks from byteOffset on, blockCount(n)·blockBytes bytes, overwritten (what lies behind
   * the n-th vector in the last block is zero); origin — what is subtracted, d values; without it vectors are residuals
   * x - c already.
   * @throws RangeError if a vector is not finite or 100,000 times as far from the origin as those of training
   */
  encode(given: Vectors, out: Block, byteOffset = 0, origin?: Float32Array): void {
    this.checkLive('encoder');
    const { d } = this.model;
    const { data: vectors, n } = shapedSet(given, d, 'vectors');
    if (origin) {
      checkLength('origin', origin.length, d, 'd');
      this.#scratch.f32(this.#originAt, d).set(origin);
    }
    const { blockBytes } = this.layout;
    out.u8(byteOffset, blockCount(n) * blockBytes).fill(0);
    const chunk = this.#chunk;
    for (let first = 0; first < n; first += chunk) {
      const count = Math.min(chunk, n - first);
      this.#rows.f32().set(vectors.subarray(first * d, (first + count) * d));
      this.#encodeChunk(count, origin !== undefined, out, byteOffset + (first / BLOCK) * blockBytes);
    }
  }

  get #originAt(): number {
    return this.#scratch.byteLength - 4 * paddedDepth(this.model.d);
  }

  /** One chunk that lies in #rows already; its blocks are zero. */
  #encodeChunk(count: number, hasOrigin: boolean, out: Block, byteOffset: number): void {
    const { kernels } = this.core;
    const { d } = this.model;
    const { keptDims, blockBytes } = this.layout;
    const { values, limit } = this.#panels;
    const chunk = this.#chunk;
    const origin = hasOrigin ? this.#scratch.at(this.#originAt) : NO_PTR;
    kernels.quantizeRows(
      this.#rows.at(),
      count,
      d,
      origin,
      limit,
      this.#scratch.at(),
      this.#integers.at(),
      this.#factors.at(),
      this.#factors.at(4 * chunk),
    );
    const norms = this.#factors.f32(4 * chunk, count);
    const bad = norms.find((norm) => !Number.isFinite(norm));
    if (bad !== undefined) {
      checkFinite('vectors', this.#rows.f32(0, count * d), d);
      throw new RangeError(
        `"vectors" expected vectors of lengths up to 2^56, got one with a squared length of ${bad}`,
      );
    }
    if (this.#reflections) {
      const projected = this.#projected.at();
      kernels.residualRows(this.#rows.at(), count, d, origin, this.#stride, projected);
      this.#reflections.apply(this.#projected, count);
      this.#factors.f32(0, count).fill(1);
    } else {
      const depth = paddedDepth(d);
      kernels.projectRows(this.#integers.at(), count, depth, values.at(), keptDims, this.#projected.at());
    }
    for (let first = 0; first < count; first += BLOCK) {
      const used = Math.min(BLOCK, count - first);
      const block = byteOffset + (first / BLOCK) * blockBytes;
      out.f32(block, used).set(norms.subarray(first, first + used));
      this.#encodeBlock(first, used, out, block);
    }
  }

  /** Factors and codes of `used` vectors from the `first` of the chunk. */
  #encodeBlock(first: number, used: number, out: Block, block: number): void {
    const { coded, offsets } = this.layout;
    const stride = this.#stride;
    const factorsAt = 8 * this.#chunk;
    const scales = this.#factors.f32(4 * first, used);
    let column = 0;
    for (const [s, { dims, bits }] of coded.entries()) {
      const at = block + (offsets[s] as number);
      this.core.kernels.encodeCodeRows(
        this.#projected.at((first * stride + column) * 4),
        used,
        stride,
        dims,
        bits,
        this.#starts.at(64 * s),
        this.#startCounts[s] as number,
        NO_PTR,
        this.#scratch.at(),
        out.at(at + 2 * BLOCK),
        this.#factors.at(factorsAt),
        this.#factors.at(factorsAt + 4 * BLOCK),
        this.#factors.at(factorsAt + 8 * BLOCK),
        NO_PTR,
      );
      const factors = this.#factors.f32(factorsAt, used);
      const packed = out.u16(at, used);
      const unit = this.#panels.unit / (this.model.factorUnits[s] as number);
      for (let i = 0; i < used; i++) {
        const factor = (factors[i] as number) * (scales[i] as number) * unit;
        if (factor > LARGEST_FACTOR) {
          throw new RangeError(
            `"vectors" expected vectors up to 100,000 times as far from their centre as those of training, got one at about ${Math.round(factor)} times (train on some like it, or multiply it)`,
          );
        }
        packed[i] = packFactor(factor);
      }
      column += dims;
    }
  }
}
