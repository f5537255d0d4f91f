/** Plain float32 vectors as list contents: exact scores, 4·d bytes a vector. The centroid is not subtracted. */
import type { Block, Core, Metric, Ptr } from '@sagitta/core-wasm';
import type { ScanHeap, ScanStatistics } from '@sagitta/quantizers';
import type { InvertedList } from './inverted-lists.ts';
import type { ListCodec } from './list-codec.ts';

/** Vectors scored before they are offered to the heap. */
const CHUNK = 1024;

export class FloatCodec implements ListCodec {
  readonly name = 'none';
  readonly blockBytes: number;
  readonly bytesPerVector: number;
  readonly centroidDims = 0;
  readonly #core: Core;
  readonly #d: number;
  readonly #metric: Metric;
  readonly #query: Block;
  readonly #scores: Block;
  #blocks = 0;
  #vectors = 0;

  constructor(core: Core, d: number, metric: Metric) {
    this.#core = core;
    this.#d = d;
    this.#metric = metric;
    this.bytesPerVector = 4 * d;
    this.blockBytes = 32 * 4 * d;
    this.#query = core.allocate(d * 4);
    this.#scores = core.allocate(CHUNK * 4);
  }

  projectCentroid(): Float32Array {
    return new Float32Array(0);
  }

  write(vectors: Float32Array, _centroid: Float32Array, target: Block, first: number): void {
    target.f32(first * this.#d * 4, vectors.length).set(vectors);
  }

  setQuery(query: Float32Array): void {
    this.#query.f32(0, this.#d).set(query);
  }

  #score(list: InvertedList, first: number, count: number, out: Ptr): void {
    const { kernels } = this.#core;
    const rows = list.blocks.at(first * this.#d * 4);
    if (this.#metric === 'l2') kernels.l2F32Rows(this.#query.at(), rows, count, this.#d, out);
    else kernels.dotF32Rows(this.#query.at(), rows, count, this.#d, out);
  }

  scan(list: InvertedList, _centroid: Ptr, _base: number, heap: ScanHeap): void {
    const { kernels } = this.#core;
    for (let first = 0; first < list.n; first += CHUNK) {
      const count = Math.min(CHUNK, list.n - first);
      this.#score(list, first, count, this.#scores.at());
      if (this.#metric !== 'l2') {
        const scores = this.#scores.f32(0, count);
        for (let i = 0; i < count; i++) scores[i] = -(scores[i] as number);
      }
      kernels.topKPushF32(
        this.#scores.at(),
        list.ids.at(first * 4),
        count,
        0,
        heap.k,
        heap.scores,
        heap.ids,
        heap.size,
      );
    }
    this.#blocks += Math.ceil(list.n / 32);
    this.#vectors += list.n;
  }

  scores(list: InvertedList, _centroid: Ptr, _base: number, out: Ptr): void {
    // ip: negated by the caller's convention, smaller is better
    this.#score(list, 0, list.n, out);
    if (this.#metric !== 'l2') throw new RangeError('"metric" expected l2 for exact list scores');
  }

  statistics(): ScanStatistics {
    return {
      blocks: this.#blocks,
      blocksEndedAtNorms: 0,
      blocksEndedEarly: 0,
      vectorsInFull: this.#vectors,
      codeBitsRead: this.#vectors * this.bytesPerVector * 8,
    };
  }
  resetStatistics(): void {
    this.#blocks = 0;
    this.#vectors = 0;
  }
  modelBytes(): Uint8Array {
    return new Uint8Array(0);
  }
  dispose(): void {
    this.#query.dispose();
    this.#scores.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
