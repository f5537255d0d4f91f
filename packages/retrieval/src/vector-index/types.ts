/** What a vector index is given and gives. */
import type { Numbers, OptionTable, Vectors } from '@sagitta/core-wasm';
import { SEARCH_OPTIONS, type SearchOptions } from '../ivf/search-options.ts';
import type { RecordFilter } from '../records/filter.ts';
import type { RecordId } from '../records/ids.ts';
import type { JsonValue } from '../records/json.ts';

/** Holds new rows of a vector index. */
export interface VectorRows<M = JsonValue> {
  /** One a vector; left out: the next row numbers. */
  readonly ids?: readonly RecordId[];
  /** n × d numbers or n arrays of d, finite, copied. */
  readonly vectors: Vectors;
  /** One a vector, JSON or undefined, copied. */
  readonly metadata?: readonly (M | undefined)[];
}

/** What a record gets anew. */
export interface VectorChange<M = JsonValue> {
  /** d numbers, copied. */
  readonly vector?: Numbers;
  readonly metadata?: M;
}

/** Says how a vector index is searched: how far, how exactly, among which records. */
export interface VectorSearchOptions<M = JsonValue>
  extends Omit<SearchOptions, 'allowed' | 'rerank' | 'nprobe'> {
  /** Lists to visit; default 4·√nlist, at least 16. */
  readonly nprobe?: number;
  /**
   * Scores this many candidates again, as SearchOptions.rerank says; fetch gives the vectors of ids, in that order. It may
   * use the index as it likes: the answer of the search that asks is that of before.
   */
  readonly rerank?:
    | { readonly candidates: number; readonly fetch?: (ids: readonly RecordId[]) => Vectors }
    | false;
  /** Records that may be found: an expression over metadata, a predicate, ids, or what index.filter made of these. */
  readonly filter?: RecordFilter<M>;
}

/** A record as get gives it. */
export interface VectorRecord<M = JsonValue> {
  readonly id: RecordId;
  readonly metadata: M | undefined;
}

/** How an index does. */
export interface VectorReport {
  readonly n: number;
  /** Rows of deleted records and of older versions, whose memory a compaction gives back. */
  readonly dead: number;
  readonly isTrained: boolean;
  /** Vectors there were when codes were trained; 0 before. */
  readonly trainedOn: number;
  /**
   * Share, 0 to 1, of the energy that codes of vectors added since training lose which those of training did not: 0.5 means
   * that new vectors lose twice as much. undefined before there are such vectors.
   */
  readonly drift: number | undefined;
  /** What a training that was due ended with, where that was an error. */
  readonly trainingError: Error | undefined;
  readonly bytes: {
    /** Codes, row numbers, lists and centroids, and secondary codes: in the core's memory. */
    readonly codes: number;
    readonly keptVectors: number;
    readonly ids: number;
    readonly metadata: number;
    readonly indexed: number;
  };
}

export const ROWS: OptionTable<VectorRows> = { ids: 'any', vectors: 'any', metadata: 'any' };
export const CHANGE: OptionTable<VectorChange> = { vector: 'any', metadata: 'any' };
const { allowed: _, ...SHARED } = SEARCH_OPTIONS;
export const SEARCH: OptionTable<VectorSearchOptions> = { ...SHARED, filter: 'any' };
