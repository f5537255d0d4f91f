/**
 * Codes of vectors in lists by nearest centroid: puts residuals into lists, and scans lists for a query, nearest list first
 * so that the worst kept score is tight early. Rows are numbered in the order they came in.
 *
 * Under a filter as many vectors are scored as without one: lists are visited until so many allowed rows were met. Where few
 * rows are allowed, those are scored one by one.
 */
import {
  type Block,
  type Core,
  littleEndianBytes,
  type Metric,
  type MetricQuery,
  NO_PTR,
  Owner,
  type Ptr,
  type Scope,
  type VectorSet,
} from '@sagitta/core-wasm';
import { assignToNearest, blockCount } from '@sagitta/quantizers';
import { DEFAULT_GAMMA } from '@sagitta/quantizers/internal';
import type { Compaction } from '../columns/compaction.ts';
import { BLOCK, InvertedLists, type ListPiece } from '../columns/inverted-lists.ts';
import type { ListScan, Probe } from '../columns/list-scan.ts';
import type { Prepared, RouteOptions, SavedSection, SlotIndex } from '../columns/slot-index.ts';
import { ResultHeap } from '../search/result-heap.ts';
import { type AllowedRows, listSlots } from '../search/slot-set.ts';
import { CoarseCentroids } from './coarse-centroids.ts';
import { groupRows } from './group-rows.ts';
import { ListPlaces } from './list-places.ts';

/** Scoring a row by itself takes about as long as looking at the ids of so many others. */
const FEW_SHARE = 2000;
/** Rows that are scored at once. */
const FEW_RUN = 4096;

/** A query on its way through the lists. */
export interface ListPrepared extends Prepared, Probe {
  readonly bases: Block;
  /** Rows to be scored one by one, instead of a scan. */
  readonly few: Uint32Array | undefined;
}

export class CodeLists extends Owner implements SlotIndex {
  readonly kind = 'lists';
  readonly metric: Metric;
  readonly d: number;
  readonly nlist: number;
  /** nlist × d. */
  readonly centroids: Float32Array;
  readonly codec: ListScan;
  readonly lists: InvertedLists;
  readonly #coarse: CoarseCentroids;
  readonly #projected: Block;
  /** Made when it is first wanted, and again after rows have changed. */
  #places: ListPlaces | undefined;

  /** codec, lists — its own from now on. */
  constructor(
    core: Core,
    parts: {
      readonly metric: Metric;
      readonly centroids: Float32Array;
      readonly codec: ListScan;
      readonly lists?: InvertedLists | undefined;
    },
  ) {
    super(core);
    const { metric, centroids, codec } = parts;
    const { d } = codec.quantizer;
    this.metric = metric;
    this.d = d;
    this.centroids = centroids;
    this.nlist = centroids.length / d;
    this.codec = this.own(() => codec);
    this.lists = this.own(() => parts.lists ?? new InvertedLists(core, this.nlist, codec.layout));
    this.#coarse = this.own(() => new CoarseCentroids(core, metric, centroids, d));
    this.#projected = this.own(() => codec.project(centroids));
  }

