/**
 * Query × SAQ codes → scores, smaller is better:
 *   l2:      |x - c|² + |q - c|² - 2 Σ_s g_s <y_s, p_s>     p = projected q - c      (SAQ, section 3.3; spec 1.7)
 *   ip, cosine:  -( <q, c> + Σ_s g_s <y_s, q_s> )
 *
 * Scanning is staged and leaves a vector as soon as its score less a bound of the dims still unread exceeds the worst
 * kept score. The bound is gamma·|x - c|·share·|p over those dims| (twice that for l2): Cauchy–Schwarz at gamma = 1 for
 * vectors whose energy is spread as in training. Once dims have been read, a vector is given 0.73 of it and 0.45 of
 * the cosine so far (assembly/segmented-scan.ts). The bits below the eighth, which are read
 * last, have a bound of their own: gamma times six standard deviations. The reference bounds by m standard deviations of two
 * independent vectors; near neighbours are not independent (their residuals point the query's way), so that bound
 * drops true neighbours: 5 % of them at m = 4 after the first 16 dims of Fashion-MNIST.
 */
import {
  type Block,
  type Core,
  checkFinite,
  checkInteger,
  checkLength,
  NO_PTR,
  type Numbers,
  Owner,
  type Ptr,
  shapedSet,
  toFloat32,
} from '@sagitta/core-wasm';
import type { Estimator, GraphEstimator, ListProbe, ScanHeap, ScanStatistics } from '../quantizer.ts';
import { SaqGraphEstimator } from './graph-estimator.ts';
import { type SaqLayout, saqLayout } from './layout.ts';
import type { SaqModel } from './model.ts';
import { QueryProjection } from './query-projection.ts';
import { ReflectionTransform } from './reflections.ts';
import {
  CONTEXT_RECORD_BYTES,
  RANGE_RECORD_BYTES,
  STAGE_RECORD_BYTES,
  saqRanges,
  saqStages,
  writeRangeRecords,
  writeStageRecords,
} from './stages.ts';

/** Default share of the bound at which the scan gives a vector up: loses at most .0005 of the recall of reading every code. */
export const DEFAULT_GAMMA = 1;

/** Scores SAQ codes against a query, in stages that end where a bound says so. */
export class SaqEstimator extends Owner implements Estimator {
  readonly model: SaqModel;
  readonly layout: SaqLayout;
  readonly centroidDims: number;
  readonly graph: GraphEstimator;
  readonly #weight: number;
  readonly #projection: QueryProjection | undefined;
  readonly #reflections: ReflectionTransform | undefined;
  readonly #projected: Block;
  readonly #integers: Block;
  readonly #stageCount: number;
  readonly #rangeCount: number;
  readonly #ranges: Block;
  readonly #stages: Block;
  readonly #scratch: Block;
  readonly #statistics: Block;
  readonly #context: Block;

