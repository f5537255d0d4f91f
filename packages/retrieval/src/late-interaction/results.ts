/** What searches of a MultiVectorIndex return. */
import type { DocumentId } from '../records/ids.ts';
import type { JsonValue } from '../records/metadata.ts';
import type { MultiVectorStatistics } from '../search/statistics.ts';

export interface MultiVectorResult {
  /** min(k, n found) ids, best first; ties go to the lower id, numbers before strings. */
  readonly ids: readonly DocumentId[];
  /** MaxSim with each, from the finest tokens kept; larger is better. */
  readonly scores: Float32Array;
  /** Only where asked for. */
  readonly statistics?: MultiVectorStatistics;
}

export interface MultiVectorHit {
  readonly id: DocumentId;
  /** MaxSim. */
  readonly similarity: number;
  readonly metadata: JsonValue | undefined;
}

export interface TokenMatch {
  /** Positions in the query and in the document. */
  readonly queryToken: number;
  readonly documentToken: number;
  /** Of the two, without the weight. */
  readonly similarity: number;
  readonly weight: number;
}

export interface MultiVectorExplanation {
  readonly id: DocumentId;
  /** MaxSim: Σ weight · similarity; -Infinity for a document without tokens. */
  readonly similarity: number;
  /** One for each query token, in its order; none for a document without tokens. */
  readonly matches: readonly TokenMatch[];
}
