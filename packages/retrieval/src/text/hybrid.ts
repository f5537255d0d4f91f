/**
 * Several searches as one: hits by words, by vectors, by tokens, fused by their ranks (../evaluation/rank-fusion.ts). Scores of
 * different searches are not comparable; ranks are.
 */
import { checkInteger } from '@sagitta/core-wasm';
import { fuseRankings, type RankFusionOptions } from '../evaluation/rank-fusion.ts';
import type { RecordId } from '../records/ids.ts';
import type { JsonValue } from '../records/json.ts';

/** A hit of any search. */
export interface RankedHit<M = JsonValue> {
  readonly id: RecordId;
  readonly metadata?: M | undefined;
}

/** A hit of several searches. */
export interface FusedHit<M = JsonValue> {
  readonly id: RecordId;
  /** Sum over the searches of weight/(offset + rank); comparable within one fusion only. */
  readonly fused: number;
  /** Of the first search that has it. */
  readonly metadata: M | undefined;
}

/**
 * Fuses hits of several searches, each best first: the k best of everything that stands in any of them. Ask each search for
 * more than k, about 100: what is far down in one may be near the top of another.
 * @throws RangeError on an id that stands twice in one search, or options out of range
 * @example
 * const hits = fuseHits([words.search(question, 100), vectors.search(model.embed([question]), 100)], 10);
 */
export function fuseHits<M = JsonValue>(
  searches: readonly (readonly RankedHit<M>[])[],
  k: number,
  options: RankFusionOptions = {},
): FusedHit<M>[] {
  const count = checkInteger('k', k, 0, Number.MAX_SAFE_INTEGER);
  const metadata = new Map<RecordId, M | undefined>();
  for (const hits of searches) {
    for (const hit of hits) if (!metadata.has(hit.id)) metadata.set(hit.id, hit.metadata);
  }
  const rankings = searches.map((hits) => hits.map(({ id }) => id));
  return fuseRankings(rankings, options)
    .slice(0, count)
    .map(({ id, score }) => ({ id, fused: score, metadata: metadata.get(id) }));
}
