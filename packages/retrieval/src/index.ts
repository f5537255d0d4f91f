/**
 * Flat and IVF search over quantized vectors; multi-vector search over fixed dimensional encodings and MaxSim.
 *
 * @module
 */

export {
  type ChooseIndexOptions,
  type ChosenCodes,
  chooseIndex,
  type GraphStructure,
  type IndexChoice,
  type IndexStructure,
  type ScanStructure,
} from './advice/choose-index.ts';
export { type PcaReport, type PcaReportOptions, type PcaReportRow, pcaReport } from './advice/pca-report.ts';
export {
  type Recommendation,
  type Recommendations,
  type RecommendOptions,
  type RecommendProgress,
  recommend,
} from './advice/recommend.ts';
export {
  type IndexFigures,
  type IndexRecommendation,
  type RecommendIndexOptions,
  recommendIndex,
} from './advice/recommend-index.ts';
export type { Compaction } from './columns/compaction.ts';
export { recallAtK } from './evaluation/recall.ts';
export type { SizedRecall } from './evaluation/recall-at-size.ts';
export {
  type ByteRange,
  type ByteSource,
  blobSource,
  bytesSource,
  sourceChunks,
} from './files/byte-source.ts';
export type { ByteChunks } from './files/byte-stream.ts';
export {
  type IndexReader,
  type LoadFromOptions,
  loadIndex,
  loadIndexFrom,
  readIndex,
} from './files/load-index.ts';
export {
  type OpenIndexOptions,
  openIndex,
  PagedIndex,
  type PagedSearchOptions,
  type ReadStatistics,
} from './files/paged-index.ts';
export {
  buildFlat,
  buildGraph,
  buildIndex,
  buildIvf,
  type FlatMethodOptions,
  type GraphChoice,
  type GraphIndexOptions,
  type GraphMethod,
  type GraphOptions,
  graph,
  type IndexKind,
  type IndexOptions,
  IvfIndex,
  type IvfMethodOptions,
  type IvfOptions,
  indexPieces,
  knnGraph,
  type MethodIndexOptions,
  type Precision,
  type SavedIndex,
  type SearchOptions,
  type SecondaryOptions,
  saveIndex,
  snapshotIndex,
  trainGraph,
  trainIndex,
  type VectorFetch,
} from './ivf/index.ts';
export {
  createTokenStore,
  maxsim,
  maxsimRerank,
  type QueryTokens,
  type TokenEncoding,
  type TokenMetric,
  type TokenStore,
} from './maxsim/index.ts';
export {
  AllowedRecords,
  buildMultiVectorIndex,
  type CreateMultiVectorOptions,
  createMultiVectorIndex,
  type FdeIndexKind,
  type FdeIndexMethod,
  fdeIndexes,
  type JsonValue,
  type LoadMultiVectorOptions,
  loadMultiVectorIndex,
  loadMultiVectorIndexFrom,
  type MultiVectorChange,
  type MultiVectorDocuments,
  type MultiVectorExplanation,
  type MultiVectorHit,
  MultiVectorIndex,
  type MultiVectorOptions,
  type MultiVectorQuery,
  type MultiVectorResult,
  type MultiVectorSearchOptions,
  type MultiVectorStatistics,
  multiVectorPieces,
  openMultiVectorIndex,
  PagedMultiVectorIndex,
  type PagedMultiVectorSearchOptions,
  type RecordExpression,
  type RecordFilter,
  type RecordId,
  type RecordPredicate,
  saveMultiVectorIndex,
  snapshotMultiVectorIndex,
  type TokenMatch,
  trainMultiVectorIndex,
} from './multi-vector-index/index.ts';
export {
  type FdeEncoder,
  type FdeEncoding,
  type LearnedOptions,
  MuveraFde,
  type MuveraOptions,
  type MuveraPreset,
  muveraPreset,
  type RegressionOptions,
  type RegressionProgress,
  type RegressionStreamOptions,
  readFdeEncoder,
  type SplitOptions,
  trainLearnedFde,
  trainRegressionFde,
  trainRegressionFdeFrom,
  trainSplitFde,
  writeFdeEncoder,
} from './muvera/index.ts';
export type { FieldCondition, FieldOperators } from './records/expression.ts';
export type { DistanceHit, FoundIds, Hit, HitOf, SimilarityHit } from './search/hits.ts';
export {
  type BatchSearchResult,
  type GraphStatistics,
  NO_ID,
  type SearchResult,
  type SearchStatistics,
} from './search/search-result.ts';
export type { AllowedRows } from './search/slot-set.ts';
export {
  buildVectorIndex,
  createVectorIndex,
  loadVectorIndex,
  loadVectorIndexFrom,
  openVectorIndex,
  PagedVectorIndex,
  type PagedVectorSearchOptions,
  type VectorChange,
  VectorIndex,
  type VectorIndexOptions,
  type VectorRecord,
  type VectorReport,
  type VectorRows,
  type VectorSearchOptions,
} from './vector-index/index.ts';
