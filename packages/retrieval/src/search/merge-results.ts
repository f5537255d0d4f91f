/** The best k of the answers of several shards, or of several parts of a collection. */
import { isSmallerBetter, type Metric } from '@sagitta/core-wasm';
import type { SearchResult } from './search-result.ts';

/** An answer, best first, and how its ids are said in the ids of all shards; the mapping keeps their order. */
export interface ShardAnswer extends Pick<SearchResult, 'ids' | 'scores'> {
  globalId(id: number): number;
}

/** min(k, all there are) pairs, best first; ties go to the lower id, as in one index. */
export function mergeResults(answers: readonly ShardAnswer[], k: number, metric: Metric): SearchResult {
  const sign = isSmallerBetter(metric) ? 1 : -1;
  const size = Math.min(
    k,
    answers.reduce((sum, { ids }) => sum + ids.length, 0),
  );
  const ids = new Uint32Array(size);
  const scores = new Float32Array(size);
  const heads = new Uint32Array(answers.length);
  for (let out = 0; out < size; out++) {
    let best = -1;
    let bestId = 0;
    let bestScore = 0;
    for (const [i, answer] of answers.entries()) {
      const head = heads[i] as number;
      if (head >= answer.ids.length) continue;
      const score = sign * (answer.scores[head] as number);
      const id = answer.globalId(answer.ids[head] as number);
      if (best >= 0 && (score > bestScore || (score === bestScore && id > bestId))) continue;
      best = i;
      bestId = id;
      bestScore = score;
    }
    ids[out] = bestId;
    scores[out] = sign * bestScore;
    heads[best] = (heads[best] as number) + 1;
  }
  return { ids, scores };
}
