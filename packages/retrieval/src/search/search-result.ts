/** What a search returns. */
import type { ScanStatistics } from '@sagitta/quantizers/internal';

/** Where no id stands (padding of batch results). */
export const NO_ID = 0xffffffff;

/** The most results that can be asked for. */
export const MAX_K = 1_048_576;

/** Counts what a search has visited and read. */
export interface SearchStatistics extends ScanStatistics {
  /** Lists visited. */
  readonly lists: number;
  /** Vectors whose exact distance was computed at the end. */
  readonly reranked: number;
  /** Of a search in a graph. */
  readonly graph?: GraphStatistics;
}

/** Counts what searches in a graph did. */
export interface GraphStatistics {
  /** Vectors whose neighbours were looked at. */
  readonly hops: number;
  /** Vectors of whose codes something was read. */
  readonly scored: number;
  /** Of these, vectors whose codes were read to the end. */
  readonly scoredInFull: number;
}

/** Holds the answers of one query. */
export interface SearchResult {
  /** min(k, n found) ids, best first; ties go to the lower id. */
  readonly ids: Uint32Array;
  /** l2: squared distances, ascending. ip and cosine: similarities, descending. */
  readonly scores: Float32Array;
  /** Only where asked for. */
  readonly statistics?: SearchStatistics;
}

/** Holds the answers of many queries, row after row. */
export interface BatchSearchResult {
  readonly k: number;
  /** nq × k ids; rows with fewer than k answers end in NO_ID. */
  readonly ids: Uint32Array;
  /** nq × k scores; padding is the worst score of the metric. */
  readonly scores: Float32Array;
}
