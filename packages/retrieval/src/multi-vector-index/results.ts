/** What searches of a MultiVectorIndex return. */
import type { MaxsimExplanation, QueryTokens } from '../maxsim/token-store.ts';
import type { RecordId } from '../records/ids.ts';
import type { JsonValue } from '../records/json.ts';
import type { MultiVectorStatistics } from '../search/statistics.ts';

/** Documents that were found, without objects. */
export interface MultiVectorResult {
  /** min(k, n found) ids, best first; ties go to the lower id, numbers before bigints before strings. */
  readonly ids: readonly RecordId[];
  /** MaxSim with each, from the finest tokens kept; larger is better. */
  readonly scores: Float32Array;
  /** Only where asked for. */
  readonly statistics?: MultiVectorStatistics;
}

/** A document that was found. */
export interface MultiVectorHit<M = JsonValue> {
  readonly id: RecordId;
  /** MaxSim. */
  readonly similarity: number;
  readonly metadata: M | undefined;
}

/** The token of a document that is nearest to one of the query. */
export interface TokenMatch {
  /** Positions in the query and in the document. */
  readonly queryToken: number;
  readonly documentToken: number;
  /** Of the two, without the weight. */
  readonly similarity: number;
  readonly weight: number;
}

/** Why a document was found. */
export interface MultiVectorExplanation {
  readonly id: RecordId;
  /** MaxSim: Σ weight · similarity; -Infinity for a document without tokens. */
  readonly similarity: number;
  /** One for each query token, in its order; none for a document without tokens. */
  readonly matches: readonly TokenMatch[];
}

/** Token by token, of what a store says. */
export function explained(
  id: RecordId,
  query: QueryTokens,
  { similarity, tokens, similarities }: MaxsimExplanation,
): MultiVectorExplanation {
  const matches = Array.from(tokens, (documentToken, queryToken) => ({
    queryToken,
    documentToken,
    similarity: similarities[queryToken] as number,
    weight: query.weights?.[queryToken] ?? 1,
  }));
  return { id, similarity, matches };
}
