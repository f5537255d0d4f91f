/**
 * Lists of codes of any quantizer: writes residuals into blocks, prepares a query, scans lists into a heap. Where the
 * quantizer has no search of its own, lists are scored run by run and then offered to the heap.
 */
import { type Block, ByteWriter, type Core, NO_PTR, Owner, type Ptr } from '@sagitta/core-wasm';
import {
  blockCount,
  type Encoder,
  type Estimator,
  type Quantizer,
  type QuantizerName,
  type SaqSegment,
} from '@sagitta/quantizers';
import {
  BLOCK,
  type BlockLayout,
  type GraphEstimator,
  type ListProbe,
  type ScanHeap,
  type ScanStatistics,
} from '@sagitta/quantizers/internal';
import type { ResultHeap } from '../search/result-heap.ts';
import type { InvertedLists, ListPiece } from './inverted-lists.ts';

/** Blocks scored before they are offered to the heap. */
const RUN_BLOCKS = 64;

/** The lists of a search. See ListProbe for what each part means. */
export interface Probe extends Omit<ListProbe, 'lists' | 'order' | 'bases' | 'allowed'> {
  readonly order: Block;
  readonly bases: Block;
  /** Bit set over ids; undefined where all are allowed. */
  readonly allowed: Block | undefined;
}

/** Where the codes of a list are centred: the exact score, and the centroid as scores want it. */
interface ListOrigin {
  readonly base: number;
  readonly centroid: Ptr;
}

export class ListScan extends Owner {
  readonly quantizer: Quantizer;
  /** Numbers of a projected centroid. */
  readonly centroidDims: number;
  readonly #estimator: Estimator;
  /** Reads the first level only, where there are two. */
  readonly #coarse: Estimator | undefined;
  /** The one that has the query. */
  #current: Estimator;
  /** f32 of a run, then its masks. */
  readonly #run: Block;
  #encoder: Encoder | undefined;
  #blocks = 0;
  #vectors = 0;

  constructor(core: Core, quantizer: Quantizer) {
    super(core);
    this.quantizer = quantizer;
    this.#estimator = this.own(() => quantizer.createEstimator(core));
    if (quantizer.hasLevels) {
      this.#coarse = this.own(() => quantizer.createEstimator(core, { isCoarse: true }));
    }
    this.#current = this.#estimator;
    this.centroidDims = this.#estimator.centroidDims;
    this.#run = this.allocate(this.#estimator.search ? 0 : RUN_BLOCKS * (4 * BLOCK + 4));
  }

  get name(): QuantizerName {
    return this.quantizer.name;
  }
  /** The regions of a block; ids lie elsewhere. */
  get layout(): BlockLayout {
    return this.quantizer.layout;
  }
  /** Average bits a dimension. */
  get bits(): number {
    return this.quantizer.bits;
  }
  /** Empty where dims are not coded in segments. */
  get plan(): readonly SaqSegment[] {
    return this.quantizer.plan;
  }
  /** There are finer levels of codes that setQuery can leave unread. */
  get hasLevels(): boolean {
    return this.quantizer.hasLevels;
  }

  /** Centroids (n × d) as scans want them, n × centroidDims values, in a block that is the caller's. */
  project(centroids: Float32Array): Block {
    this.checkLive('codec');
    const projected = this.centroidDims === 0 ? new Float32Array() : this.#estimator.project(centroids);
    const block = this.core.allocate(projected.byteLength);
    block.f32(0, projected.length).set(projected);
    return block;
  }

  /** Writes vectors (n × d) less their centroid to positions first…first + n - 1 of blocks. */
  write(vectors: Float32Array, centroid: Float32Array, target: Block, first: number): void {
    this.checkLive('codec');
    this.#encoder ??= this.quantizer.createEncoder(this.core);
    this.#encoder.encode(vectors, centroid, target, first);
  }

  /** Runs a change that writes codes. Where it fails, nothing stays behind that only its writing needed. */
  writing(change: () => void): void {
    this.checkLive('codec');
    const hadEncoder = this.#encoder !== undefined;
    try {
      change();
    } catch (error) {
      if (!hadEncoder) this.releaseEncoder();
      throw error;
    }
  }

  /** Frees what only writing needs; the next write makes it anew. */
  releaseEncoder(): void {
    this.#encoder?.[Symbol.dispose]();
    this.#encoder = undefined;
  }

  /** isCoarse — leaves finer levels unread in what follows, until the next query. */
  setQuery(query: Float32Array, gamma: number, isCoarse = false): void {
    this.checkLive('codec');
    this.#current = (isCoarse ? this.#coarse : undefined) ?? this.#estimator;
    this.#current.setQuery(query, gamma);
  }

