/** What a MultiVectorIndex is given: documents, changes, and options of a search. */
import {
  boundedTokenSet,
  type OptionTable,
  type TokenSet,
  type TokenSetInput,
  tokenSet,
  type Vectors,
} from '@sagitta/core-wasm';
import type { TokenMetric } from '../maxsim/index.ts';
import type { RecordFilter } from '../records/filter.ts';
import type { RecordId } from '../records/ids.ts';
import type { JsonValue } from '../records/json.ts';
import type { BudgetOptions } from '../search/budgets.ts';

/** Documents for add and upsert. */
export interface MultiVectorDocuments<M = JsonValue> {
  /** One id a document, each once; default: the numbers from one above the largest number so far, 0 at first. */
  readonly ids?: readonly RecordId[];
  /** As many sets of d-dimensional tokens, for 'ip' of lengths up to 2^56; empty ones are kept and never found. */
  readonly tokens: TokenSetInput;
  /** As many JSON values or undefined, copied. */
  readonly metadata?: readonly (M | undefined)[];
}

/** What a document gets anew. */
export interface MultiVectorChange<M = JsonValue> {
  /** m × d numbers or m arrays of d, copied. */
  readonly tokens?: Vectors;
  readonly metadata?: M;
}

/** What a search may ask for. */
export interface MultiVectorSearchOptions<M = JsonValue> extends BudgetOptions {
  /** Documents that may be found: an expression over metadata, a predicate, ids, or what index.filter made of these. */
  readonly filter?: RecordFilter<M>;
  /** A filter that leaves at most this many documents goes straight to MaxSim with each. Default 5,000. */
  readonly exactBelow?: number;
  /** MaxSim with every allowed document. Default false. */
  readonly exact?: boolean;
  /** τ of ball carving: query tokens of at least this dot share one vector in the rerank. Default: no carving. */
  readonly ballCarving?: number;
  /** What to do with queries of fewer than four tokens: more candidates by default ('overfetch'), 'exact', or 'same'. */
  readonly shortQueries?: 'overfetch' | 'exact' | 'same';
  /** Lists to visit where FDEs are in lists. Default 16. */
  readonly nprobe?: number;
  /** Width of the search where FDEs are in a graph. Default twice the candidates, at least 40. */
  readonly ef?: number;
  /** Adds statistics to what searchIds gives; hits have none. */
  readonly statistics?: boolean;
}

/** The names of search options, whatever the type of metadata. */
export type SearchOptionNames = Omit<MultiVectorSearchOptions, 'filter'> & { readonly filter?: unknown };

export const SEARCH_OPTIONS: OptionTable<SearchOptionNames> = {
  candidates: 'number',
  fdeRescore: 'number',
  rerank: 'number',
  refine: 'number',
  filter: 'any',
  exactBelow: 'number',
  exact: 'boolean',
  ballCarving: 'number',
  shortQueries: 'string',
  nprobe: 'number',
  ef: 'number',
  statistics: 'boolean',
};
export const DOCUMENTS: OptionTable<MultiVectorDocuments> = { ids: 'any', tokens: 'any', metadata: 'any' };
export const CHANGE: OptionTable<MultiVectorChange> = { tokens: 'any', metadata: 'any' };

/** @throws TypeError, RangeError on tokens of another d, with NaN or, for 'cosine', of length 0 */
export function checkDocumentTokens(tokens: TokenSetInput, d: number, metric: TokenMetric): TokenSet {
  const check = metric === 'cosine' ? tokenSet : boundedTokenSet;
  const set = check(tokens.data, tokens.offsets, tokens.d);
  if (set.d !== d) throw new RangeError(`"tokens" expected d = ${d}, got ${set.d}`);
  if (metric !== 'cosine') return set;
  for (let row = 0; row < set.data.length; row += d) {
    let at = row;
    while (at < row + d && set.data[at] === 0) at++;
    if (at < row + d) continue;
    throw new RangeError(
      `"tokens" expected rows of length above 0 (strip padding), got zeros in row ${row / d}`,
    );
  }
  return set;
}
