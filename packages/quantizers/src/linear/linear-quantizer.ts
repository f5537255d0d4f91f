/**
 * Any linear method under the contract of quantizer.ts.
 *
 *   l2:  score = |q - c|² + add - 2·<q', r̂>,  q' = R(q - μ), c' = R(c - μ), add = N + 2·<c', r̂>
 *        with N = |r|² where the estimate is of <·, r>, and |r̂|² where the code stands for r̂ itself;
 *        where R keeps distances only on average, |q' - c'|² stands for |q - c|²: so all of the score is a distance in the
 *        frame, and near ones err by little;
 *   ip:  score = -<q, c> - <R q, r̂>.
 *
 * The query is taken into the frame once, not once a list: what a list needs of it, <c', r̂>, is in the factor `add`,
 * which is computed from the code as it will be read. μ is the mean of training: it keeps the terms small.
 */
import {
  type Block,
  type ByteWriter,
  type Core,
  checkFinite,
  checkLength,
  longestStored,
  METRICS,
  type Metric,
  type Numbers,
  Owner,
  type Ptr,
  rowsDefect,
  toFloat32,
} from '@sagitta/core-wasm';
import type { BlockLayout } from '../block-layout.ts';
import { BLOCK, blockCount } from '../blocks.ts';
import { type LinearName, linearNumber } from '../names.ts';
import type { Coordinates, Encoder, Estimator, EstimatorOptions, Quantizer } from '../quantizer.ts';
import {
  factorAt,
  firstBytes,
  type LinearLayout,
  linearLayout,
  takeCode,
  takeFactors,
} from './block-layout.ts';
import {
  type CodedRows,
  type CodePart,
  type Coder,
  type Dots,
  FACTOR_ADD,
  FACTOR_ERROR,
  FACTOR_OFFSET,
  FACTOR_PART,
  FACTOR_SCALE,
} from './coder.ts';
import { centreOf, type Frame, FrameTransform, fromFrame, writeFrame } from './frame.ts';
import { FrameCoordinates, keepsDistances } from './frame-coordinates.ts';
import { emptyRows, LinearEncoder } from './linear-encoder.ts';
import type { LinearParts } from './linear-parts.ts';
import { blocksDefect, largestCoordinate, reachDefect } from './stored-range.ts';

export type { LinearParts } from './linear-parts.ts';

/** Of what LinearQuantizer.write writes. */
export const LINEAR_VERSION = 1;

/** Compresses vectors linearly in a frame, whatever the method. */
export class LinearQuantizer implements Quantizer {
  readonly name: LinearName;
  readonly metric: Metric;
  readonly d: number;
  readonly bits: number;
  readonly isUnbiased: boolean;
  readonly hasErrorBound: boolean;
  readonly layout: BlockLayout;
  readonly plan: readonly [] = [];
  readonly origin: Float32Array;
  readonly frame: Frame;
  readonly coder: Coder;
  /** What of a block is what. */
  readonly places: LinearLayout;
  /** Of r̂ in a file; computed when first wanted. */
  #largestCoordinate: number | undefined;

  constructor(parts: LinearParts) {
    this.name = parts.name;
    this.metric = parts.metric;
    this.d = parts.d;
    this.bits = parts.bits;
    this.isUnbiased = parts.isUnbiased;
    this.origin = parts.origin;
    this.frame = parts.frame;
    this.coder = parts.coder;
    this.places = linearLayout(parts.coder, parts.metric);
    this.layout = this.places.blocks;
    this.hasErrorBound = (parts.coder.factors & FACTOR_ERROR) !== 0;
  }

  createEncoder(core: Core): Encoder {
    return new LinearEncoder(core, this);
  }

  createEstimator(core: Core, options: EstimatorOptions = {}): Estimator {
    return new LinearEstimator(core, this, options.isCoarse ?? false);
  }

  /** There are levels that a first scan can leave unread: createEstimator with isCoarse. */
  get hasLevels(): boolean {
    return (this.coder.parts ?? []).some(({ scale }) => scale === 'shared');
  }

