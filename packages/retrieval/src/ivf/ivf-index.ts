/**
 * The inverted file: vectors in lists by nearest centroid, codes of their residuals scanned list by list, nearest list
 * first so that the worst kept score is tight early. A flat index is one list whose centroid is the origin.
 *
 * Scores come from codes alone unless a rerank is asked for: then `rerank.candidates` ids are fetched and scored
 * exactly. Ties go to the lower id.
 */
import {
  type Block,
  type Core,
  checkFinite,
  checkFloat32,
  checkInteger,
  checkNumber,
  type Metric,
  NO_PTR,
  normalizeRows,
  vectorSet,
} from '@sagitta/core-wasm';
import { assignToNearest, DEFAULT_GAMMA, type ScanHeap } from '@sagitta/quantizers';
import { type BatchSearchResult, NO_ID, type SearchResult, type SearchStatistics } from '../search-result.ts';
import { type InvertedList, InvertedLists } from './inverted-lists.ts';
import type { ListCodec } from './list-codec.ts';

/** Gives vectors for exact rerank: ids → ids.length × d values, in that order. */
export type VectorFetch = (ids: Uint32Array) => Float32Array;

export interface SearchOptions {
  /** Lists to visit, default 16, at most nlist. */
  readonly nprobe?: number;
  /**
   * Share of the Cauchy–Schwarz bound at which a vector is given up before all its code is read; default 0.75. Larger
   * is slower and safer, 2 prunes next to nothing.
   */
  readonly gamma?: number;
  /** Scores this many candidates exactly, from kept vectors or `fetch`. */
  readonly rerank?: { readonly candidates: number; readonly fetch?: VectorFetch };
  /** Adds statistics to the result. */
  readonly statistics?: boolean;
}

export interface IvfParts {
  readonly core: Core;
  readonly metric: Metric;
  readonly d: number;
  readonly kind: 'flat' | 'ivf';
  /** nlist × d. */
  readonly centroids: Float32Array;
  readonly codec: ListCodec;
  /** Keep float32 vectors (row = id) for rerank. */
  readonly keepVectors: boolean;
}

const DEFAULT_NPROBE = 16;

export class IvfIndex implements Disposable {
  readonly core: Core;
  readonly metric: Metric;
  readonly d: number;
  readonly kind: 'flat' | 'ivf';
  readonly nlist: number;
  readonly codec: ListCodec;
  readonly lists: InvertedLists;
  readonly centroids: Float32Array;
  readonly #centroids: Block;
  readonly #projected: Block;
  readonly #query: Block;
  readonly #bases: Block;
  #heap: { readonly k: number; readonly block: Block } | undefined;
  readonly #kept: Float32Array[] | undefined;
  #n = 0;

  constructor(parts: IvfParts) {
    const { core, d, centroids, codec } = parts;
    this.core = core;
    this.metric = parts.metric;
    this.d = d;
    this.kind = parts.kind;
    this.codec = codec;
    this.centroids = centroids;
    this.nlist = centroids.length / d;
    this.lists = new InvertedLists(core, this.nlist, codec.blockBytes);
    this.#centroids = core.allocate(centroids.length * 4);
    this.#centroids.f32().set(centroids);
    this.#projected = core.allocate(this.nlist * codec.centroidDims * 4);
    for (let list = 0; list < this.nlist; list++) {
      const projected = codec.projectCentroid(centroids.subarray(list * d, (list + 1) * d));
      this.#projected.f32(list * codec.centroidDims * 4, codec.centroidDims).set(projected);
    }
    this.#query = core.allocate(d * 4);
    this.#bases = core.allocate(this.nlist * 4);
    this.#kept = parts.keepVectors ? [] : undefined;
  }

  get n(): number {
    return this.#n;
  }

  /** The kept vectors in id order, in the pieces they came in; empty if none are kept. */
  get keptVectors(): readonly Float32Array[] {
    return this.#kept ?? [];
  }
  get keepsVectors(): boolean {
    return this.#kept !== undefined;
  }

  /** Bytes a vector costs: code, factors and its 4-byte id; kept float32 vectors come on top. */
  get bytesPerVector(): number {
    return this.codec.bytesPerVector + 4 + (this.#kept ? 4 * this.d : 0);
  }

  /**
   * Adds vectors (m × d, finite); they get the ids n…n + m - 1. On an error nothing is added.
   * `lists` — their list numbers, if the caller has them already.
   */
  add(data: Float32Array, lists?: Uint32Array): void {
    const given = vectorSet(data, this.d, 'vectors');
    const rows = this.metric === 'cosine' ? normalizeRows(data, this.d) : data;
    const assigned = lists ?? assignToNearest(this.core, { ...given, data: rows }, this.centroids).ids;
    const order = new Uint32Array(given.n);
    const starts = new Uint32Array(this.nlist + 1);
    for (const list of assigned) starts[list + 1] = (starts[list + 1] as number) + 1;
    for (let i = 0; i < this.nlist; i++) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number);
    const next = starts.slice();
    for (let i = 0; i < given.n; i++) {
      const list = assigned[i] as number;
      order[next[list] as number] = i;
      next[list] = (next[list] as number) + 1;
    }
    for (let list = 0; list < this.nlist; list++) {
      const members = order.subarray(starts[list], starts[list + 1]);
      if (members.length > 0) this.#addToList(list, rows, members);
    }
    this.#kept?.push(rows === data ? data.slice() : rows);
    this.#n += given.n;
  }