  #centroid(list: number): Float32Array {
    return this.centroids.subarray(list * this.d, (list + 1) * this.d);
  }

  #projectedAt(list: number): Ptr {
    const { centroidDims } = this.codec;
    return centroidDims === 0 ? NO_PTR : this.#projected.at(list * centroidDims * 4);
  }

  get bytesPerVector(): number {
    return this.codec.layout.bytesPerVector + 4;
  }

  sections(): SavedSection[] {
    return [
      { id: 'SIZE', pieces: [littleEndianBytes(this.lists.sizes())] },
      { id: 'IDS', pieces: [...this.lists.idPieces()] },
      { id: 'CODE', pieces: [...this.lists.codePieces()] },
    ];
  }

  /** Codes rows first…, which do not count until publish(). On an error none is staged. */
  stage(rows: VectorSet, first: number): void {
    const { n, data } = rows;
    const assigned =
      this.nlist === 1 ? new Uint32Array(n) : assignToNearest(this.core, rows, this.centroids).ids;
    const { counts, starts, order } = groupRows(assigned, this.nlist);
    this.codec.writing(() =>
      this.lists.stage(counts, ({ list, offset, count, piece, first: position }) => {
        const start = (starts[list] as number) + offset;
        const members = order.subarray(start, start + count);
        const gathered = new Float32Array(count * this.d);
        const ids = piece.ids.u32(position * 4, count);
        for (const [i, row] of members.entries()) {
          gathered.set(data.subarray(row * this.d, (row + 1) * this.d), i * this.d);
          ids[i] = first + row;
        }
        this.codec.write(gathered, this.#centroid(list), piece.blocks, position);
      }),
    );
  }

  publish(): void {
    this.lists.publish();
    this.#places = undefined;
  }
  withdraw(): void {
    this.lists.withdraw();
  }
  releaseEncoders(): void {
    this.codec.releaseEncoder();
  }

  /** See InvertedLists.compaction. */
  compaction(numbers: Uint32Array): Compaction {
    const ready = this.lists.compaction(numbers);
    return {
      commit: () => {
        ready.commit();
        this.#places = undefined;
      },
      [Symbol.dispose]: () => ready[Symbol.dispose](),
    };
  }

  /** Puts the query into scratch of the core and chooses the lists to visit. n — rows there are. */
  prepare(scope: Scope, { values: query }: MetricQuery, n: number, options: RouteOptions): ListPrepared {
    const { nprobe, count: size, gamma, isCoarse, allowed } = options;
    const found = new ResultHeap(this.core, scope, Math.min(size, Math.max(1, n)));
    const most = allowed ? this.nlist : nprobe;
    const probed = new ResultHeap(this.core, scope, most);
    const place = scope.reserve(4 * this.d);
    const bases = scope.reserve(4 * this.nlist);
    place.f32(0, this.d).set(query);
    this.#coarse.choose(scope, place, bases, probed, most, allowed !== undefined);
    const count = probed.sort();
    const isFilter = allowed !== undefined && !allowed.isLive;
    const words = allowed && scope.reserve(4 * allowed.words.length);
    words?.u32().set((allowed as AllowedRows).words);
    this.codec.setQuery(query, gamma, isCoarse);
    return {
      query: place,
      found,
      order: probed.block,
      count,
      least: Math.min(count, nprobe),
      wanted: isFilter ? Math.max(size, Math.ceil((nprobe * n) / this.nlist)) : 0,
      bases,
      centroids: this.#projectedAt(0),
      allowed: words,
      few: isFilter && allowed.count * FEW_SHARE < n ? listSlots(allowed.words) : undefined,
    };
  }

  /** Finds the best rows; returns how many lists were visited. */
  scan(prepared: ListPrepared, n: number): number {
    return prepared.few
      ? this.#scanFew(prepared, prepared.few, n)
      : this.codec.scan(this.lists, prepared, prepared.found);
  }

  /** scan of one list, or a run of its blocks, that lies elsewhere. */
  scanPiece(prepared: ListPrepared, order: Block, list: number, piece: ListPiece): void {
    order.u32(0, 1)[0] = list;
    this.lists.lend(list, piece, () =>
      this.codec.scan(this.lists, { ...prepared, order, count: 1, least: 1 }, prepared.found),
    );
  }

  /** Scores rows one by one, wherever their lists are. */
  #scanFew({ bases, found }: ListPrepared, rows: Uint32Array, n: number): number {
    const { k, scores, ids: heapIds, size } = found.heap;
    const { codec, core } = this;
    const { blockBytes } = codec.layout;
    const lists = new Set<number>();
    const most = Math.min(rows.length, FEW_RUN);
    core.scope((scope) => {
      const blocks = scope.reserve(blockCount(most) * blockBytes);
      const ids = scope.reserve(4 * most);
      const out = scope.reserve(4 * BLOCK * blockCount(most));
      for (const { list, run } of this.#runs(rows, n)) {
        const chosen = run.map((at) => rows[at] as number);
        this.#gather(blocks, chosen, n);
        ids.u32(0, run.length).set(chosen);
        const base = bases.f32(4 * list, 1)[0] as number;
        codec.scores(blocks.at(), run.length, this.#projectedAt(list), base, out.at());
        core.kernels.topKPushF32(out.at(), ids.at(), run.length, 0, k, scores, heapIds, size);
        lists.add(list);
      }
    });
    return lists.size;
  }

  /** Positions in rows, list by list and at most FEW_RUN at a time. */
  *#runs(rows: Uint32Array, n: number): Generator<{ readonly list: number; readonly run: Uint32Array }> {
    const places = this.#placesOf(n);
    const listAt = (at: number): number => places.listOf(rows[at] as number);
    const order = Uint32Array.from(rows, (_, at) => at).sort((a, b) => listAt(a) - listAt(b) || a - b);
    for (let first = 0; first < order.length; ) {
      const list = listAt(order[first] as number);
      const limit = Math.min(order.length, first + FEW_RUN);
      let end = first + 1;
      while (end < limit && listAt(order[end] as number) === list) end++;
      yield { list, run: order.subarray(first, end) };
      first = end;
    }
  }

  #placesOf(n: number): ListPlaces {
    this.#places ??= new ListPlaces(this.lists, n);
    return this.#places;
  }

  /** Puts the codes of rows, in that order, into the places 0… of blocks. */
  #gather(blocks: Block, rows: Uint32Array, n: number): Block {
    const { layout } = this.codec;
    const places = this.#placesOf(n);
    for (const [i, row] of rows.entries()) {
      const from = this.lists.locate(places.listOf(row), places.positionOf(row));
      layout.move(from.blocks, from.position, blocks, i);
    }
    return blocks;
  }

  /** Scratch for the codes of so many vectors. */
  #room(scope: Scope, count: number): Block {
    return scope.reserve(blockCount(count) * this.codec.layout.blockBytes);
  }

  /** Scores of rows by all levels of their codes, smaller is better. bases — of the query's probe. */
  levelScores(query: Float32Array, bases: Block, rows: Uint32Array, n: number): Float32Array {
    const { codec } = this;
    codec.setQuery(query, DEFAULT_GAMMA);
    return this.core.scope((scope) => {
      const out = scope.reserve(4 * BLOCK * blockCount(rows.length));
      // such codes need no projected centroid, and the score of each one's own is added here
      const blocks = this.#gather(this.#room(scope, rows.length), rows, n);
      codec.scores(blocks.at(), rows.length, NO_PTR, 0, out.at());
      const own = bases.f32();
      const places = this.#placesOf(n);
      return out
        .f32(0, rows.length)
        .map((score, i) => score + (own[places.listOf(rows[i] as number)] as number));
    });
  }

  /** The estimated score of every row of the probed lists, in list order. */
  estimates({ order, count, bases }: ListPrepared): { ids: Uint32Array; scores: Float32Array } {
    const visited = [...order.u32(0, count)];
    const total = visited.reduce((sum, list) => sum + this.lists.size(list), 0);
    const ids = new Uint32Array(total);
    const scores = new Float32Array(total);
    let at = 0;
    for (const list of visited) {
      const base = bases.f32(4 * list, 1)[0] as number;
      for (const piece of this.lists.pieces(list)) {
        this.core.scope((scope) => {
          const out = scope.reserve(4 * BLOCK * blockCount(piece.n));
          this.codec.scores(piece.blocks.at(), piece.n, this.#projectedAt(list), base, out.at());
          scores.set(out.f32(0, piece.n), at);
        });
        ids.set(piece.ids.u32(0, piece.n), at);
        at += piece.n;
      }
    }
    return { ids, scores };
  }

  /** Of the core's memory: lists and centroids. */
  bytesUsed(): number {
    return this.lists.bytesUsed() + this.#coarse.bytesUsed() + this.#projected.byteLength;
  }

  /** |x - x̂|² on average over vectors that need not be in the lists, x̂ what the code of x stands for. */
  codingError(vectors: VectorSet): number {
    const { core, d, codec } = this;
    const { n, data } = vectors;
    // float32 loses nothing
    if (n === 0 || codec.name === 'float32') return 0;
    const assigned =
      this.nlist === 1 ? new Uint32Array(n) : assignToNearest(core, vectors, this.centroids).ids;
    const residuals = core.scope((scope) => {
      const blocks = scope.reserve(blockCount(n) * codec.layout.blockBytes);
      for (const [i, list] of assigned.entries()) {
        codec.write(data.slice(i * d, (i + 1) * d), this.#centroid(list), blocks, i);
      }
      return codec.quantizer.decode(core, blocks, n, new Float32Array(d));
    });
    let lost = 0;
    for (const [i, list] of assigned.entries()) {
      const centroid = this.#centroid(list);
      for (let j = 0; j < d; j++) {
        const decoded = (residuals[i * d + j] as number) + (centroid[j] as number);
        lost += ((data[i * d + j] as number) - decoded) ** 2;
      }
    }
    codec.releaseEncoder();
    return lost / n;
  }

  /** What the codes of rows stand for, rows.length × d, in that order. */
  decode(rows: Uint32Array, n: number): Float32Array {
    const { d, core, codec } = this;
    const out = new Float32Array(rows.length * d);
    for (const { list, run } of this.#runs(rows, n)) {
      core.scope((scope) => {
        const chosen = run.map((at) => rows[at] as number);
        const blocks = this.#gather(this.#room(scope, run.length), chosen, n);
        const decoded = codec.quantizer.decode(core, blocks, run.length, this.#centroid(list));
        for (const [i, at] of run.entries()) out.set(decoded.subarray(i * d, (i + 1) * d), at * d);
      });
    }
    return out;
  }
}
