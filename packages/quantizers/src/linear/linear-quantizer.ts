/**
 * Any linear method under the contract of quantizer.ts.
 *
 *   l2:  score = |q - c|² + add - 2·<q', r̂>,  q' = R(q - μ), c' = R(c - μ), add = N + 2·<c', r̂>
 *        with N = |r|² where the estimate is of <·, r>, and |r̂|² where the code stands for r̂ itself;
 *   ip:  score = -<q, c> - <R q, r̂>.
 *
 * The query is taken into the frame once, not once a list: what a list needs of it, <c', r̂>, is in the factor `add`,
 * which is computed from the code as it will be read. μ is the mean of training: it keeps the terms small.
 */
import { type Block, type Core, checkFinite, checkLength, type Metric, type Ptr } from '@sagitta/core-wasm';
import { BLOCK, blockCount } from '../blocks.ts';
import type { Quantizer, QuantizerEncoder, QuantizerName, QueryEstimator } from '../quantizer.ts';
import { factorAt, type LinearLayout, linearLayout, takeCode, takeFactors } from './block-layout.ts';
import {
  type CodedRows,
  type Coder,
  type Dots,
  FACTOR_ADD,
  FACTOR_ERROR,
  FACTOR_OFFSET,
  FACTOR_SCALE,
} from './coder.ts';
import { centreOf, type Frame, FrameTransform, fromFrame } from './frame.ts';
import { emptyRows, LinearEncoder } from './linear-encoder.ts';

export interface LinearParts {
  readonly name: QuantizerName;
  readonly metric: Metric;
  readonly d: number;
  readonly bits: number;
  readonly isUnbiased: boolean;
  /** d values: the mean of the sample for l2, else zeros. */
  readonly origin: Float32Array;
  readonly frame: Frame;
  readonly coder: Coder;
}

export class LinearQuantizer implements Quantizer {
  readonly name: QuantizerName;
  readonly metric: Metric;
  readonly d: number;
  readonly bits: number;
  readonly isUnbiased: boolean;
  readonly hasErrorBound: boolean;
  readonly bytesPerVector: number;
  readonly blockBytes: number;
  readonly origin: Float32Array;
  readonly frame: Frame;
  readonly coder: Coder;
  readonly layout: LinearLayout;

  constructor(parts: LinearParts) {
    this.name = parts.name;
    this.metric = parts.metric;
    this.d = parts.d;
    this.bits = parts.bits;
    this.isUnbiased = parts.isUnbiased;
    this.origin = parts.origin;
    this.frame = parts.frame;
    this.coder = parts.coder;
    this.layout = linearLayout(parts.coder, parts.metric);
    this.hasErrorBound = (parts.coder.factors & FACTOR_ERROR) !== 0;
    this.bytesPerVector = this.layout.bytesPerVector;
    this.blockBytes = this.layout.blockBytes;
  }

  createEncoder(core: Core): QuantizerEncoder {
    return new LinearEncoder(core, this);
  }

  createEstimator(core: Core): QueryEstimator {
    return new LinearEstimator(core, this);
  }