  #addToList(list: number, rows: Float32Array, members: Uint32Array): void {
    const { d } = this;
    const centroid = this.centroids.subarray(list * d, (list + 1) * d);
    const gathered = new Float32Array(members.length * d);
    for (const [i, row] of members.entries()) gathered.set(rows.subarray(row * d, (row + 1) * d), i * d);
    this.lists.append(list, members.length, (target, first) => {
      this.codec.write(gathered, centroid, target.blocks, first);
      const ids = target.ids.u32(first * 4, members.length);
      for (const [i, row] of members.entries()) ids[i] = this.#n + row;
    });
  }

  /** Sets the query in the core and returns the lists to visit, best first, with base scores in #bases. */
  #prepare(query: Float32Array, nprobe: number, gamma: number): Uint32Array {
    checkFloat32('query', query);
    if (query.length !== this.d) {
      throw new RangeError(`"query" expected length d = ${this.d}, got ${query.length}`);
    }
    checkFinite('query', query);
    const unit = this.metric === 'cosine' ? normalizeRows(query, this.d) : query;
    const { kernels } = this.core;
    this.#query.f32(0, this.d).set(unit);
    if (this.metric === 'l2') {
      kernels.l2F32Rows(this.#query.at(), this.#centroids.at(), this.nlist, this.d, this.#bases.at());
    } else {
      kernels.dotF32Rows(this.#query.at(), this.#centroids.at(), this.nlist, this.d, this.#bases.at());
      const bases = this.#bases.f32(0, this.nlist);
      for (let i = 0; i < this.nlist; i++) bases[i] = -(bases[i] as number);
    }
    this.codec.setQuery(unit, gamma);
    return smallest(this.#bases.f32(0, this.nlist), nprobe);
  }

  #centroidPtr(list: number): ReturnType<Block['at']> {
    return this.codec.centroidDims === 0
      ? NO_PTR
      : this.#projected.at(list * this.codec.centroidDims * 4);
  }

  #base(list: number): number {
    return this.#bases.f32(list * 4, 1)[0] as number;
  }

  #heapFor(k: number): Block {
    if (this.#heap?.k !== k) {
      this.#heap?.block.dispose();
      this.#heap = { k, block: this.core.allocate(16 + 8 * k) };
    }
    const { block } = this.#heap as { readonly block: Block };
    block.u32(0, 1)[0] = 0;
    return block;
  }

  /**
   * The k best vectors by estimated score (exact after rerank).
   * @throws RangeError on a query of another length or with NaN, on k or nprobe out of range
   */
  search(query: Float32Array, k: number, options: SearchOptions = {}): SearchResult {
    checkInteger('k', k, 1, 2 ** 20);
    const nprobe = Math.min(checkInteger('nprobe', options.nprobe ?? DEFAULT_NPROBE, 1, 2 ** 20), this.nlist);
    const gamma = checkNumber('gamma', options.gamma ?? DEFAULT_GAMMA, 0, 1000);
    const rerank = options.rerank;
    const candidates = rerank
      ? Math.max(k, checkInteger('rerank.candidates', rerank.candidates, 1, 2 ** 20))
      : k;
    const wanted = Math.min(candidates, Math.max(1, this.#n));
    if (options.statistics) this.codec.resetStatistics();
    const visited = this.#prepare(query, nprobe, gamma);
    const block = this.#heapFor(wanted);
    const heap: ScanHeap = {
      k: wanted,
      scores: block.at(16),
      ids: block.at(16 + 4 * wanted),
      size: block.at(),
    };
    for (const list of visited) {
      const content = this.lists.get(list);
      if (content) this.codec.scan(content, this.#centroidPtr(list), this.#base(list), heap);
    }
    const size = block.u32(0, 1)[0] as number;
    let found = sorted(block.u32(16 + 4 * wanted, size), block.f32(16, size));
    if (rerank) found = this.#rerank(found.ids, rerank.fetch);
    const ids = found.ids.slice(0, k);
    const scores = found.scores.slice(0, k);
    if (this.metric !== 'l2') for (let i = 0; i < scores.length; i++) scores[i] = -(scores[i] as number);
    if (!options.statistics) return { ids, scores };
    const statistics: SearchStatistics = {
      ...this.codec.statistics(),
      lists: visited.length,
      reranked: rerank ? found.ids.length : 0,
    };
    return { ids, scores, statistics };
  }

  /** Exact scores, smaller is better, of candidates. */
  #rerank(ids: Uint32Array, fetch: VectorFetch | undefined): { ids: Uint32Array; scores: Float32Array } {
    const { d } = this;
    const vectors = fetch ? fetch(ids) : this.#fetchKept(ids);
    checkFloat32('fetch', vectors);
    if (vectors.length !== ids.length * d) {
      throw new RangeError(
        `"fetch" expected ids.length*d = ${ids.length * d} values (ids=${ids.length}, d=${d}), got ${vectors.length}`,
      );
    }
    const rows = this.metric === 'cosine' ? normalizeRows(vectors, d) : vectors;
    const scores = new Float32Array(ids.length);
    this.core.scope((scope) => {
      const input = scope.reserve(rows.length * 4);
      const out = scope.reserve(ids.length * 4);
      input.f32().set(rows);
      const kernel = this.metric === 'l2' ? 'l2F32Rows' : 'dotF32Rows';
      this.core.kernels[kernel](this.#query.at(), input.at(), ids.length, d, out.at());
      scores.set(out.f32(0, ids.length));
    });
    if (this.metric !== 'l2') for (let i = 0; i < scores.length; i++) scores[i] = -(scores[i] as number);
    return sorted(ids, scores);
  }

  #fetchKept(ids: Uint32Array): Float32Array {
    if (!this.#kept) {
      throw new RangeError(
        '"rerank" expected kept vectors (build with keepVectors: true) or a fetch function, got neither',
      );
    }
    const { d } = this;
    const out = new Float32Array(ids.length * d);
    for (const [i, id] of ids.entries()) {
      let row = id;
      for (const piece of this.#kept) {
        const rows = piece.length / d;
        if (row < rows) {
          out.set(piece.subarray(row * d, (row + 1) * d), i * d);
          break;
        }
        row -= rows;
      }
    }
    return out;
  }

  /** search for every row of queries (nq × d); rows short of k end in NO_ID. */
  searchBatch(queries: Float32Array, k: number, options: SearchOptions = {}): BatchSearchResult {
    const { n: nq } = vectorSet(queries, this.d, 'queries');
    const worst = this.metric === 'l2' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    const ids = new Uint32Array(nq * k).fill(NO_ID);
    const scores = new Float32Array(nq * k).fill(worst);
    for (let q = 0; q < nq; q++) {
      const found = this.search(queries.subarray(q * this.d, (q + 1) * this.d), k, options);
      ids.set(found.ids, q * k);
      scores.set(found.scores, q * k);
    }
    return { k, ids, scores };
  }

  /** The estimated score of every vector of the probed lists, in list order; for measuring estimators. */
  estimates(query: Float32Array, nprobe: number): { ids: Uint32Array; scores: Float32Array } {
    const visited = this.#prepare(query, Math.min(nprobe, this.nlist), DEFAULT_GAMMA);
    const contents = [...visited].map((list) => ({ list, content: this.lists.get(list) }));
    const total = contents.reduce((sum, { content }) => sum + (content?.n ?? 0), 0);
    const ids = new Uint32Array(total);
    const scores = new Float32Array(total);
    let at = 0;
    for (const { list, content } of contents) {
      if (!content) continue;
      this.#scoreList(list, content, scores.subarray(at, at + content.n));
      ids.set(content.ids.u32(0, content.n), at);
      at += content.n;
    }
    if (this.metric !== 'l2') for (let i = 0; i < total; i++) scores[i] = -(scores[i] as number);
    return { ids, scores };
  }

  #scoreList(list: number, content: InvertedList, out: Float32Array): void {
    this.core.scope((scope) => {
      const scores = scope.reserve(content.n * 4);
      this.codec.scores(content, this.#centroidPtr(list), this.#base(list), scores.at());
      out.set(scores.f32(0, content.n));
    });
  }

  /** Takes lists and vectors that were read from a file; only for a fresh index. */
  restore(n: number, kept: Float32Array | undefined): void {
    this.#n = n;
    if (kept) this.#kept?.push(kept);
  }

  dispose(): void {
    this.lists.dispose();
    this.codec.dispose();
    this.#heap?.block.dispose();
    this.#heap = undefined;
    for (const block of [this.#centroids, this.#projected, this.#query, this.#bases]) block.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The numbers of the `count` smallest values, ascending, ties to the lower number. */
function smallest(values: Float32Array, count: number): Uint32Array {
  const order = Uint32Array.from(values, (_, i) => i);
  order.sort((a, b) => (values[a] as number) - (values[b] as number) || a - b);
  return order.subarray(0, count);
}

function sorted(ids: Uint32Array, scores: Float32Array): { ids: Uint32Array; scores: Float32Array } {
  const order = Uint32Array.from(ids, (_, i) => i);
  order.sort(
    (a, b) => (scores[a] as number) - (scores[b] as number) || (ids[a] as number) - (ids[b] as number),
  );
  return {
    ids: Uint32Array.from(order, (i) => ids[i] as number),
    scores: Float32Array.from(order, (i) => scores[i] as number),
  };
}
