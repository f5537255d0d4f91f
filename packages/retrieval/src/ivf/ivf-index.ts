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
  type Metric,
  type MetricQuery,
  making,
  metricQuery,
  metricSet,
  type Numbers,
  Owner,
  type Scope,
  UnsupportedError,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';
import type { QuantizerName, SaqSegment } from '@sagitta/quantizers';
import { DEFAULT_GAMMA } from '@sagitta/quantizers/internal';
import type { Compaction } from '../columns/compaction.ts';
import type { InvertedLists } from '../columns/inverted-lists.ts';
import { KeptVectors } from '../columns/kept-vectors.ts';
import type { ListScan } from '../columns/list-scan.ts';
import type { SecondaryCodes } from '../columns/secondary-codes.ts';
import type { PagedGraph, Prepared, RouteOptions, SlotIndex } from '../columns/slot-index.ts';
import { CodeLists } from '../lists/code-lists.ts';
import { paddedBatch, putAnswers } from '../search/batch.ts';
import {
  type BatchSearchResult,
  MAX_K,
  NO_ID,
  type SearchResult,
  type SearchStatistics,
} from '../search/search-result.ts';
import { exactScores } from './exact-scores.ts';
import type { IndexKind, IvfParts } from './ivf-parts.ts';
import { checkSearchOptions, type SearchOptions, type VectorFetch } from './search-options.ts';
import type { Pass, RerankSource } from './search-pass.ts';
import { graphSteps, listSteps, type SearchSteps, StepScope } from './search-steps.ts';

export type { IndexKind, IvfParts } from './ivf-parts.ts';
export type { SearchOptions, VectorFetch } from './search-options.ts';

const DEFAULT_NPROBE = 16;
/** Candidates a result where secondary codes score again. */
const BUFFER = 10;
const MAX_NPROBE = 1_048_576;
/** Ids are u32, and the last one is NO_ID. */
const MAX_VECTORS: number = NO_ID;

/** What gets a query ready. */
interface Prepares<P extends Prepared> {
  prepare(scope: Scope, query: MetricQuery, n: number, options: RouteOptions): P;
}

/**
 * Searches vectors whose ids are row numbers, in one list, in lists by centroid or in a neighbour graph.
 * buildFlat, buildIvf, buildGraph and trainIndex make it, loadIndex reads it.
 */
export class IvfIndex extends Owner {
  readonly metric: Metric;
  readonly d: number;
  readonly kind: IndexKind;
  readonly nlist: number;
  readonly centroids: Float32Array;
  readonly #codes: SlotIndex;
  readonly #kept: KeptVectors | undefined;
  readonly #secondary: SecondaryCodes | undefined;
  /** Of the search in steps that is not finished. */
  #steps: StepScope | undefined;
  #n = 0;
  /** Vectors that publish() will add. */
  #staged = 0;

  constructor(parts: IvfParts) {
    super(parts.core);
    const { d, centroids, codes, metric } = parts;
    this.metric = metric;
    this.d = d;
    this.kind = parts.kind;
    this.centroids = centroids;
    this.nlist = centroids.length / d;
    this.#secondary = this.own(() => parts.secondary);
    this.#codes = this.own(() => codes);
    this.#kept = parts.keepVectors ? new KeptVectors(d) : undefined;
    this.own(() => this.#fill(parts));
  }

  /** What a file had. */
  #fill({ filled, pagedVectors = 0 }: IvfParts): undefined {
    for (const piece of filled?.kept ?? []) this.#kept?.add(piece);
    this.#n = filled?.n ?? pagedVectors;
  }