  /** Scans lists into the heap; returns how many were visited. See ListProbe. */
  scan(lists: InvertedLists, probe: Probe, found: ResultHeap): number {
    this.checkLive('codec');
    if (!this.#current.search) return this.#scan(lists, probe, found);
    const { order, count, least, wanted, bases, centroids, allowed } = probe;
    const route: ListProbe = {
      lists: lists.records.at(),
      order: order.at(),
      count,
      least,
      wanted,
      bases: bases.at(),
      centroids,
      allowed: allowed?.at() ?? NO_PTR,
    };
    return this.#current.search(route, found.heap);
  }

  /** Searches graphs for the query that is set, where codes are made for that. */
  get graph(): GraphEstimator | undefined {
    this.checkLive('codec');
    return this.#current.graph;
  }

  /** What a search kernel does, run by run. */
  #scan(lists: InvertedLists, probe: Probe, found: ResultHeap): number {
    const { order, count, least, wanted, bases } = probe;
    let met = 0;
    let places = 0;
    for (let i = 0; i < count; i++) {
      const list = order.u32(4 * i, 1)[0] as number;
      if (i >= least) {
        const isEnough = wanted > 0 ? met >= wanted : found.size >= Math.min(places, found.heap.k);
        if (isEnough) return i;
      } else places += lists.size(list);
      const origin = {
        base: bases.f32(4 * list, 1)[0] as number,
        centroid:
          this.centroidDims === 0 ? NO_PTR : ((probe.centroids + 4 * list * this.centroidDims) as Ptr),
      };
      for (const piece of lists.pieces(list)) met += this.#scanPiece(piece, origin, probe, found.heap);
    }
    return count;
  }

  /** Returns how many vectors were allowed. */
  #scanPiece({ n, blocks, ids }: ListPiece, origin: ListOrigin, { allowed }: Probe, heap: ScanHeap): number {
    const { kernels } = this.core;
    const { blockBytes } = this.layout;
    const masks = this.#run.at(RUN_BLOCKS * BLOCK * 4);
    let met = 0;
    for (let first = 0; first < n; first += RUN_BLOCKS * BLOCK) {
      const count = Math.min(RUN_BLOCKS * BLOCK, n - first);
      const idsAt = ids.at(4 * first);
      const some = allowed ? kernels.allowedMasks(idsAt, count, allowed.at(), masks) : count;
      met += some;
      if (some === 0) continue;
      const scores = this.#run.at();
      if (some < count / 8) this.#scoreBlocks(blocks, first, count, origin);
      else {
        const codes = blocks.at((first / BLOCK) * blockBytes);
        this.#current.scores(codes, count, origin.centroid, origin.base, scores);
        this.#count(count);
      }
      if (some < count) kernels.maskScores(scores, count, masks);
      kernels.topKPushF32(scores, idsAt, count, 0, heap.k, heap.scores, heap.ids, heap.size);
    }
    return met;
  }

  /** Scores those blocks of a run of which something is allowed. */
  #scoreBlocks(blocks: Block, first: number, count: number, { centroid, base }: ListOrigin): void {
    const { blockBytes } = this.layout;
    const masks = this.#run.u32(RUN_BLOCKS * BLOCK * 4, blockCount(count));
    for (const [b, mask] of masks.entries()) {
      if (mask === 0) continue;
      const n = Math.min(BLOCK, count - b * BLOCK);
      const codes = blocks.at((first / BLOCK + b) * blockBytes);
      this.#current.scores(codes, n, centroid, base, this.#run.at(4 * BLOCK * b));
      this.#count(n);
    }
  }

  #count(vectors: number): void {
    this.#blocks += blockCount(vectors);
    this.#vectors += vectors;
  }

  /** Every score of n codes, smaller is better: out f32[⌈n/32⌉ × 32], of which n are meant. */
  scores(blocks: Ptr, n: number, centroid: Ptr, base: number, out: Ptr): void {
    this.checkLive('codec');
    this.#current.scores(blocks, n, centroid, base, out);
  }

  statistics(): ScanStatistics {
    this.checkLive('codec');
    const own = this.#estimator.statistics?.();
    if (own) return own;
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
    this.#estimator.resetStatistics?.();
    this.#blocks = 0;
    this.#vectors = 0;
  }

  /** The model's bytes for saving; empty if there is none. */
  modelBytes(): Uint8Array {
    this.checkLive('codec');
    const writer = new ByteWriter();
    this.quantizer.write(writer);
    return writer.finish();
  }

  /** What is wrong with the blocks of n vectors that were read from a file, or undefined. */
  defect(blocks: Block, n: number): string | undefined {
    this.checkLive('codec');
    return this.quantizer.defect(blocks, n);
  }

  override dispose(): void {
    this.releaseEncoder();
    super.dispose();
  }
}
