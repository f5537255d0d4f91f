/**
 * Query × SAQ codes → scores, smaller is better:
 *   l2:      |x - c|² + |q - c|² - 2 Σ_s g_s <y_s, p_s>     p = projected q - c      (SAQ, section 3.3; spec 1.7)
 *   ip, cosine:  -( <q, c> + Σ_s g_s <y_s, q_s> )
 *
 * Scanning is staged and leaves a vector as soon as its score less a bound of the segments still unread exceeds the
 * worst kept score. The bound is gamma·|x - c|·share·|p over those segments| (twice that for l2): Cauchy–Schwarz at
 * gamma = 1 for vectors whose energy is spread as in training. The reference bounds by m standard deviations of two
 * independent vectors; near neighbours are not independent (their residuals point the query's way), so that bound
 * drops true neighbours: 5 % of them at m = 4 after the first 16 dims of Fashion-MNIST, where gamma = 0.7 drops 0.1 %.
 */
import { type Block, type Core, checkLength, NO_PTR, type Ptr } from '@sagitta/core-wasm';
import { unpackFactor } from './factors.ts';
import { BLOCK, blockCount, codeBytes, type SaqLayout, saqLayout } from './layout.ts';
import type { SaqModel } from './model.ts';
import {
  SEGMENT_RECORD_BYTES,
  STAGE_RECORD_BYTES,
  type SaqStage,
  saqStages,
  writeSegmentRecords,
  writeStageRecords,
} from './stages.ts';

/** Default share of the Cauchy–Schwarz bound at which the scan gives a vector up. */
export const DEFAULT_GAMMA = 1;

/** Counters of the scans since the last reset. */
export interface ScanStatistics {
  /** Blocks of 32 that were looked at. */
  readonly blocks: number;
  /** Of these, blocks that ended at the norms, before any code byte was read. */
  readonly blocksEndedAtNorms: number;
  /** Of these, blocks that ended after some segments. */
  readonly blocksEndedEarly: number;
  /** Vectors whose every segment was read. */
  readonly vectorsInFull: number;
  readonly codeBitsRead: number;
}

/** The k best of the scans so far; in the core's memory. */
export interface ScanHeap {
  readonly k: number;
  readonly scores: Ptr;
  readonly ids: Ptr;
  readonly size: Ptr;
}

export class SaqEstimator implements Disposable {
  readonly model: SaqModel;
  readonly layout: SaqLayout;
  readonly #core: Core;
  readonly #weight: number;
  readonly #projection: Block;
  readonly #raw: Block;
  readonly #projected: Block;
  readonly #integers: Block;
  readonly #stages: readonly SaqStage[];
  readonly #segmentRecords: Block;
  readonly #stageRecords: Block;
  readonly #work: Block;
  readonly #terms: Block;
  readonly #scratch: Block;
  readonly #statistics: Block;
  #gamma = DEFAULT_GAMMA;

  constructor(core: Core, model: SaqModel) {
    this.#core = core;
    this.model = model;
    this.layout = saqLayout(model.plan);
    this.#weight = model.metric === 'l2' ? 2 : 1;
    const { coded, keptDims } = this.layout;
    this.#projection = core.allocate(keptDims * model.d * 4);
    this.#projection.f32().set(model.projection);
    this.#raw = core.allocate(model.d * 4);
    this.#projected = core.allocate(keptDims * 4);
    this.#integers = core.allocate(keptDims * 2);
    this.#stages = saqStages(coded);
    this.#segmentRecords = core.allocate(coded.length * SEGMENT_RECORD_BYTES);
    writeSegmentRecords(this.layout, model.shares, this.#segmentRecords.u32());
    this.#stageRecords = core.allocate(this.#stages.length * STAGE_RECORD_BYTES);
    writeStageRecords(this.layout, this.#stages, model.factorUnits, this.#stageRecords.u32());
    this.#work = core.allocate(coded.length * 16);
    this.#terms = core.allocate((this.#stages.length + 1) * 16);
    this.#scratch = core.allocate(256);
    this.#statistics = core.allocate(32);
  }

  /** Projects a vector (d values): centred by the model's mean. Returns a copy, keptDims values. */
  project(vector: Float32Array): Float32Array {
    this.#project(vector);
    return this.#projected.f32(0, this.layout.keptDims).slice();
  }

  #project(vector: Float32Array): void {
    const { d, mean } = this.model;
    checkLength('vector', vector.length, d, 'd');
    const raw = this.#raw.f32(0, d);
    for (let i = 0; i < d; i++) raw[i] = (vector[i] as number) - (mean[i] as number);
    this.#core.kernels.dotF32Rows(
      this.#raw.at(),
      this.#projection.at(),
      this.layout.keptDims,
      d,
      this.#projected.at(),
    );
  }

