/** What searches of indexes with records return: one shape for all of them. */
import type { Metric } from '@sagitta/core-wasm';
import type { RecordId } from '../records/ids.ts';
import type { JsonValue } from '../records/json.ts';
import type { SearchStatistics } from './search-result.ts';

/** One answer of a search where larger is better. */
export interface SimilarityHit<M = JsonValue> {
  readonly id: RecordId;
  /** Inner product; for 'cosine' the cosine. */
  readonly similarity: number;
  readonly metadata: M | undefined;
}

/** One answer of a search where smaller is better. */
export interface DistanceHit<M = JsonValue> {
  readonly id: RecordId;
  /** Squared distance. */
  readonly distance: number;
  readonly metadata: M | undefined;
}

/** One answer of a search, whatever the metric. */
export type Hit<M = JsonValue> = SimilarityHit<M> | DistanceHit<M>;

/** Are the hits of an index by its metric. */
export type HitOf<M, S extends Metric> = S extends 'l2' ? DistanceHit<M> : SimilarityHit<M>;

/** The hits of slots: with their ids and metadata, and the score by its name. */
export function hitsOf<M, S extends Metric>(
  metric: S,
  recordAt: (slot: number) => { readonly id: RecordId; readonly metadata: M | undefined },
  slots: Uint32Array,
  scores: Float32Array,
): HitOf<M, S>[] {
  return Array.from(slots, (slot, i) => {
    const score = scores[i] as number;
    const { id, metadata } = recordAt(slot);
    const hit: Hit<M> =
      metric === 'l2' ? { id, distance: score, metadata } : { id, similarity: score, metadata };
    // of the two the one that HitOf chooses by the type of the metric
    return hit as HitOf<M, S>;
  });
}

/** Ids and scores of a search, for those who want no objects. */
export interface FoundIds {
  /** Best first; ties go to what was added first. */
  readonly ids: readonly RecordId[];
  /** l2: squared distances, ascending. ip and cosine: similarities, descending. */
  readonly scores: Float32Array;
  /** Only where asked for. */
  readonly statistics?: SearchStatistics;
}
