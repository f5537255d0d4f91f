/** Plain float32 vectors as list contents: exact scores, 4·d bytes a vector. The centroid is not subtracted. */
import {
  type Block,
  type Core,
  longestStored,
  type Metric,
  Owner,
  type Ptr,
  rowsDefect,
} from '@sagitta/core-wasm';
import { BlockLayout, type SaqSegment, type ScanHeap, type ScanStatistics } from '@sagitta/quantizers';
import { BLOCK, type InvertedList, type InvertedLists } from './inverted-lists.ts';
import type { ListCodec, Probe } from './list-codec.ts';

/** What is scanned of a list. */
export type ListBlocks = Pick<InvertedList, 'n' | 'blocks'>;

/** Vectors scored before they are offered to the heap. */
const CHUNK = 1024;

export class FloatCodec extends Owner implements ListCodec {
  readonly name = 'none';
  readonly hasLevels = false;
  readonly hasEncoder = false;
  readonly layout: BlockLayout;
  readonly bits = 32;
  readonly plan: readonly SaqSegment[] = [];
  readonly centroidDims = 0;
  readonly #d: number;
  readonly #metric: Metric;
  readonly #query: Block;
  readonly #scores: Block;
  #blocks = 0;
  #vectors = 0;

  constructor(core: Core, d: number, metric: Metric) {
    super(core);
    this.#d = d;
    this.#metric = metric;
    this.layout = new BlockLayout([{ kind: 'rows', bytesPerVector: 4 * d }]);
    this.#query = this.allocate(d * 4);
    this.#scores = this.allocate(CHUNK * 4);
  }

  projectCentroid(): Float32Array {
    this.checkLive('codec');
    return new Float32Array(0);
  }

  write(vectors: Float32Array, _centroid: Float32Array, target: Block, first: number): void {
    this.checkLive('codec');
    target.f32(first * this.#d * 4, vectors.length).set(vectors);
  }
  releaseEncoder(): void {}

  setQuery(query: Float32Array): void {
    this.checkLive('codec');
    this.#query.f32(0, this.#d).set(query);
  }

  /** Smaller is better: inner products are negated. out holds count values and belongs to a block. */
  #score(list: ListBlocks, first: number, count: number, out: Ptr, values: () => Float32Array): void {
    const { kernels } = this.core;
    const rows = list.blocks.at(first * this.#d * 4);
    if (this.#metric === 'l2') {
      kernels.l2F32Rows(this.#query.at(), rows, count, this.#d, out);
      return;
    }
    kernels.dotF32Rows(this.#query.at(), rows, count, this.#d, out);
    const scores = values();
    for (let i = 0; i < count; i++) scores[i] = -(scores[i] as number);
  }

  scan(lists: InvertedLists, { order, count }: Probe, heap: ScanHeap): void {
    this.checkLive('codec');
    for (const number of order.u32(0, count)) {
      const list = lists.get(number);
      if (!list) continue;
      for (let first = 0; first < list.n; first += CHUNK) {
        const chunk = Math.min(CHUNK, list.n - first);
        const scores = this.#scores.at();
        this.#score(list, first, chunk, scores, () => this.#scores.f32(0, chunk));
        const ids = list.ids.at(first * 4);
        this.core.kernels.topKPushF32(scores, ids, chunk, 0, heap.k, heap.scores, heap.ids, heap.size);
      }
      this.#blocks += Math.ceil(list.n / BLOCK);
      this.#vectors += list.n;
    }
  }

  scores(list: ListBlocks, _centroid: Ptr, _base: number, out: Block): void {
    this.checkLive('codec');
    this.#score(list, 0, list.n, out.at(), () => out.f32(0, list.n));
  }

  statistics(): ScanStatistics {
    this.checkLive('codec');
    return {
      blocks: this.#blocks,
      blocksEndedAtNorms: 0,
      blocksEndedEarly: 0,
      vectorsInFull: this.#vectors,
      codeBitsRead: this.#vectors * this.layout.bytesPerVector * 8,
      blocksAtStage: [this.#blocks],
    };
  }
  resetStatistics(): void {
    this.checkLive('codec');
    this.#blocks = 0;
    this.#vectors = 0;
  }
  modelBytes(): Uint8Array {
    this.checkLive('codec');
    return new Uint8Array(0);
  }

  defect(blocks: Block, n: number): string | undefined {
    this.checkLive('codec');
    return rowsDefect('vectors', blocks.f32(0, n * this.#d), this.#d, longestStored(this.#metric));
  }
}