  /** Sets the query (d values, unit length for cosine) of the following scans. */
  setQuery(query: Float32Array, gamma: number = DEFAULT_GAMMA): void {
    this.#gamma = gamma;
    this.#project(query);
    // inner products do not depend on the centroid: their terms are made once a query
    if (this.#weight === 1) this.#makeTerms(NO_PTR);
  }

  #makeTerms(centroid: Ptr): void {
    this.#core.kernels.segmentedQuery(
      this.#projected.at(),
      centroid,
      this.#segmentRecords.at(),
      this.layout.coded.length,
      this.#stageRecords.at(),
      this.#stages.length,
      this.#weight,
      this.#gamma,
      this.model.shares[0] as number,
      this.#integers.at(),
      this.#work.at(),
      this.#terms.at(),
    );
  }

  /**
   * Scans n codes of one list into the heap.
   * centroid — its projection, keptDims f32 (NO_PTR: the origin of the projection); base — |q - c|² for l2, -<q, c> for
   * inner products; ids — u32[n].
   */
  scan(blocks: Ptr, n: number, centroid: Ptr, base: number, ids: Ptr, heap: ScanHeap): void {
    const count = this.#stages.length;
    if (this.#weight === 2) this.#makeTerms(centroid);
    this.#core.kernels.segmentedScan(
      blocks,
      n,
      this.layout.blockBytes,
      this.#stageRecords.at(),
      count,
      this.#integers.at(),
      this.#terms.at(),
      base,
      this.#weight - 1,
      this.#terms.f32(count * 16 + 8, 1)[0] as number,
      ids,
      heap.k,
      heap.scores,
      heap.ids,
      heap.size,
      this.#scratch.at(),
      this.#statistics.at(),
    );
  }

  /** Every score of one list, nothing pruned: out f32[n rounded up to 32], overwritten. */
  scores(blocks: Ptr, n: number, centroid: Ptr, base: number, out: Ptr): void {
    if (this.#weight === 2) this.#makeTerms(centroid);
    this.#core.kernels.segmentedScores(
      blocks,
      n,
      this.layout.blockBytes,
      this.#stageRecords.at(),
      this.#stages.length,
      this.#integers.at(),
      this.#terms.at(),
      base,
      this.#weight - 1,
      out,
    );
  }

  statistics(): ScanStatistics {
    const [blocks = 0, atNorms = 0, early = 0, inFull = 0, words = 0] = this.#statistics.u32(0, 5);
    return {
      blocks,
      blocksEndedAtNorms: atNorms,
      blocksEndedEarly: early,
      vectorsInFull: inFull,
      codeBitsRead: words * 16,
    };
  }

  resetStatistics(): void {
    this.#statistics.u32().fill(0);
  }

  dispose(): void {
    for (const block of [
      this.#projection,
      this.#raw,
      this.#projected,
      this.#integers,
      this.#segmentRecords,
      this.#stageRecords,
      this.#work,
      this.#terms,
      this.#scratch,
      this.#statistics,
    ]) {
      block.dispose();
    }
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Decodes n codes to residuals in the input space: out n × d, overwritten. Dims without bits come back as 0.
 * The value is g·y, the one the estimator stands for; it is unbiased in inner products, longer than the least-squares
 * reconstruction by 1/cos².
 */
export function decodeBlocks(core: Core, model: SaqModel, blocks: Block, n: number, out: Float32Array): void {
  const { d } = model;
  const { coded, offsets, blockBytes } = saqLayout(model.plan);
  checkLength('out', out.length, n * d, `n*d (n=${n}, d=${d})`);
  if (blocks.byteLength < blockCount(n) * blockBytes) {
    throw new RangeError(
      `"blocks" expected at least ${blockCount(n) * blockBytes} bytes, got ${blocks.byteLength}`,
    );
  }
  const widest = coded.reduce((most, segment) => Math.max(most, segment.dims), 16);
  core.scope((scope) => {
    const values = scope.reserve(widest * 2);
    for (let v = 0; v < n; v++) {
      const block = Math.floor(v / BLOCK) * blockBytes;
      const lane = v % BLOCK;
      const row = out.subarray(v * d, (v + 1) * d).fill(0);
      let kept = 0;
      for (const [s, segment] of coded.entries()) {
        const at = block + (offsets[s] as number);
        const unit = model.factorUnits[s] as number;
        const factor = unpackFactor(blocks.u16(at + 2 * lane, 1)[0] as number) * unit;
        const code = blocks.at(at + 2 * BLOCK + lane * codeBytes(segment));
        core.kernels.unpackCode(code, segment.dims, segment.bits, values.at());
        const codes = values.u16(0, segment.dims);
        const middle = (2 ** segment.bits - 1) / 2;
        for (let i = 0; i < segment.dims; i++, kept++) {
          const y = factor * ((codes[i] as number) - middle);
          for (let j = 0; j < d; j++) {
            row[j] = (row[j] as number) + y * (model.projection[kept * d + j] as number);
          }
        }
      }
    }
  });
}
