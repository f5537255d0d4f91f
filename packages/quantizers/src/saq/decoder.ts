/**
 * SAQ codes → vectors: x ≈ origin + Σ_s scale_s · P_sᵀ · (g_s·y_s), P_s the kept rows of segment s (a rotation of PCA
 * directions, so the transpose is the inverse on what they span). Directions without bits come back as the origin's.
 *
 * g·y = y·|o|²/<o, y> is what the estimator stands for: right in the direction of o, and by 1/cos too long. The default
 * takes it times cos² = 1/(1 + eps2(bits)), the least-squares scale <o, y>/|y|² for the mean code of these bits: the
 * squared error falls from |o|²·eps2 to |o|²·eps2/(1 + eps2), at 1 bit from 0.57 to 0.36 of the energy. A segment that
 * reaches beyond d keeps only that share of its error that lies in its real directions, (real - 1)/(dims - 1) of eps2.
 * 'unbiased' keeps g·y, for inner products with vectors that the codes have not seen.
 *
 * Memory: the projection and one block of 32 vectors; time: kept dims × d multiply-adds a vector.
 */
import {
  type Block,
  type Core,
  checkFloat32,
  checkInteger,
  checkLength,
  checkOneOf,
  checkOptions,
  type OptionTable,
  Owner,
} from '@sagitta/core-wasm';
import { eps2 } from './code-quality.ts';
import { unpackFactor } from './factors.ts';
import { BLOCK, blockCount, codeBytes, type SaqLayout, saqLayout } from './layout.ts';
import type { SaqModel } from './model.ts';
import { ReflectionTransform } from './reflections.ts';

/** Says which codes are decoded, and around which origin. */
export interface DecodeOptions {
  /** Where the blocks begin. Default 0. */
  readonly byteOffset?: number;
  /**
   * d values added to every vector: the c that was subtracted before encoding, for a whole set about its mean
   * model.mean. Default: nothing, residuals come back.
   */
  readonly origin?: Float32Array;
  /** 'leastSquares' (default): smallest error. 'unbiased': the value that estimates stand for. */
  readonly scale?: 'leastSquares' | 'unbiased';
}

const DECODE_OPTIONS: OptionTable<DecodeOptions> = {
  byteOffset: 'number',
  origin: 'any',
  scale: 'string',
};

/** Decodes blocks that SaqEncoder wrote. Holds the projection in the core's memory until disposed. */
export class SaqDecoder extends Owner {
  readonly model: SaqModel;
  readonly layout: SaqLayout;
  readonly #projection: Block;
  readonly #reflections: ReflectionTransform | undefined;
  /** Values of a row of #values. */
  readonly #stride: number;
  readonly #values: Block;
  readonly #codes: Block;
  readonly #rows: Block;

