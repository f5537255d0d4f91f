/** Options of a search in an index in memory. */
import {
  checkInteger,
  checkLength,
  checkNumber,
  checkOneOf,
  checkOptions,
  type OptionTable,
  type Vectors,
} from '@sagitta/core-wasm';
import { type AllowedRows, wordsFor } from '../search/slot-set.ts';

/**
 * Gives vectors for exact rerank: ids → ids.length × d values (or as many arrays of d numbers), in that order. It may use
 * the index as it likes, also search, add to or dispose of it: the answer of the search that asks is that of before.
 */
export type VectorFetch = (ids: Uint32Array) => Vectors;

/** How much of codes is read. */
export type Precision = 'full' | 'head';
/** Widest search in a graph. */
const MAX_EF = 1_048_576;
const PRECISIONS: readonly Precision[] = ['full', 'head'];

/** Says how an index of rows is searched: how far, how exactly, among which. */
export interface SearchOptions {
  /**
   * Lists to visit, default 16, at most nlist. From 2,048 lists on the nearest are looked for among groups of them, by `l2` and
   * `cosine`: in half the time, and now and then one is missed.
   */
  readonly nprobe?: number;
  /**
   * Width of the search in a graph: how many of the best vectors met it goes on from. Default 2·k, at least 40; never below the
   * results or candidates that are wanted. Wider finds more and takes longer.
   */
  readonly ef?: number;
  /**
   * How much of codes a search in a graph reads: 'full' (default), or 'head', the leading dimensions alone, whose scores are
   * rougher: with a rerank, the fastest search there is.
   */
  readonly precision?: Precision;
  /**
   * How much of its bound a vector is given before the rest of its code is left unread; default 1, at which recall is within
   * .0005 of that of reading every code, at any bits (docs/algorithms/saq.md). Smaller is faster and loses vectors, larger
   * is slower, 1000 reads every code. Has no effect on float32 indexes.
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
  ef: 'number',
  precision: 'string',
  gamma: 'number',
  rerank: 'any',
  allowed: 'any',
  statistics: 'boolean',
};
/** n — rows there are. @throws TypeError, RangeError naming the option; nprobe is left to the index */
export function checkSearchOptions(options: SearchOptions, n: number): void {
  checkOptions('options', options, SEARCH_OPTIONS);
  const { rerank, gamma, ef, precision, allowed } = options;
  if (rerank) checkOptions('rerank', rerank, RERANK_OPTIONS);
  if (gamma !== undefined) checkNumber('gamma', gamma, 0, 1e6);
  if (ef !== undefined) checkInteger('ef', ef, 1, MAX_EF);
  if (precision !== undefined) checkOneOf('precision', precision, PRECISIONS);
  if (allowed) checkAllowed(allowed, n);
}

function checkAllowed({ words, count }: AllowedRows, n: number): void {
  if (!(words instanceof Uint32Array)) {
    throw new TypeError(`"allowed.words" expected a Uint32Array, got ${typeof words}`);
  }
  checkLength('allowed.words', words.length, wordsFor(n), 'a word for each 32 rows');
  checkInteger('allowed.count', count, 0, n);
}

export const RERANK_OPTIONS: OptionTable<Exclude<SearchOptions['rerank'], false | undefined>> = {
  candidates: 'number',
  fetch: 'function',
};
