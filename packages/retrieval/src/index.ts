/**
 * Flat and IVF search over quantized vectors.
 *
 * @module
 */
export { type Candidate, candidatesAt } from './candidates.ts';
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
  SecondaryCodes,
  type SecondaryOptions,
  saveIndex,
  trainIndex,
  type VectorFetch,
} from './ivf/index.ts';
export { loadIndex } from './load-index.ts';
export { type PcaReport, type PcaReportOptions, type PcaReportRow, pcaReport } from './pca-report.ts';
export { recallAtK } from './recall.ts';
export { type Recommendation, type RecommendOptions, recommend } from './recommend.ts';
export { type BatchSearchResult, NO_ID, type SearchResult, type SearchStatistics } from './search-result.ts';