  /** Vectors. */
  get n(): number {
    return this.#n;
  }
  /** The codes of the lists; not for users of the package. @internal */
  get codec(): ListScan {
    return this.#codes.codec;
  }
  /** @internal */
  get lists(): InvertedLists {
    return this.#lists.lists;
  }
  /** @internal */
  get codes(): SlotIndex {
    return this.#codes;
  }
  get #lists(): CodeLists {
    if (this.#codes instanceof CodeLists) return this.#codes;
    throw new UnsupportedError('"index" expected lists, got a graph, which is whole in memory');
  }
  /** Its name, one of QUANTIZER_NAMES. */
  get quantizer(): QuantizerName {
    return this.codec.name;
  }
  /** Counts the edges of a vector in a graph; undefined of lists. */
  get degree(): number | undefined {
    return this.#codes.degree;
  }
  /** Average code bits a dimension; 32 of float32. */
  get bits(): number {
    return this.codec.bits;
  }
  /** How SAQ shares its bits out: runs of PCA dims and the bits of each; empty of other quantizers. */
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
  /** Bytes a vector costs: code, factors and its 4-byte id, or its edges; kept float32 vectors come on top. */
  get bytesPerVector(): number {
    const secondary = this.#secondary?.codec.layout.bytesPerVector ?? 0;
    return this.#codes.bytesPerVector + secondary + (this.#kept ? 4 * this.d : 0);
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
    // before memory is taken that would have to be given back
    const kept = this.#kept && (this.metric === 'cosine' ? given.data : given.data.slice());
    const stage = (): void => this.#codes.stage(given, first);
    if (this.#secondary) this.#secondary.stage(given.data, stage);
    else stage();
    if (kept) this.#kept?.stage(kept);
    this.#staged += given.n;
  }

  /** Adds what was staged; the ids follow those that there were. Cannot fail. */
  publish(): void {
    this.checkLive('index');
    this.#codes.publish();
    this.#secondary?.publish();
    this.#kept?.publish();
    this.#n += this.#staged;
    this.#staged = 0;
  }

  /** Drops what was staged: the index is as it was. */
  withdraw(): void {
    this.checkLive('index');
    this.#codes.withdraw();
    this.#secondary?.withdraw();
    this.#kept?.withdraw();
    this.#staged = 0;
  }

  /** Frees what only adding needs; the next add makes it anew. */
  releaseEncoders(): void {
    this.#codes.releaseEncoders();
    this.#secondary?.codec.releaseEncoder();
  }

  /** Bytes of codes and all that belongs to them in the core's memory, and of kept vectors in JavaScript's. */
  bytesUsed(): { readonly codes: number; readonly keptVectors: number } {
    this.checkLive('index');
    return {
      codes: this.#codes.bytesUsed() + (this.#secondary?.bytesUsed() ?? 0),
      keptVectors: this.#kept ? 4 * this.d * this.#n : 0,
    };
  }

  /** |x - x̂|² on average, x̂ what the code of x stands for. vectors — n × d values, for cosine of length 1. */
  codingError(vectors: Float32Array): number {
    this.checkLive('index');
    return this.#codes.codingError({ data: vectors, n: vectors.length / this.d, d: this.d });
  }

  /**
   * Makes ready that only the rows of keep (ascending) stay, and are numbered anew in that order; in place.
   * @throws RangeError while vectors are staged; CapacityError where a graph cannot be mended for want of memory; BusyError where a save holds what would be overwritten and there is no
   * memory for a copy
   */
  compaction(keep: Uint32Array): Compaction {
    this.checkLive('index');
    if (this.#staged > 0) throw new RangeError('"index" expected no staged vectors, got some');
    this.#steps?.dispose();
    const numbers = new Uint32Array(this.#n).fill(NO_ID);
    for (const [i, row] of keep.entries()) numbers[row] = i;
    const parts = making((own) => [
      own(this.#codes.compaction(numbers)),
      ...(this.#secondary ? [own(this.#secondary.compaction(numbers))] : []),
      ...(this.#kept ? [own(this.#kept.compaction(keep))] : []),
    ]);
    return {
      commit: () => {
        for (const part of parts) part.commit();
        this.#n = keep.length;
      },
      [Symbol.dispose]: () => {
        for (const part of parts) part[Symbol.dispose]();
      },
    };
  }

  /**
   * The vectors of rows, rows.length × d, fresh: kept ones where vectors are kept, else what their codes stand for, the
   * secondary ones where these have more bits; for cosine of length 1.
   * @throws RangeError on a row that is not there
   */
  vectors(rows: Uint32Array): Float32Array {
    this.checkLive('index');
    for (const row of rows) checkInteger('rows', row, 0, this.#n - 1);
    if (this.#kept) return this.#kept.fetch(rows);
    const second = this.#secondary;
    return second && second.codec.bits > this.codec.bits
      ? second.decode(rows)
      : this.#codes.decode(rows, this.#n);
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
      const pass = this.#begin(this.#codes, scope, label, query, k, options);
      return this.#finish(pass, this.#codes.scan(pass.prepared, this.#n));
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
    return making((own) => {
      own(steps);
      const begin = <P extends Prepared>(codes: Prepares<P>): Pass<P> => {
        const begun = this.#begin(codes, steps, 'query', query, k, options);
        if (begun.source !== 'levels') return begun;
        throw new RangeError('"rerank" expected vectors where lists come in parts, got codes of two levels');
      };
      const context = {
        steps,
        n: this.#n,
        check: () => {
          this.checkLive('index');
          steps.check();
        },
        finish: (pass: Pass, lists: number, sorted?: number, gather?: (blocks: Block) => void) => {
          // a fetch that searches the index ends other steps, not these
          this.#steps = undefined;
          try {
            return this.#finish(pass, lists, sorted, gather);
          } finally {
            steps.dispose();
          }
        },
      };
      const { kind } = this.#codes;
      if (kind === 'graph') {
        const graph = this.#codes as PagedGraph;
        return graphSteps(context, graph, begin(graph));
      }
      const lists = this.#lists;
      return listSteps(context, lists, begin(lists));
    });
  }

  #begin<P extends Prepared>(
    codes: Prepares<P>,
    scope: Scope,
    label: string,
    query: Numbers,
    k: number,
    options: SearchOptions,
  ): Pass<P> {
    checkInteger('k', k, 1, MAX_K);
    checkSearchOptions(options, this.#n);
    const nprobe = this.#nprobe(options.nprobe);
    const rerank =
      options.rerank ?? (this.#secondary ? { candidates: Math.min(MAX_K, BUFFER * k) } : undefined);
    const candidates = rerank
      ? Math.max(k, checkInteger('rerank.candidates', rerank.candidates, 1, MAX_K))
      : k;
    const source = rerank ? this.#rerankSource(rerank.fetch) : undefined;
    const ready = metricQuery(this.metric, query, this.d, label);
    const { allowed, ef, precision } = options;
    if (options.statistics) {
      this.codec.resetStatistics();
      this.#codes.resetStatistics?.();
    }
    const prepared = codes.prepare(scope, ready, this.#n, {
      nprobe,
      ef,
      isWhole: precision !== 'head',
      count: candidates,
      gamma: options.gamma ?? DEFAULT_GAMMA,
      isCoarse: source === 'levels',
      allowed,
    });
    return { k, options, rerank, source, prepared, scale: ready.scale };
  }

  #finish(pass: Pass, lists: number, sorted?: number, gather?: (blocks: Block) => void): SearchResult {
    const { k, options, rerank, source, prepared, scale } = pass;
    const { found } = prepared;
    const size = sorted ?? found.sort();
    let ids = found.ids(size);
    let scores = found.scores(size);
    // before fetch, which may search the index itself
    const statistics: SearchStatistics | undefined = options.statistics
      ? { ...this.codec.statistics(), lists, reranked: rerank ? size : 0, ...this.#codes.statistics?.() }
      : undefined;
    if (rerank) {
      const exact = this.#scoresAgain(prepared, ids, source, rerank.fetch, gather);
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
    for (let i = 0; i < scores.length; i++) scores[i] = 0 - scale * (scores[i] as number);
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
    gather: ((blocks: Block) => void) | undefined,
  ): Float32Array {
    const kept = (rows: Uint32Array): Float32Array => (this.#kept as KeptVectors).fetch(rows);
    if (source === 'vectors') return exactScores(this.core, this.metric, place, ids, fetch ?? kept);
    const query = place.f32(0, this.d).slice();
    if (source === 'secondary' && this.#secondary) return this.#secondary.scores(query, ids, gather);
    return this.#codes.levelScores(query, bases, ids, this.#n);
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
      const prepared = this.#codes.prepare(scope, ready, this.#n, {
        nprobe: this.#nprobe(nprobe),
        ef: undefined,
        isWhole: true,
        count: 1,
        gamma: DEFAULT_GAMMA,
        isCoarse: false,
        allowed: undefined,
      });
      const { ids, scores } = this.#codes.estimates(prepared);
      if (this.metric !== 'l2') {
        for (let i = 0; i < scores.length; i++) scores[i] = 0 - ready.scale * (scores[i] as number);
      }
      return { ids, scores };
    });
  }

  override dispose(): void {
    this.#steps?.dispose();
    super.dispose();
  }
}
