/**
 * The inverted file: vectors in lists by nearest centroid, codes of their residuals scanned list by list, nearest list
 * first so that the worst kept score is tight early. A flat index is one list, around the mean or the origin.
 *
 * Scores come from codes alone unless a rerank is asked for: then `rerank.candidates` ids are fetched and scored
 * exactly. An index with secondary codes scores candidates again with those. Ties go to the lower id.
 */
import {
  type Block,
  checkInteger,
  checkNumber,
  checkOptions,
  type Metric,
  type MetricQuery,
  making,
  metricQuery,
  metricSet,
  NO_PTR,
  type Numbers,
  Owner,
  type Ptr,
  type Scope,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import { assignToNearest, DEFAULT_GAMMA, type SaqSegment } from '@sagitta/quantizers';
import { paddedBatch, putAnswers } from '../search/batch.ts';
import { ResultHeap } from '../search/result-heap.ts';
import {
  type BatchSearchResult,
  MAX_K,
  NO_ID,
  type SearchResult,
  type SearchStatistics,
} from '../search/search-result.ts';
import { groupRows } from './group-rows.ts';
import { BLOCK, type InvertedList, InvertedLists } from './inverted-lists.ts';
import type { IvfParts } from './ivf-parts.ts';
import { KeptVectors } from './kept-vectors.ts';
import { type IndexQuantizer, type ListCodec, writing } from './list-codec.ts';
import { ListPlaces } from './list-places.ts';
import { RERANK_OPTIONS, SEARCH_OPTIONS, type SearchOptions, type VectorFetch } from './search-options.ts';
import type { Pass, Prepared, RerankSource } from './search-pass.ts';
import type { SecondaryCodes } from './secondary-codes.ts';
import { type SearchSteps, StepScope } from './step-scope.ts';

export type { IvfParts } from './ivf-parts.ts';
export type { SearchOptions, VectorFetch } from './search-options.ts';

const DEFAULT_NPROBE = 16;
/** Candidates a result where secondary codes score again. */
const BUFFER = 10;
const MAX_NPROBE = 1_048_576;
/** Ids are u32, and the last one is NO_ID. */
const MAX_VECTORS: number = NO_ID;

export class IvfIndex extends Owner {
  readonly metric: Metric;
  readonly d: number;
  readonly kind: 'flat' | 'ivf';
  readonly nlist: number;
  readonly codec: ListCodec;
  readonly lists: InvertedLists;
  readonly centroids: Float32Array;
  readonly #centroids: Block;
  readonly #projected: Block;
  readonly #kept: KeptVectors | undefined;
  readonly #secondary: SecondaryCodes | undefined;
  /** Made when it is first wanted, and again after vectors are added. */
  #places: ListPlaces | undefined;
  /** Of the search in steps that is not finished. */
  #steps: StepScope | undefined;
  #n = 0;
  /** Vectors that publish() will add. */
  #staged = 0;

  constructor(parts: IvfParts) {
    super(parts.core);
    const { core, d, centroids, codec, filled } = parts;
    this.metric = parts.metric;
    this.d = d;
    this.kind = parts.kind;
    this.centroids = centroids;
    this.nlist = centroids.length / d;
    this.codec = this.own(() => codec);
    this.#secondary = this.own(() => parts.secondary);
    this.lists = this.own(
      () => filled?.lists ?? new InvertedLists(core, this.nlist, codec.layout.blockBytes),
    );
    this.#centroids = this.allocate(centroids.length * 4);
    this.#projected = this.allocate(this.nlist * codec.centroidDims * 4);
    this.#centroids.f32().set(centroids);
    for (let list = 0; codec.centroidDims > 0 && list < this.nlist; list++) {
      const projected = codec.projectCentroid(centroids.subarray(list * d, (list + 1) * d));
      this.#projected.f32(list * codec.centroidDims * 4, codec.centroidDims).set(projected);
    }
    this.#kept = parts.keepVectors ? new KeptVectors(d) : undefined;
    this.own(() => this.#fill(parts));
  }

  /** What a file had. */
  #fill({ saved, filled, pagedVectors = 0 }: IvfParts): undefined {
    if (saved) this.lists.restore(saved);
    for (const piece of filled?.kept ?? (saved?.kept ? [saved.kept] : [])) this.#kept?.add(piece);
    this.#n = filled?.n ?? saved?.ids.length ?? pagedVectors;
  }

  /** Vectors. */
  get n(): number {
    return this.#n;
  }
  get quantizer(): IndexQuantizer {
    return this.codec.name;
  }
  /** Average code bits a dimension; 32 without a quantizer. */
  get bits(): number {
    return this.codec.bits;
  }
  /** How SAQ shares its bits out: runs of PCA dims and the bits of each; empty without a quantizer. */
  get plan(): readonly SaqSegment[] {
    return this.codec.plan;
  }
  get keepsVectors(): boolean {
    return this.#kept !== undefined;
  }
  /** The kept vectors in id order, in the pieces they came in; empty if none are kept. Not to be written to. */
  get keptVectors(): readonly Float32Array[] {
    return this.#kept?.pieces ?? [];
  }
  /** The second code of each vector, or undefined. */
  get secondary(): SecondaryCodes | undefined {
    return this.#secondary;
  }
  /** Bytes of a vector's code and factors, secondary ones with them, without its id. */
  get codeBytesPerVector(): number {
    return this.codec.layout.bytesPerVector + (this.#secondary?.codec.layout.bytesPerVector ?? 0);
  }
  /** Bytes a vector costs: code, factors and its 4-byte id; kept float32 vectors come on top. */
  get bytesPerVector(): number {
    return this.codeBytesPerVector + 4 + (this.#kept ? 4 * this.d : 0);
  }

  /**
   * Adds vectors (m × d numbers or m arrays of d, finite, copied); they get the ids n…n + m - 1. For 'l2' and 'ip' they are
   * of lengths up to 2^56. On an error nothing is added.
   * @throws TypeError, RangeError on bad vectors, CapacityError where memory ends
   */
  add(vectors: Vectors): void {
    this.stage(vectors);
    this.publish();
  }

  /**
   * Codes vectors (as add takes them) that no search finds and no file counts until publish(), so that many of them,
   * or those of several indexes, are added all together or not at all. On an error nothing of this call is staged; memory
   * is taken here and not in publish(). In a file saved meanwhile the spare places of last blocks may hold their codes.
   * @throws as add
   */
  stage(vectors: Vectors): void {
    this.checkLive('index');
    const given = metricSet(this.metric, vectors, this.d, 'vectors');
    if (given.n === 0) return;
    const first = this.#n + this.#staged;
    checkInteger('vectors', first + given.n, 1, MAX_VECTORS);
    const rows = given.data;
    const assigned =
      this.nlist === 1 ? new Uint32Array(given.n) : assignToNearest(this.core, given, this.centroids).ids;
    const { counts, starts, order } = groupRows(assigned, this.nlist);
    // before memory is taken that would have to be given back
    const kept = this.#kept && (this.metric === 'cosine' ? rows : rows.slice());
    const stage = (): void =>
      writing(this.codec, () =>
        this.lists.stage(counts, (list, target, position) => {
          const start = starts[list] as number;
          const members = order.subarray(start, start + (counts[list] as number));
          this.#write(list, rows, members, target.blocks, position);
          const ids = target.ids.u32(position * 4, members.length);
          for (const [i, row] of members.entries()) ids[i] = first + row;
        }),
      );
    if (this.#secondary) this.#secondary.stage(rows, stage);
    else stage();
    if (kept) this.#kept?.stage(kept);
    this.#staged += given.n;
  }

  /** Adds what was staged; the ids follow those that there were. Cannot fail. */
  publish(): void {
    this.checkLive('index');
    this.lists.publish();
    this.#secondary?.publish();
    this.#kept?.publish();
    this.#n += this.#staged;
    this.#staged = 0;
    this.#places = undefined;
  }

  /** Drops what was staged: the index is as it was. */
  withdraw(): void {
    this.checkLive('index');
    this.lists.withdraw();
    this.#secondary?.withdraw();
    this.#kept?.withdraw();
    this.#staged = 0;
  }

  #write(list: number, rows: Float32Array, members: Uint32Array, target: Block, first: number): void {
    const { d } = this;
    const gathered = new Float32Array(members.length * d);
    for (const [i, row] of members.entries()) gathered.set(rows.subarray(row * d, (row + 1) * d), i * d);
    this.codec.write(gathered, this.centroids.subarray(list * d, (list + 1) * d), target, first);
  }

  /** Puts the query into scratch of the core and chooses the lists to visit. */
  #prepare(
    scope: Scope,
    { values: query }: MetricQuery,
    nprobe: number,
    gamma: number,
    isCoarse = false,
  ): Prepared {
    const { kernels } = this.core;
    const probed = new ResultHeap(this.core, scope, nprobe);
    const { scores, ids, size } = probed.heap;
    const place = scope.reserve(4 * this.d);
    const bases = scope.reserve(4 * this.nlist);
    place.f32(0, this.d).set(query);
    const kernel = this.metric === 'l2' ? 'l2F32Rows' : 'dotF32Rows';
    kernels[kernel](place.at(), this.#centroids.at(), this.nlist, this.d, bases.at());
    if (this.metric !== 'l2') {
      const values = bases.f32();
      for (let i = 0; i < this.nlist; i++) values[i] = -(values[i] as number);
    }
    kernels.topKPushF32(bases.at(), NO_PTR, this.nlist, 0, nprobe, scores, ids, size);
    const count = probed.sort();
    this.codec.setQuery(query, gamma, isCoarse);
    return { query: place, order: probed.block, count, bases, centroids: this.#centroidPtr(0) };
  }

  #centroidPtr(list: number): Ptr {
    const { centroidDims } = this.codec;
    return centroidDims === 0 ? NO_PTR : this.#projected.at(list * centroidDims * 4);
  }

  #nprobe(nprobe: number | undefined): number {
    return Math.min(checkInteger('nprobe', nprobe ?? DEFAULT_NPROBE, 1, MAX_NPROBE), this.nlist);
  }

  /**
   * The k best vectors by estimated score (exact after rerank); all n where k > n. query — d numbers.
   * @throws RangeError on a query of another length, with NaN, longer than 2^56 for 'l2', or whose inner products leave
   * float32; on k or nprobe out of range, on a rerank without vectors; TypeError on a query that holds no numbers
   */
  search(query: Numbers, k: number, options: SearchOptions = {}): SearchResult {
    return this.#search('query', query, k, options);
  }

  #search(label: string, query: Numbers, k: number, options: SearchOptions): SearchResult {
    this.checkLive('index');
    this.#steps?.dispose();
    return this.core.scope((scope) => {
      const pass = this.#begin(scope, label, query, k, options);
      this.codec.scan(this.lists, pass.probe, pass.found.heap);
      return this.#finish(pass);
    });
  }

  /**
   * search in steps; the lists come from the caller.
   * @throws RangeError as search does, and where a rerank would read codes of lists that are not in memory
   */
  searchSteps(query: Numbers, k: number, options: SearchOptions = {}): SearchSteps {
    this.checkLive('index');
    this.#steps?.dispose();
    const steps = new StepScope(this.core);
    this.#steps = steps;
    const pass = making((own) => {
      own(steps);
      const begun = this.#begin(steps, 'query', query, k, options);
      if (begun.source !== 'levels') return begun;
      throw new RangeError('"rerank" expected vectors where lists come in parts, got codes of two levels');
    });
    const check = (): void => {
      this.checkLive('index');
      steps.check();
    };
    const { found, probe } = pass;
    const order = steps.reserve(4);
    // sorting a heap undoes it, so it is done once
    let sorted: number | undefined;
    return {
      lists: probe.order.u32(0, probe.count).slice(),
      scan: (list, content) => {
        check();
        const before = this.lists.get(list);
        this.lists.replace(list, content);
        try {
          order.u32(0, 1)[0] = list;
          this.codec.scan(this.lists, { ...probe, order, count: 1 }, found.heap);
        } finally {
          this.lists.replace(list, before);
        }
      },
      candidates: () => {
        check();
        sorted ??= found.sort();
        return found.ids(sorted);
      },
      finish: () => {
        check();
        // a fetch that searches the index ends other steps, not these
        this.#steps = undefined;
        try {
          return this.#finish(pass, sorted);
        } finally {
          steps.dispose();
        }
      },
      [Symbol.dispose]: () => steps.dispose(),
    };
  }

  #begin(scope: Scope, label: string, query: Numbers, k: number, options: SearchOptions): Pass {
    checkInteger('k', k, 1, MAX_K);
    checkOptions('options', options, SEARCH_OPTIONS);
    if (options.rerank) checkOptions('rerank', options.rerank, RERANK_OPTIONS);
    const nprobe = this.#nprobe(options.nprobe);
    const gamma = checkNumber('gamma', options.gamma ?? DEFAULT_GAMMA, 0, 1e6);
    const rerank =
      options.rerank ?? (this.#secondary ? { candidates: Math.min(MAX_K, BUFFER * k) } : undefined);
    const candidates = rerank
      ? Math.max(k, checkInteger('rerank.candidates', rerank.candidates, 1, MAX_K))
      : k;
    const source = rerank ? this.#rerankSource(rerank.fetch) : undefined;
    const ready = metricQuery(this.metric, query, this.d, label);
    if (options.statistics) this.codec.resetStatistics();
    const found = new ResultHeap(this.core, scope, Math.min(candidates, Math.max(1, this.#n)));
    const probe = this.#prepare(scope, ready, nprobe, gamma, source === 'levels');
    return { k, options, rerank, source, found, probe, scale: ready.scale };
  }

  #finish({ k, options, rerank, source, found, probe, scale }: Pass, sorted?: number): SearchResult {
    const size = sorted ?? found.sort();
    let ids = found.ids(size);
    let scores = found.scores(size);
    // before fetch, which may search the index itself
    const statistics: SearchStatistics | undefined = options.statistics
      ? { ...this.codec.statistics(), lists: probe.count, reranked: rerank ? size : 0 }
      : undefined;
    if (rerank) {
      const exact = this.#scoresAgain(probe, ids, source, rerank.fetch);
      const order = Uint32Array.from(ids, (_, i) => i).sort(
        (a, b) => (exact[a] as number) - (exact[b] as number) || (ids[a] as number) - (ids[b] as number),
      );
      const best = order.subarray(0, k);
      scores = Float32Array.from(best, (i) => exact[i] as number);
      ids = Uint32Array.from(best, (i) => ids[i] as number);
    }
    this.#outward(scores, scale);
    return statistics ? { ids, scores, statistics } : { ids, scores };
  }

  /** Scores as callers see them, in place: estimates of distances not below 0, inner products larger is better. */
  #outward(scores: Float32Array, scale: number): void {
    if (this.metric === 'l2') {
      for (let i = 0; i < scores.length; i++) if ((scores[i] as number) < 0) scores[i] = 0;
      return;
    }
    for (let i = 0; i < scores.length; i++) scores[i] = -scale * (scores[i] as number);
    if (scale > 1 && scores.some((score) => !Number.isFinite(score))) {
      throw new RangeError(
        '"query" expected inner products with vectors within ±3.4e38 (float32), got larger ones',
      );
    }
  }

  #rerankSource(fetch: VectorFetch | undefined): RerankSource {
    if (fetch || this.#kept) return 'vectors';
    if (this.#secondary) return 'secondary';
    if (this.codec.hasLevels) return 'levels';
    throw new RangeError(
      '"rerank" expected kept vectors (build with keepVectors: true), secondary codes, codes of two levels or a fetch function, got none',
    );
  }

  /** Scores, smaller is better, of candidates. */
  #scoresAgain(
    { query: place, bases }: Prepared,
    ids: Uint32Array,
    source: RerankSource | undefined,
    fetch: VectorFetch | undefined,
  ): Float32Array {
    if (source === 'vectors') return this.#exactScores(place, ids, fetch);
    const query = place.f32(0, this.d).slice();
    if (source === 'secondary' && this.#secondary) return this.#secondary.scores(query, ids);
    return this.#levelScores(query, bases, ids);
  }

  /** All levels of the codes of candidates, wherever their lists are. */
  #levelScores(query: Float32Array, centroidScores: Block, ids: Uint32Array): Float32Array {
    this.#places ??= new ListPlaces(this.lists, this.#n);
    const places = this.#places;
    const { codec } = this;
    codec.setQuery(query, DEFAULT_GAMMA);
    return this.core.scope((scope) => {
      const blocks = scope.reserve(Math.ceil(ids.length / BLOCK) * codec.layout.blockBytes);
      const out = scope.reserve(4 * ids.length);
      for (const [i, id] of ids.entries()) {
        const list = this.lists.get(places.listOf(id)) as InvertedList;
        codec.layout.move(list.blocks, places.positionOf(id), blocks, i);
      }
      // such codes need no projected centroid, and the score of each one's own is added here
      codec.scores({ n: ids.length, blocks }, NO_PTR, 0, out);
      const bases = centroidScores.f32();
      return out
        .f32(0, ids.length)
        .map((score, i) => score + (bases[places.listOf(ids[i] as number)] as number));
    });
  }

  /** Exact scores, smaller is better, of candidates. */
  #exactScores(query: Block, ids: Uint32Array, fetch: VectorFetch | undefined): Float32Array {
    const { d } = this;
    // the caller's function gets a copy: what it does to it is not our order
    const vectors = fetch ? fetch(ids.slice()) : (this.#kept as KeptVectors).fetch(ids);
    const { data: rows, n } = metricSet(this.metric, vectors, d, 'rerank.fetch');
    if (n !== ids.length) {
      throw new RangeError(
        `"rerank.fetch" expected ids.length*d = ${ids.length * d} values (ids=${ids.length}, d=${d}), got ${n * d}`,
      );
    }
    return this.core.scope((scope) => {
      const input = scope.reserve(rows.length * 4);
      const out = scope.reserve(ids.length * 4);
      input.f32().set(rows);
      const kernel = this.metric === 'l2' ? 'l2F32Rows' : 'dotF32Rows';
      this.core.kernels[kernel](query.at(), input.at(), ids.length, d, out.at());
      const scores = out.f32(0, ids.length).slice();
      if (this.metric !== 'l2') for (let i = 0; i < scores.length; i++) scores[i] = -(scores[i] as number);
      return scores;
    });
  }

  /** search for every row of queries (nq × d numbers or nq arrays of d); rows short of k end in NO_ID. */
  searchBatch(queries: Vectors, k: number, options: SearchOptions = {}): BatchSearchResult {
    this.checkLive('index');
    const { data, n: nq } = vectorSet(queries, this.d, 'queries');
    const batch = paddedBatch(this.metric, nq, k);
    for (let q = 0; q < nq; q++) {
      const query = data.subarray(q * this.d, (q + 1) * this.d);
      putAnswers(batch, q, this.#search(`queries[${q}]`, query, k, options));
    }
    return batch;
  }

  /**
   * The estimated score of every vector of the probed lists, in list order; for measuring estimators: distances that come out
   * below 0 are left there.
   */
  estimates(query: Numbers, nprobe: number): { ids: Uint32Array; scores: Float32Array } {
    this.checkLive('index');
    const ready = metricQuery(this.metric, query, this.d);
    this.#steps?.dispose();
    return this.core.scope((scope) => {
      const probe = this.#prepare(scope, ready, this.#nprobe(nprobe), DEFAULT_GAMMA);
      const visited = [...probe.order.u32(0, probe.count)];
      const total = visited.reduce((sum, list) => sum + (this.lists.get(list)?.n ?? 0), 0);
      const ids = new Uint32Array(total);
      const scores = new Float32Array(total);
      let at = 0;
      for (const list of visited) {
        const content = this.lists.get(list);
        if (!content) continue;
        const base = probe.bases.f32(4 * list, 1)[0] as number;
        this.core.scope((inner) => {
          const out = inner.reserve(content.n * 4);
          this.codec.scores(content, this.#centroidPtr(list), base, out);
          scores.set(out.f32(0, content.n), at);
        });
        ids.set(content.ids.u32(0, content.n), at);
        at += content.n;
      }
      if (this.metric !== 'l2')
        for (let i = 0; i < total; i++) scores[i] = -ready.scale * (scores[i] as number);
      return { ids, scores };
    });
  }

  override dispose(): void {
    this.#steps?.dispose();
    super.dispose();
  }
}