  constructor(core: Core, model: SaqModel) {
    super(core);
    this.model = model;
    this.layout = saqLayout(model.plan);
    const { coded, keptDims } = this.layout;
    const widest = coded.reduce((most, { dims }) => Math.max(most, dims), 16);
    const { reflections } = model;
    this.#projection = this.allocate(model.projection.byteLength);
    this.#projection.f32(0, model.projection.length).set(model.projection);
    this.#reflections = this.own(
      () => reflections && new ReflectionTransform(core, reflections, model.seed, keptDims),
    );
    this.#stride = reflections?.dims ?? keptDims;
    this.#values = this.allocate(BLOCK * this.#stride * 4);
    this.#codes = this.allocate(widest * 2);
    this.#rows = this.allocate(reflections ? 0 : BLOCK * model.d * 4);
  }

  /**
   * The n vectors of blocks as a fresh array, n × d.
   * @throws RangeError if blocks hold fewer than n vectors, or origin has another length than d
   */
  decode(blocks: Block, n: number, options: DecodeOptions = {}): Float32Array {
    this.checkLive('decoder');
    checkInteger('n', n, 0, 0xffff_ffff);
    const out = new Float32Array(n * this.model.d);
    this.decodeInto(blocks, n, out, options);
    return out;
  }

  /** decode into out — n × d, the caller's, overwritten. @throws RangeError as decode, and on another length of out */
  decodeInto(blocks: Block, n: number, out: Float32Array, options: DecodeOptions = {}): void {
    this.checkLive('decoder');
    checkOptions('options', options, DECODE_OPTIONS);
    const { d } = this.model;
    const { keptDims, blockBytes } = this.layout;
    const { byteOffset = 0, origin, scale = 'leastSquares' } = options;
    checkInteger('n', n, 0, 0xffff_ffff);
    checkOneOf('scale', scale, ['leastSquares', 'unbiased']);
    checkLength('out', checkFloat32('out', out).length, n * d, `n*d (n=${n}, d=${d})`);
    if (origin) checkLength('origin', checkFloat32('origin', origin).length, d, 'd');
    const end = byteOffset + blockCount(n) * blockBytes;
    if (blocks.byteLength < end) {
      throw new RangeError(`"blocks" expected at least ${end} bytes, got ${blocks.byteLength}`);
    }
    for (let first = 0; first < n; first += BLOCK) {
      const used = Math.min(BLOCK, n - first);
      const rows = out.subarray(first * d, (first + used) * d);
      if (keptDims > 0) {
        this.#unpackBlock(blocks, byteOffset + (first / BLOCK) * blockBytes, used, scale);
        this.#projectBack(used, rows);
      } else {
        rows.fill(0);
      }
      if (!origin) continue;
      for (let i = 0; i < rows.length; i += d) {
        for (let j = 0; j < d; j++) rows[i + j] = (rows[i + j] as number) + (origin[j] as number);
      }
    }
  }

  /**
   * Vectors for scores between codes, as building a graph needs them; rows n × d, fresh, origin added.
   *
   * l2: |x_a - x_b|² ≈ |row_a - row_b|² + lost_a + lost_b, rows the least-squares vectors, lost the energy that they miss
   * (norms are stored). Right on average where residuals of different vectors are uncorrelated, as about their mean; what
   * they have in common counts by cos⁴ of their codes, and not at all in dims without bits.
   * ip, cosine: <x_a, x_b> ≈ <row_a, row_b> for different vectors, lost 0: rows are what estimates stand for, without bias
   * over the dims that have bits.
   */
  codeVectors(
    blocks: Block,
    n: number,
    { byteOffset = 0, origin }: Pick<DecodeOptions, 'byteOffset' | 'origin'> = {},
  ): { rows: Float32Array; lost: Float32Array } {
    this.checkLive('decoder');
    const { d, metric } = this.model;
    if (origin) checkLength('origin', checkFloat32('origin', origin).length, d, 'd');
    const scale = metric === 'l2' ? 'leastSquares' : 'unbiased';
    const rows = this.decode(blocks, n, { byteOffset, scale });
    const lost = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      const row = rows.subarray(i * d, (i + 1) * d);
      if (metric === 'l2') {
        const block = byteOffset + Math.floor(i / BLOCK) * this.layout.blockBytes;
        const norm = blocks.f32(block + 4 * (i % BLOCK), 1)[0] as number;
        lost[i] = Math.max(
          0,
          row.reduce((rest, value) => rest - value * value, norm),
        );
      }
      if (origin) for (let j = 0; j < d; j++) row[j] = (row[j] as number) + (origin[j] as number);
    }
    return { rows, lost };
  }

  /** #values of `used` vectors in the dims of vectors: rows, used × d. */
  #projectBack(used: number, rows: Float32Array): void {
    const { d } = this.model;
    const stride = this.#stride;
    if (this.#reflections) {
      this.#reflections.invert(this.#values, used);
      const values = this.#values.f32();
      for (let i = 0; i < used; i++) rows.set(values.subarray(i * stride, i * stride + d), i * d);
      return;
    }
    const { kernels } = this.core;
    kernels.matmulF32(this.#values.at(), this.#projection.at(), used, d, stride, this.#rows.at());
    rows.set(this.#rows.f32(0, used * d));
  }

  /** scale·g·y of `used` vectors of one block into #values, used × #stride, zeros behind the kept dims. */
  #unpackBlock(blocks: Block, block: number, used: number, scale: 'leastSquares' | 'unbiased'): void {
    const { coded, keptDims, offsets } = this.layout;
    const stride = this.#stride;
    const values = this.#values.f32(0, used * stride);
    if (stride > keptDims) values.fill(0);
    let column = 0;
    for (const [s, segment] of coded.entries()) {
      const { dims, bits } = segment;
      const at = block + (offsets[s] as number);
      const factors = blocks.u16(at, used);
      const real = Math.min(dims, this.model.d - segment.start);
      const lost = (eps2(bits, dims) * (real - 1)) / (dims - 1);
      const shrink = scale === 'unbiased' ? 1 : 1 / (1 + lost);
      const unit = (this.model.factorUnits[s] as number) * shrink;
      const middle = ((1 << bits) - 1) / 2;
      const codes = this.#codes.u16(0, dims);
      for (let i = 0; i < used; i++) {
        const factor = unpackFactor(factors[i] as number) * unit;
        const code = blocks.at(at + 2 * BLOCK + i * codeBytes(segment));
        this.core.kernels.unpackCode(code, dims, bits, this.#codes.at());
        const row = i * stride + column;
        for (let t = 0; t < dims; t++) values[row + t] = factor * ((codes[t] as number) - middle);
      }
      column += dims;
    }
  }
}
