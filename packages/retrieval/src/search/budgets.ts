/** How many documents each stage of a search hands to the next. */
import { checkInteger } from '@sagitta/core-wasm';

/** What a search may ask for; see budgetsOf for the defaults. */
export interface BudgetOptions {
  /** Documents that the scan of FDE codes hands on. */
  readonly candidates?: number;
  /** Of these, documents scored again by the finer FDEs, where the index keeps them. */
  readonly fdeRescore?: number;
  /** Of these, documents scored by MaxSim. */
  readonly rerank?: number;
  /**
   * Of these, documents whose MaxSim is computed from every query token and the finest tokens kept; only where the
   * rerank was made of carved queries or coarser tokens.
   */
  readonly refine?: number;
}

/** Says how many documents each stage of a search looks at. */
export interface Budgets {
  readonly candidates: number;
  /** 0: no such stage. */
  readonly fdeRescore: number;
  readonly rerank: number;
  /** 0: no such stage. */
  readonly refine: number;
}

export const MAX_BUDGET = 16_777_216;

/** Queries with fewer tokens find little by their FDE; see shortQueryFactor. */
export const SHORT_QUERY_TOKENS = 4;

/**
 * An FDE's noise averages out over query tokens, so that short queries need more candidates: 8 for one token, 4 for
 * two, 3 for three, 1 from four on.
 */
export function shortQueryFactor(tokens: number): number {
  return tokens < SHORT_QUERY_TOKENS ? Math.ceil(8 / tokens) : 1;
}

/**
 * Budgets as asked for, else: rerank max(4k, 100); fdeRescore max(6·rerank, 1024); candidates max(10k, 200), at least
 * what the next stage takes; refine max(2k, 32). Defaults are multiplied by `factor`; none is below k, and no stage
 * takes more than the one before it gives.
 */
export function budgetsOf(
  k: number,
  asked: BudgetOptions,
  stages: { readonly hasFinerFdes: boolean; readonly hasRefine: boolean; readonly factor: number },
): Budgets {
  const { hasFinerFdes, hasRefine, factor } = stages;
  const pick = (name: keyof BudgetOptions, standard: number): number => {
    const value = asked[name];
    const budget = value === undefined ? standard : checkInteger(name, value, 1, MAX_BUDGET);
    return Math.min(MAX_BUDGET, Math.max(k, budget));
  };
  const rerank = pick('rerank', factor * Math.max(4 * k, 100));
  const fdeRescore = pick('fdeRescore', Math.max(6 * rerank, factor * 1024));
  const next = hasFinerFdes ? fdeRescore : rerank;
  const candidates = pick('candidates', Math.max(next, factor * Math.max(10 * k, 200)));
  const rescored = Math.min(fdeRescore, candidates);
  const reranked = Math.min(rerank, hasFinerFdes ? rescored : candidates);
  const refine = pick('refine', Math.max(2 * k, 32));
  return {
    candidates,
    fdeRescore: hasFinerFdes ? rescored : 0,
    rerank: reranked,
    refine: hasRefine ? Math.min(refine, reranked) : 0,
  };
}
