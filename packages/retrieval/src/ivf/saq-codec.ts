/** SAQ codes of residuals as list contents. */
import { type Block, type Core, Owner, type Ptr } from '@sagitta/core-wasm';
import {
  BLOCK,
  type BlockLayout,
  blockCount,
  SaqEncoder,
  SaqEstimator,
  type SaqModel,
  type SaqSegment,
  type ScanHeap,
  type ScanStatistics,
  saqDefect,
  writeSaqModel,
} from '@sagitta/quantizers';
import type { InvertedList, InvertedLists } from './inverted-lists.ts';
import type { ListCodec, Probe } from './list-codec.ts';

export class SaqCodec extends Owner implements ListCodec {
  readonly name = 'saq';
  readonly model: SaqModel;
  readonly hasLevels = false;
  readonly layout: BlockLayout;
  readonly bits: number;
  readonly plan: readonly SaqSegment[];
  readonly centroidDims: number;
  readonly #estimator: SaqEstimator;
  #encoder: SaqEncoder | undefined;

  constructor(core: Core, model: SaqModel) {
    super(core);
    this.model = model;
    this.#estimator = this.own(() => new SaqEstimator(core, model));
    const { layout } = this.#estimator;
    this.layout = layout.blocks;
    this.bits = model.bits;
    this.plan = model.plan;
    // inner products do not depend on the centroid
    this.centroidDims = model.metric === 'l2' ? layout.keptDims : 0;
  }

  projectCentroid(centroid: Float32Array): Float32Array {
    this.checkLive('codec');
    return this.#estimator.project(centroid);
  }

  write(vectors: Float32Array, centroid: Float32Array, target: Block, first: number): void {
    this.checkLive('codec');
    const { d } = this.model;
    this.#encoder ??= new SaqEncoder(this.core, this.model);
    const n = vectors.length / d;
    const lane = first % BLOCK;
    if (lane === 0) {
      this.#encoder.encode(vectors, target, (first / BLOCK) * this.layout.blockBytes, centroid);
      return;
    }
    // the list ends inside a block: code into scratch, then move vector by vector
    const encoder = this.#encoder;
    this.core.scope((scope) => {
      const scratch = scope.reserve(blockCount(n) * this.layout.blockBytes);
      encoder.encode(vectors, scratch, 0, centroid);
      this.layout.move(scratch, 0, target, first, n);
    });
  }

  get hasEncoder(): boolean {
    return this.#encoder !== undefined;
  }

  releaseEncoder(): void {
    this.#encoder?.dispose();
    this.#encoder = undefined;
  }

  setQuery(query: Float32Array, gamma: number): void {
    this.checkLive('codec');
    this.#estimator.setQuery(query, gamma);
  }
  scan(lists: InvertedLists, { order, count, bases, centroids }: Probe, heap: ScanHeap): void {
    this.checkLive('codec');
    this.#estimator.search(lists.records.at(), order.at(), count, bases.at(), centroids, heap);
  }
  scores(list: Pick<InvertedList, 'n' | 'blocks'>, centroid: Ptr, base: number, out: Block): void {
    this.checkLive('codec');
    this.#estimator.scores(list.blocks.at(), list.n, centroid, base, out.at());
  }

  statistics(): ScanStatistics {
    this.checkLive('codec');
    return this.#estimator.statistics();
  }
  resetStatistics(): void {
    this.checkLive('codec');
    this.#estimator.resetStatistics();
  }
  modelBytes(): Uint8Array {
    this.checkLive('codec');
    return writeSaqModel(this.model);
  }

  defect(blocks: Block, n: number): string | undefined {
    this.checkLive('codec');
    return saqDefect(this.model, blocks, n);
  }

  override dispose(): void {
    this.releaseEncoder();
    super.dispose();
  }
}
