/** SAQ codes of residuals as list contents. */
import { type Block, type Core, NO_PTR, type Ptr } from '@sagitta/core-wasm';
import {
  BLOCK,
  blockCount,
  SaqEncoder,
  SaqEstimator,
  type SaqModel,
  type ScanHeap,
  type ScanStatistics,
  writeSaqModel,
} from '@sagitta/quantizers';
import type { InvertedList } from './inverted-lists.ts';
import type { ListCodec } from './list-codec.ts';

export class SaqCodec implements ListCodec {
  readonly name = 'saq';
  readonly model: SaqModel;
  readonly blockBytes: number;
  readonly bytesPerVector: number;
  readonly centroidDims: number;
  readonly #core: Core;
  readonly #estimator: SaqEstimator;
  #encoder: SaqEncoder | undefined;

  constructor(core: Core, model: SaqModel) {
    this.#core = core;
    this.model = model;
    this.#estimator = new SaqEstimator(core, model);
    const { layout } = this.#estimator;
    this.blockBytes = layout.blockBytes;
    this.bytesPerVector = layout.bytesPerVector;
    this.centroidDims = layout.keptDims;
  }

  projectCentroid(centroid: Float32Array): Float32Array {
    return this.#estimator.project(centroid);
  }

  write(vectors: Float32Array, centroid: Float32Array, target: Block, first: number): void {
    const { d } = this.model;
    this.#encoder ??= new SaqEncoder(this.#core, this.model);
    const residuals = new Float32Array(vectors.length);
    for (let i = 0; i < vectors.length; i += d) {
      for (let j = 0; j < d; j++) residuals[i + j] = (vectors[i + j] as number) - (centroid[j] as number);
    }
    const n = vectors.length / d;
    const lane = first % BLOCK;
    if (lane === 0) {
      this.#encoder.encode(residuals, target, (first / BLOCK) * this.blockBytes);
      return;
    }
    // the list ends inside a block: code into scratch, then move vector by vector
    const encoder = this.#encoder;
    this.#core.scope((scope) => {
      const scratch = scope.reserve(blockCount(n) * this.blockBytes);
      encoder.encode(residuals, scratch);
      encoder.move(scratch, 0, n, target, first);
    });
  }

  /** Frees what only encoding needs. */
  releaseEncoder(): void {
    this.#encoder?.dispose();
    this.#encoder = undefined;
  }

  setQuery(query: Float32Array, gamma: number): void {
    this.#estimator.setQuery(query, gamma);
  }
  scan(list: InvertedList, centroid: Ptr, base: number, heap: ScanHeap): void {
    this.#estimator.scan(list.blocks.at(), list.n, centroid, base, list.ids.at(), heap);
  }
  scores(list: InvertedList, centroid: Ptr, base: number, out: Ptr): void {
    this.#estimator.scores(list.blocks.at(), list.n, centroid ?? NO_PTR, base, out);
  }
  statistics(): ScanStatistics {
    return this.#estimator.statistics();
  }
  resetStatistics(): void {
    this.#estimator.resetStatistics();
  }
  modelBytes(): Uint8Array {
    return writeSaqModel(this.model);
  }
  dispose(): void {
    this.releaseEncoder();
    this.#estimator.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
