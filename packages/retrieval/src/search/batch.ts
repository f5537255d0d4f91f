/** Answers of many queries as rows of k. */
import { checkInteger, isSmallerBetter, type Metric } from '@sagitta/core-wasm';
import { type BatchSearchResult, MAX_K, NO_ID, type SearchResult } from './search-result.ts';

/**
 * Makes room for the answers of nq queries: nothing but padding, NO_ID and the metric's worst score.
 * @throws RangeError if k is no integer from 1 to MAX_K
 */
export function paddedBatch(metric: Metric, nq: number, k: number): BatchSearchResult {
  checkInteger('k', k, 1, MAX_K);
  const worst = isSmallerBetter(metric) ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return { k, ids: new Uint32Array(nq * k).fill(NO_ID), scores: new Float32Array(nq * k).fill(worst) };
}

/** Puts an answer into row `first`, or the rows of a batch of the same k from there on. */
export function putAnswers(
  batch: BatchSearchResult,
  first: number,
  found: Pick<SearchResult, 'ids' | 'scores'>,
): void {
  batch.ids.set(found.ids, first * batch.k);
  batch.scores.set(found.scores, first * batch.k);
}