  decode(_core: Core, blocks: Block, n: number, origin: Float32Array): Float32Array {
    const { d } = this;
    checkLength('origin', origin.length, d, 'd');
    const out = fromFrame(this.frame, this.rowsInFrame(blocks, n));
    for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) + (origin[i % d] as number);
    return out;
  }

  /** What the codes of n vectors stand for in the frame: n × coder.dims, fresh. */
  rowsInFrame(blocks: Block, n: number): Float32Array {
    const rows = new Float32Array(n * this.coder.dims);
    this.coder.decode(this.#takeCoded(blocks, n), n, rows);
    return rows;
  }

  /** Those of the frame, where it has fewer dimensions and keeps distances. */
  createCoordinates(core: Core): Coordinates | undefined {
    const { coder, d, frame } = this;
    return coder.dims < d && keepsDistances(frame) ? new FrameCoordinates(core, this) : undefined;
  }

  /** The codes of n vectors, one after the other without what stands beside them: n × coder.codeBytes, fresh. */
  codes(blocks: Block, n: number): Uint8Array {
    return this.#takeCoded(blocks, n).codes;
  }

  #takeCoded(blocks: Block, n: number): CodedRows {
    const { coder, places: layout } = this;
    const coded = emptyRows(n, coder.codeBytes);
    const bytes = blocks.u8();
    for (let i = 0; i < n; i++) {
      takeCode(bytes, layout, i, coded.codes.subarray(i * coder.codeBytes, (i + 1) * coder.codeBytes));
    }
    coded.scales.set(takeFactors(blocks, layout, FACTOR_SCALE, 0, n));
    coded.offsets.set(takeFactors(blocks, layout, FACTOR_OFFSET, 0, n));
    coded.partScales.set(takeFactors(blocks, layout, FACTOR_PART, 0, n));
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
    const { coder, places: layout, metric, frame } = this;
    const lost = new Float32Array(n);
    if (metric !== 'l2') return { rows: this.decode(core, blocks, n, origin), lost };
    const { dims } = coder;
    const rows = this.rowsInFrame(blocks, n);
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

  /** What is wrong with a model that was read from a file, or undefined: numbers with which scores leave float32. */
  modelDefect(): string | undefined {
    return (
      rowsDefect('origin', this.origin, this.d, longestStored(this.metric)) ??
      reachDefect(this.coder, this.#largest)
    );
  }

  defect(blocks: Block, n: number): string | undefined {
    return blocksDefect(this, blocks, n, this.#largest);
  }

  /** version, name, d, metric, bits, unbiased, origin, frame, coder. */
  write(writer: ByteWriter): void {
    const { name, d, metric, bits, isUnbiased, origin, frame, coder } = this;
    writer.u32(LINEAR_VERSION).u32(linearNumber(name)).u32(d).u32(METRICS.indexOf(metric));
    writer
      .f64(bits)
      .u32(isUnbiased ? 1 : 0)
      .array(origin);
    writeFrame(writer, frame);
    coder.write(writer);
  }

  get #largest(): number {
    this.#largestCoordinate ??= largestCoordinate(this.frame);
    return this.#largestCoordinate;
  }
}

/** Blocks whose products are made at once. */
const RUN_BLOCKS = 32;

interface OpenPart {
  readonly part: CodePart;
  readonly dots: Dots;
  /** Byte offset of its codes in a block. */
  readonly codesAt: number;
}

class LinearEstimator extends Owner implements Estimator {
  readonly centroidDims: number;
  readonly #quantizer: LinearQuantizer;
  readonly #transform: FrameTransform;
  readonly #dots: Dots;
  readonly #parts: readonly OpenPart[];
  /** The shared parts left out of #parts. */
  readonly #unread: readonly CodePart[];
  readonly #products: Block;
  /** Products of a part, then its share of the scores. */
  readonly #partProducts: Block;
  /** The query in the frame, where distances to centroids are taken there. */
  readonly #query: Block;
  #sum = 0;

  constructor(core: Core, quantizer: LinearQuantizer, isCoarse: boolean) {
    super(core);
    this.#quantizer = quantizer;
    this.#transform = this.own(() => new FrameTransform(core, quantizer.frame, 'query'));
    this.#dots = this.own(() => quantizer.coder.createDots(core));
    const { coder, frame, metric, places: layout } = quantizer;
    this.centroidDims = metric === 'l2' && frame.kept ? frame.dims : 0;
    let at = firstBytes(coder);
    const parts: OpenPart[] = [];
    const unread: CodePart[] = [];
    for (const part of coder.parts ?? []) {
      if (isCoarse && part.scale === 'shared') unread.push(part);
      else {
        const dots = this.own(() => part.createDots(core));
        parts.push({ part, dots, codesAt: layout.codesAt + BLOCK * at });
      }
      at += part.bytes;
    }
    this.#parts = parts;
    this.#unread = unread;
    this.#products = this.allocate(4 * BLOCK * RUN_BLOCKS);
    this.#query = this.allocate(4 * this.centroidDims);
    this.#partProducts = this.allocate(parts.length > 0 ? 8 * BLOCK * RUN_BLOCKS : 0);
  }

  /** What a list needs of its centroid is in the factors, but where distances to it are those of the frame. */
  project(centroids: Float32Array): Float32Array {
    this.checkLive('estimator');
    if (this.centroidDims === 0) return new Float32Array(0);
    const { d, origin } = this.#quantizer;
    return this.#transform.apply(centroids.map((value, i) => value - (origin[i % d] as number)));
  }

  setQuery(given: Numbers): void {
    this.checkLive('estimator');
    const { d, metric, origin } = this.#quantizer;
    const query = toFloat32('query', given);
    checkLength('query', query.length, d, 'd');
    checkFinite('query', query);
    const centred = metric === 'l2' ? query.map((value, j) => value - (origin[j] as number)) : query;
    const rotated = this.#transform.apply(centred);
    this.#query.f32().set(rotated.subarray(0, this.centroidDims));
    this.#sum = 0;
    for (const value of rotated) this.#sum += value;
    this.#dots.setQuery(rotated);
    for (const { dots } of this.#parts) dots.setQuery(rotated);
  }

  scores(blocks: Ptr, n: number, centroid: Ptr, given: number, out: Ptr): void {
    this.checkLive('estimator');
    const { blockBytes } = this.#quantizer.layout;
    const { centroidDims } = this;
    const base =
      centroidDims === 0 ? given : this.core.kernels.l2F32(this.#query.at(), centroid, centroidDims);
    for (let b = 0; b * BLOCK < n; b += RUN_BLOCKS) {
      const first = b * BLOCK;
      const count = Math.min(RUN_BLOCKS * BLOCK, n - first);
      this.#scoresOfRun((blocks + b * blockBytes) as Ptr, count, base, (out + 4 * first) as Ptr);
    }
  }

  #scoresOfRun(blocks: Ptr, n: number, base: number, out: Ptr): void {
    const { places: layout, metric } = this.#quantizer;
    const { blockBytes } = layout.blocks;
    const count = blockCount(n);
    for (let b = 0; b < count; b++) {
      const codes = (blocks + b * blockBytes + layout.codesAt) as Ptr;
      this.#dots.compute(codes, this.#products.at(4 * BLOCK * b), Math.min(BLOCK, n - b * BLOCK));
    }
    const { a, isInteger } = this.#dots;
    let b = this.#dots.b;
    for (const open of this.#parts) {
      if (open.part.scale === 'shared') b += this.#addShared(open, blocks, n);
    }
    for (const { weight, expected = 0 } of this.#unread) b += weight * expected * this.#sum;
    this.core.kernels.affineScores(
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
    for (const open of this.#parts) if (open.part.scale !== 'shared') this.#addPart(open, blocks, n, out);
  }

  #partDots({ dots, codesAt }: OpenPart, blocks: Ptr, n: number): void {
    const { blockBytes } = this.#quantizer.layout;
    for (let b = 0; b * BLOCK < n; b++) {
      const codes = (blocks + b * blockBytes + codesAt) as Ptr;
      dots.compute(codes, this.#partProducts.at(4 * BLOCK * b), Math.min(BLOCK, n - b * BLOCK));
    }
  }

  /** A part with the vector's scale goes into the products, which are floats; returns what it adds to b. */
  #addShared(open: OpenPart, blocks: Ptr, n: number): number {
    const { a } = this.#dots;
    const { weight } = open.part;
    // a is 0 for a query of zeros only
    if (a !== 0) {
      this.#partDots(open, blocks, n);
      const share = (weight * open.dots.a) / a;
      this.core.kernels.addScaledF32(
        this.#partProducts.at(),
        BLOCK * blockCount(n),
        share,
        this.#products.at(),
      );
    }
    return weight * open.dots.b;
  }

  /** A part with a scale of its own, or none, goes to the scores. */
  #addPart(open: OpenPart, blocks: Ptr, n: number, out: Ptr): void {
    const { places: layout, metric } = this.#quantizer;
    const { blockBytes } = layout.blocks;
    const count = blockCount(n);
    this.#partDots(open, blocks, n);
    const { part, dots } = open;
    const isOwn = part.scale === 'own';
    const at = isOwn ? factorAt(layout, FACTOR_PART) : 0;
    const shares = this.#partProducts.at(4 * BLOCK * count);
    this.core.kernels.affineScores(
      (blocks + at) as Ptr,
      blockBytes,
      n,
      (isOwn ? FACTOR_SCALE : 0) | (dots.isInteger ? 8 : 0),
      this.#partProducts.at(),
      dots.a,
      dots.b,
      0,
      part.weight * (metric === 'l2' ? -2 : -1),
      0,
      shares,
    );
    this.core.kernels.addScaledF32(shares, BLOCK * count, 1, out);
  }

  errors(blocks: Block, n: number, distance: number): Float32Array {
    this.checkLive('estimator');
    const { places: layout, metric } = this.#quantizer;
    const weight = (metric === 'l2' ? 2 : 1) * distance;
    return takeFactors(blocks, layout, FACTOR_ERROR, 0, n).map((error) => error * weight);
  }
}
