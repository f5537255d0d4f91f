/** Options of a search in an index in memory. */
import type { OptionTable, Vectors } from '@sagitta/core-wasm';
import type { AllowedRows } from '../search/slot-set.ts';

/**
 * Gives vectors for exact rerank: ids → ids.length × d values (or as many arrays of d numbers), in that order. It may use
 * the index as it likes, also search, add to or dispose of it: the answer of the search that asks is that of before.
 */
export type VectorFetch = (ids: Uint32Array) => Vectors;

/** Says how an index of rows is searched: how far, how exactly, among which. */
export interface SearchOptions {
  /** Lists to visit, default 16, at most nlist. */
  readonly nprobe?: number;
  /**
   * How much of its bound a vector is given before the rest of its code is left unread; default 1. Smaller is faster and
   * loses vectors, larger is slower, 1000 reads every code. Has no effect on float32 indexes.
   */
  readonly gamma?: number;
  /**
   * Scores this many candidates again: exactly from `fetch` or kept vectors, else from secondary codes, else, where codes
   * have two levels (lvq with secondBits), the lists are scanned by the first and candidates scored by both. Where there
   * are secondary codes the default is ten times k; false leaves them unread.
   */
  readonly rerank?: { readonly candidates: number; readonly fetch?: VectorFetch } | false;
  /**
   * Rows that may be found. Lists are visited beyond nprobe until as many allowed rows were met as lists hold rows
   * elsewhere, so a filter costs no recall.
   */
  readonly allowed?: AllowedRows;
  /** Adds statistics to the result. */
  readonly statistics?: boolean;
}

export const SEARCH_OPTIONS: OptionTable<SearchOptions> = {
  nprobe: 'number',
  gamma: 'number',
  rerank: 'any',
  allowed: 'any',
  statistics: 'boolean',
};
export const RERANK_OPTIONS: OptionTable<Exclude<SearchOptions['rerank'], false | undefined>> = {
  candidates: 'number',
  fetch: 'function',
};
