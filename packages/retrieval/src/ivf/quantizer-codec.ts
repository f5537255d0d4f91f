/** Codes of any quantizer of the family as list contents: lists are scored whole, then offered to the heap. */
import { type Block, type Core, Owner, type Ptr } from '@sagitta/core-wasm';
import {
  BLOCK,
  type BlockLayout,
  type LinearQuantizer,
  type QuantizerEncoder,
  type QueryEstimator,
  type SaqSegment,
  type ScanHeap,
  type ScanStatistics,
  writeQuantizer,
} from '@sagitta/quantizers';
import type { InvertedList, InvertedLists } from './inverted-lists.ts';
import type { IndexQuantizer, ListCodec, Probe } from './list-codec.ts';

/** Blocks scored before they are offered to the heap. */
const CHUNK_BLOCKS = 64;

export class QuantizerCodec extends Owner implements ListCodec {
  readonly name: IndexQuantizer;
  readonly quantizer: LinearQuantizer;
  readonly hasLevels: boolean;
  readonly layout: BlockLayout;
  readonly bits: number;
  readonly plan: readonly SaqSegment[] = [];
  readonly centroidDims = 0;
  readonly #estimator: QueryEstimator;
  /** Reads the first level only, where there are two. */
  readonly #coarse: QueryEstimator | undefined;
  /** The one that has the query. */
  #current: QueryEstimator;
  readonly #scores: Block;
  #encoder: QuantizerEncoder | undefined;
  #blocks = 0;
  #vectors = 0;

  constructor(core: Core, quantizer: LinearQuantizer) {
    super(core);
    this.quantizer = quantizer;
    this.name = quantizer.name;
    this.layout = quantizer.layout.blocks;
    this.bits = quantizer.bits;
    this.hasLevels = quantizer.hasLevels;
    this.#estimator = this.own(() => quantizer.createEstimator(core));
    if (this.hasLevels) this.#coarse = this.own(() => quantizer.createEstimator(core, { isCoarse: true }));
    this.#current = this.#estimator;
    this.#scores = this.allocate(CHUNK_BLOCKS * BLOCK * 4);
  }

  projectCentroid(): Float32Array {
    this.checkLive('codec');
    return new Float32Array(0);
  }

  write(vectors: Float32Array, centroid: Float32Array, target: Block, first: number): void {
    this.checkLive('codec');
    this.#encoder ??= this.quantizer.createEncoder(this.core);
    this.#encoder.encode(vectors, centroid, target, first);
  }

  get hasEncoder(): boolean {
    return this.#encoder !== undefined;
  }

  releaseEncoder(): void {
    this.#encoder?.[Symbol.dispose]();
    this.#encoder = undefined;
  }

  setQuery(query: Float32Array, _gamma?: number, isCoarse = false): void {
    this.checkLive('codec');
    this.#current = (isCoarse ? this.#coarse : undefined) ?? this.#estimator;
    this.#current.setQuery(query);
  }

  scan(lists: InvertedLists, { order, count, bases }: Probe, heap: ScanHeap): void {
    this.checkLive('codec');
    const { kernels } = this.core;
    for (const number of order.u32(0, count)) {
      const list = lists.get(number);
      if (!list) continue;
      const base = bases.f32(4 * number, 1)[0] as number;
      for (let first = 0; first < list.n; first += CHUNK_BLOCKS * BLOCK) {
        const n = Math.min(CHUNK_BLOCKS * BLOCK, list.n - first);
        const out = this.#scores.at();
        this.#current.scores(list.blocks.at((first / BLOCK) * this.layout.blockBytes), n, base, out);
        kernels.topKPushF32(out, list.ids.at(4 * first), n, 0, heap.k, heap.scores, heap.ids, heap.size);
      }
      this.#blocks += Math.ceil(list.n / BLOCK);
      this.#vectors += list.n;
    }
  }

  scores(list: Pick<InvertedList, 'n' | 'blocks'>, _centroid: Ptr, base: number, out: Block): void {
    this.checkLive('codec');
    // whole blocks are written, out holds n values
    this.core.scope((scope) => {
      const whole = scope.reserve(Math.ceil(list.n / BLOCK) * BLOCK * 4);
      this.#current.scores(list.blocks.at(), list.n, base, whole.at());
      out.f32(0, list.n).set(whole.f32(0, list.n));
    });
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
    return writeQuantizer(this.quantizer);
  }
  defect(blocks: Block, n: number): string | undefined {
    this.checkLive('codec');
    return this.quantizer.defect(blocks, n);
  }

  override dispose(): void {
    this.releaseEncoder();
    super.dispose();
  }
}