  decode(_core: Core, blocks: Block, n: number, origin: Float32Array): Float32Array {
    const { coder, d } = this;
    checkLength('origin', origin.length, d, 'd');
    const coded = this.#takeCoded(blocks, n);
    const rows = new Float32Array(n * coder.dims);
    coder.decode(coded, n, rows);
    const out = fromFrame(this.frame, rows);
    for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) + (origin[i % d] as number);
    return out;
  }

  #takeCoded(blocks: Block, n: number): CodedRows {
    const { coder, layout } = this;
    const coded = emptyRows(n, coder.codeBytes);
    const bytes = blocks.u8();
    for (let i = 0; i < n; i++) {
      takeCode(bytes, layout, coder, i, coded.codes.subarray(i * coder.codeBytes, (i + 1) * coder.codeBytes));
    }
    coded.scales.set(takeFactors(blocks, layout, FACTOR_SCALE, 0, n));
    coded.offsets.set(takeFactors(blocks, layout, FACTOR_OFFSET, 0, n));
    return coded;
  }

  /**
   * Vectors for scores between codes, as building a graph needs them.
   *
   * ip and cosine: <x_a, x_b> ≈ <row_a, row_b>, rows n × d, lost 0. Where estimates have no bias neither has this, over
   * pairs of different vectors; the product of a code with itself is too long.
   *
   * l2: |x_a - x_b|² ≈ |row_a - row_b|² + lost_a + lost_b, rows n × dims in the frame. What estimates stand for, v·|r|²/<r, v>, is too long for that: rows are the least-squares
   * vectors, and lost is the energy that they miss. Right on average where residuals of different vectors are
   * uncorrelated, as about their own mean; what they have in common counts by cos⁴ of the code only. That is where norms are exact; other
   * quantizers stand for what they decode to, lost is 0, and distances are short by what both codes miss.
   * origin — what was subtracted when the vectors were coded.
   */
  codeVectors(
    core: Core,
    blocks: Block,
    n: number,
    origin: Float32Array,
  ): { rows: Float32Array; lost: Float32Array } {
    const { coder, layout, metric, frame } = this;
    const lost = new Float32Array(n);
    if (metric !== 'l2') return { rows: this.decode(core, blocks, n, origin), lost };
    const { dims } = coder;
    const rows = new Float32Array(n * dims);
    coder.decode(this.#takeCoded(blocks, n), n, rows);
    if (coder.norm === 'decoded') return { rows, lost };
    const centre = centreOf(core, frame, this.origin, origin);
    const adds = takeFactors(blocks, layout, FACTOR_ADD, 0, n);
    for (let i = 0; i < n; i++) {
      const row = rows.subarray(i * dims, (i + 1) * dims);
      let length = 0;
      let product = 0;
      for (let t = 0; t < dims; t++) {
        const value = row[t] as number;
        length += value * value;
        if (centre) product += value * (centre[t] as number);
      }
      const norm = Math.max(0, (adds[i] as number) - 2 * product);
      // <r, r̂> = |r|², so the least-squares scale of r̂ is |r|²/|r̂|², at most 1
      const scale = length > 0 ? Math.min(1, norm / length) : 0;
      for (let t = 0; t < dims; t++) row[t] = (row[t] as number) * scale;
      lost[i] = Math.max(0, norm - scale * scale * length);
    }
    return { rows, lost };
  }

  defect(blocks: Block, n: number): string | undefined {
    for (const bit of [FACTOR_ADD, FACTOR_SCALE, FACTOR_OFFSET, FACTOR_ERROR]) {
      if (factorAt(this.layout, bit) < 0) continue;
      const bad = takeFactors(blocks, this.layout, bit, 0, n).find((value) => !Number.isFinite(value));
      if (bad !== undefined) return `"factors" expected finite numbers, got ${bad}`;
    }
    return undefined;
  }
}

class LinearEstimator implements QueryEstimator {
  readonly #core: Core;
  readonly #quantizer: LinearQuantizer;
  readonly #transform: FrameTransform;
  readonly #dots: Dots;
  #products: Block;
  #sum = 0;

  constructor(core: Core, quantizer: LinearQuantizer) {
    this.#core = core;
    this.#quantizer = quantizer;
    this.#transform = new FrameTransform(core, quantizer.frame, 'query');
    this.#dots = quantizer.coder.createDots(core);
    this.#products = core.allocate(4 * BLOCK * 32);
  }

  setQuery(query: Float32Array): void {
    const { d, metric, origin } = this.#quantizer;
    checkLength('query', query.length, d, 'd');
    checkFinite('query', query);
    const centred = metric === 'l2' ? query.map((value, j) => value - (origin[j] as number)) : query;
    const rotated = this.#transform.apply(centred);
    this.#sum = 0;
    for (const value of rotated) this.#sum += value;
    this.#dots.setQuery(rotated);
  }

  scores(blocks: Ptr, n: number, base: number, out: Ptr): void {
    const { layout, metric, blockBytes } = this.#quantizer;
    const count = blockCount(n);
    if (this.#products.byteLength < 4 * BLOCK * count) {
      this.#products.dispose();
      this.#products = this.#core.allocate(4 * BLOCK * count);
    }
    for (let b = 0; b < count; b++) {
      const codes = (blocks + b * blockBytes + layout.codesAt) as Ptr;
      this.#dots.compute(codes, this.#products.at(4 * BLOCK * b));
    }
    const { a, b, isInteger } = this.#dots;
    this.#core.kernels.affineScores(
      blocks,
      blockBytes,
      n,
      (layout.factors & (FACTOR_ADD | FACTOR_SCALE | FACTOR_OFFSET)) | (isInteger ? 8 : 0),
      this.#products.at(),
      a,
      b,
      this.#sum,
      metric === 'l2' ? -2 : -1,
      base,
      out,
    );
  }

  errors(blocks: Block, n: number, distance: number): Float32Array {
    const { layout, metric } = this.#quantizer;
    const weight = (metric === 'l2' ? 2 : 1) * distance;
    return takeFactors(blocks, layout, FACTOR_ERROR, 0, n).map((error) => error * weight);
  }

  [Symbol.dispose](): void {
    this.#transform.dispose();
    this.#dots[Symbol.dispose]();
    this.#products.dispose();
  }
}
