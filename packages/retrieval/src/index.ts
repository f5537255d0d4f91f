/**
 * Flat and IVF search over quantized vectors.
 *
 * @module
 */
export { type Candidate, candidatesAt } from './candidates.ts';
export {
  averagePrecisionOf,
  type Evaluation,
  type EvaluationOptions,
  evaluateRankings,
  type FusedDocument,
  fuseRankings,
  GAINS,
  type Gain,
  type Judgements,
  type Measure,
  ndcgOf,
  parseMeasure,
  parseQrels,
  type Qrels,
  type RankFusionOptions,
  type Rankings,
  recallOf,
  reciprocalRankOf,
} from './evaluation/index.ts';
export {
  buildFlat,
  buildIvf,
  FloatCodec,
  INDEX_QUANTIZERS,
  type IndexOptions,
  type IndexQuantizer,
  type InvertedList,
  InvertedLists,
  IvfIndex,
  type IvfOptions,
  type IvfParts,
  indexPieces,
  type ListCodec,
  type Probe,
  QuantizerCodec,
  SaqCodec,
  type SavedLists,
  type SearchOptions,
  saveIndex,
  trainIndex,
  type VectorFetch,
} from './ivf/index.ts';
export {
  AllowedDocuments,
  type BudgetOptions,
  type Budgets,
  budgetsOf,
  type CarvedQuery,
  type Clock,
  carveBalls,
  type DocumentFilter,
  type DocumentId,
  type DocumentPredicate,
  type DocumentStores,
  type EncodedQuery,
  type JsonValue,
  type MultiVectorBytes,
  type MultiVectorDocuments,
  type MultiVectorExplanation,
  type MultiVectorHit,
  MultiVectorIndex,
  type MultiVectorParts,
  type MultiVectorQuery,
  type MultiVectorResult,
  type MultiVectorSearchOptions,
  type MultiVectorStatistics,
  type Stage,
  shortQueryFactor,
  type TokenMatch,
} from './late-interaction/index.ts';
export { loadIndex } from './load-index.ts';
export type { TokenMetric } from './maxsim/index.ts';
export { recallAtK } from './recall.ts';
export { type Recommendation, type RecommendOptions, recommend } from './recommend.ts';
export { type BatchSearchResult, NO_ID, type SearchResult, type SearchStatistics } from './search-result.ts';
