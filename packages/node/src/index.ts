/**
 * Sagitta for Node: index files, readers and writers of vector files, exact neighbours and measurements, and the parts
 * of the packages below that most programs need.
 *
 * @module
 */
export {
  BusyError,
  CapacityError,
  type Core,
  type CreateCoreOptions,
  createCore,
  FormatError,
  type Metric,
  type Snapshot,
  type TokenSet,
  UnsupportedError,
  type VectorSet,
} from '@sagitta/core-wasm';
export {
  type BatchSearchResult,
  buildFlat,
  buildGraph,
  buildIvf,
  buildVectorIndex,
  createVectorIndex,
  type GraphIndexOptions,
  type IndexOptions,
  IvfIndex,
  type IvfOptions,
  indexPieces,
  loadIndex,
  NO_ID,
  recallAtK,
  type SearchOptions,
  type SearchResult,
  type SearchStatistics,
  saveIndex,
  snapshotIndex,
  trainGraph,
  trainIndex,
  type VectorFetch,
  VectorIndex,
  type VectorIndexOptions,
} from '@sagitta/retrieval';
export { installInterruptCleanup, writeFileAtomic } from './atomic-file.ts';
export { type BarChart, type BarSeries, barChartSvg } from './charts/bar-chart.ts';
export { type ChartPoint, type ChartSeries, type LineChart, lineChartSvg } from './charts/line-chart.ts';
export type { ScaleType } from './charts/scale.ts';
export { type BoundPoint, bitsAboveBound, errorBound } from './compare/bound.ts';
export { type CompareOptions, type Comparison, compareQuantizers } from './compare/compare.ts';
export type { ComparisonRow } from './compare/measure.ts';
export { aboveBound, comparisonChart, comparisonHtml, type ReportHead } from './compare/report.ts';
export { type ExactNeighbors, type ExactNeighborsOptions, exactNeighbors } from './exact-neighbors.ts';
export { fileSource } from './file-source.ts';
export { FORMAT_NAMES, type FormatName, TOKEN_SET_FORMATS, VECTOR_FORMATS } from './formats.ts';
export {
  loadIndexFile,
  loadMultiVectorIndexFile,
  loadVectorIndexFile,
  openIndexFile,
  openVectorIndexFile,
  saveIndexFile,
  saveMultiVectorIndexFile,
} from './index-file.ts';
export { type MeasureOptions, measureSearch, type SearchMeasurement } from './measure-search.ts';
export { type Batch, readBatches } from './readers/batches.ts';
export { type MatrixI32, type ReadMatrixOptions, readMatrixI32 } from './readers/matrix-i32.ts';
export { memorySource } from './readers/memory-source.ts';
export { formatOf, type OpenVectorsOptions, openVectors, type VectorFormat } from './readers/open-vectors.ts';
export {
  isRandomAccess,
  type RandomVectorSource,
  readAll,
  type VectorSource,
} from './readers/vector-source.ts';
export { type RelativeError, type RelativeErrorOptions, relativeError } from './relative-error.ts';
export {
  type OpenTokenSetsOptions,
  openTokenSets,
  type TokenSetFormat,
  tokenSetFormatOf,
} from './token-sets/open-token-sets.ts';
export {
  type AllTokenSets,
  readAllTokenSets,
  type TokenSetBatch,
  type TokenSetSource,
} from './token-sets/token-set-source.ts';
export { writeIvecs } from './writers/ivecs.ts';
export { type MvecsCounts, type WriteMvecsOptions, writeMvecs } from './writers/mvecs.ts';
export { writeNpy } from './writers/npy.ts';