  constructor(core: Core, model: SaqModel) {
    super(core);
    this.model = model;
    this.layout = saqLayout(model.plan);
    this.#weight = model.metric === 'l2' ? 2 : 1;
    const { coded, keptDims } = this.layout;
    // inner products do not depend on the centroid
    this.centroidDims = model.metric === 'l2' ? keptDims : 0;
    const { reflections } = model;
    this.#projection = this.own(() => (reflections ? undefined : new QueryProjection(core, model)));
    this.#reflections = this.own(
      () => reflections && new ReflectionTransform(core, reflections, model.seed, keptDims),
    );
    this.#projected = this.allocate((reflections?.dims ?? keptDims) * 4);
    this.#integers = this.allocate(keptDims * 2);
    const ranges = saqRanges(coded);
    const stages = saqStages(coded, ranges);
    this.#stageCount = stages.length;
    this.#rangeCount = ranges.length;
    this.#ranges = this.allocate(ranges.length * RANGE_RECORD_BYTES);
    writeRangeRecords(this.layout, ranges, model.shares, this.#ranges.u32());
    this.#stages = this.allocate(stages.length * STAGE_RECORD_BYTES);
    writeStageRecords(this.layout, ranges, stages, model.factorUnits, this.#stages.u32());
    this.#scratch = this.allocate(4096);
    this.#statistics = this.allocate(16 + 4 * stages.length);
    this.#context = this.allocate(CONTEXT_RECORD_BYTES);
    this.#context
      .u32()
      .set([
        this.layout.blockBytes,
        this.#ranges.at(),
        ranges.length,
        this.#stages.at(),
        stages.length,
        this.#projected.at(),
        this.#integers.at(),
        this.#scratch.at(),
        this.#statistics.at(),
      ]);
    this.#context.f32().set([this.#weight, model.shares[0] as number, DEFAULT_GAMMA], 9);
    this.graph = this.own(() => new SaqGraphEstimator(core, model, this.#context));
  }

  /**
   * Projects vectors (n × d) less the model's mean, in float32: n × keptDims values, fresh. The matrix lies in the core
   * for the call alone.
   */
  project(vectors: Float32Array): Float32Array {
    this.checkLive('estimator');
    const { d, projection } = this.model;
    const { keptDims } = this.layout;
    const { data, n } = shapedSet(vectors, d, 'vectors');
    const out = new Float32Array(n * keptDims);
    this.core.scope((scope) => {
      const matrix = scope.reserve(projection.byteLength);
      matrix.f32(0, projection.length).set(projection);
      const row = scope.reserve(4 * (this.#reflections?.dims ?? d));
      const projected = this.#reflections ? row : scope.reserve(4 * keptDims);
      for (let i = 0; i < n; i++) {
        this.#centre(data.subarray(i * d, (i + 1) * d), row);
        if (this.#reflections) this.#reflections.apply(row, 1);
        else this.core.kernels.dotF32Rows(row.at(), matrix.at(), keptDims, d, projected.at());
        out.set(projected.f32(0, keptDims), i * keptDims);
      }
    });
    return out;
  }

  /** Writes a vector (d values) less the mean to out, zeros behind it. */
  #centre(vector: Float32Array, out: Block): void {
    const { d, mean } = this.model;
    const values = out.f32();
    for (let i = 0; i < d; i++) values[i] = (vector[i] as number) - (mean[i] as number);
    values.fill(0, d);
  }

  /**
   * Sets the query (d values, unit length for cosine) of the following scans.
   * @throws RangeError on values that are not finite, and on lengths beyond 2^56
   */
  setQuery(query: Numbers, gamma: number = DEFAULT_GAMMA): void {
    this.checkLive('estimator');
    const values = toFloat32('query', query);
    checkLength('query', values.length, this.model.d, 'd');
    if (this.#reflections) {
      checkFinite('query', values);
      this.#centre(values, this.#projected);
      this.#reflections.apply(this.#projected, 1);
    } else this.#projection?.apply(values, this.#projected);
    this.#context.f32(44, 1)[0] = gamma;
    // inner products do not depend on the centroid: their terms are made once a query
    if (this.#weight === 1) this.core.kernels.segmentedQuery(this.#context.at(), NO_PTR);
  }

  /**
   * Scans n codes of one list into the heap.
   * centroid — its projection, keptDims f32 (NO_PTR: the origin of the projection); base — |q - c|² for l2, -<q, c> for
   * inner products; ids — u32[n].
   */
  scan(blocks: Ptr, n: number, centroid: Ptr, base: number, ids: Ptr, heap: ScanHeap): void {
    this.checkLive('estimator');
    const { scores, ids: heapIds, size, k } = heap;
    const list = [this.#context.at(), centroid, base, blocks, n, ids] as const;
    this.core.kernels.segmentedScan(...list, NO_PTR, false, k, scores, heapIds, size);
  }

  /** Scans the lists of a probe in one call; see ListProbe. Returns how many were visited. */
  search(probe: ListProbe, heap: ScanHeap): number {
    this.checkLive('estimator');
    const { lists, order, count, least, wanted, bases, centroids, allowed } = probe;
    const { scores, ids, size, k } = heap;
    const { keptDims } = this.layout;
    return this.core.kernels.segmentedSearch(
      this.#context.at(),
      lists,
      order,
      count,
      least,
      wanted,
      bases,
      centroids,
      keptDims,
      allowed,
      k,
      scores,
      ids,
      size,
    );
  }

  /** Stages of a scan: one a range of dims, then the bits below the eighth of what has more than 8. */
  get stageCount(): number {
    return this.#stageCount;
  }

  /**
   * Scores from the norms and the first `stages` stages (0: the norms alone, stageCount: everything), nothing given up:
   * out f32[n], overwritten. Returns the slack s of what is unread: at gamma = 1 the complete score is within s·|x - c|
   * of the partial one for a vector whose energy is spread as in training.
   * @throws RangeError on stages out of range
   */
  partialScores(stages: number, blocks: Ptr, n: number, centroid: Ptr, base: number, out: Ptr): number {
    this.checkLive('estimator');
    checkInteger('stages', stages, 0, this.#stageCount);
    const count = this.#context.u32(16, 1);
    count[0] = stages;
    this.scores(blocks, n, centroid, base, out);
    count[0] = this.#stageCount;
    if (stages === 0) return this.#context.f32(48, 1)[0] as number;
    const range = Math.min(stages, this.#rangeCount) - 1;
    const low = stages === this.#stageCount ? 0 : (this.#context.f32(60, 1)[0] as number);
    return low + (this.#ranges.f32(range * RANGE_RECORD_BYTES + 28, 1)[0] as number);
  }

  /** Every score of one list, nothing given up: out f32[n], overwritten. */
  scores(blocks: Ptr, n: number, centroid: Ptr, base: number, out: Ptr): void {
    this.checkLive('estimator');
    this.core.kernels.segmentedScores(this.#context.at(), centroid, base, blocks, n, out);
  }

  statistics(): ScanStatistics {
    this.checkLive('estimator');
    const [blocks = 0, inFull = 0] = this.#statistics.u32(0, 2);
    const atStage = [blocks, ...this.#statistics.u32(16, this.#stageCount)];
    const withCodes = atStage[1] ?? blocks;
    return {
      blocks,
      blocksEndedAtNorms: blocks - withCodes,
      blocksEndedEarly: withCodes - (atStage[this.#stageCount] as number),
      vectorsInFull: inFull,
      codeBitsRead: this.#statistics.f64(8, 1)[0] as number,
      blocksAtStage: atStage,
    };
  }

  resetStatistics(): void {
    this.checkLive('estimator');
    this.#statistics.u32().fill(0);
  }
}
