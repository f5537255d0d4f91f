/**
 * Late interaction: an index of token sets over FDEs and MaxSim.
 *
 * @module
 */

export type { FieldCondition, FieldOperators, RecordExpression } from '../records/expression.ts';
export { AllowedRecords, type RecordFilter, type RecordPredicate } from '../records/filter.ts';
export type { RecordId } from '../records/ids.ts';
export type { JsonValue } from '../records/json.ts';
export type { MultiVectorStatistics } from '../search/statistics.ts';
export {
  buildMultiVectorIndex,
  type CreateMultiVectorOptions,
  createMultiVectorIndex,
  type MultiVectorOptions,
  trainMultiVectorIndex,
} from './build.ts';
export type {
  MultiVectorChange,
  MultiVectorDocuments,
  MultiVectorSearchOptions,
} from './documents.ts';
export { FDE_INDEXES, type FdeIndexKind } from './fde-index.ts';
export { fdeIndexes } from './fde-index-method.ts';
export type { FdeIndexMethod } from './fde-index-options.ts';
export { multiVectorPieces, saveMultiVectorIndex, snapshotMultiVectorIndex } from './format.ts';
export {
  type LoadMultiVectorOptions,
  loadMultiVectorIndex,
  loadMultiVectorIndexFrom,
} from './load.ts';
export { MultiVectorIndex } from './multi-vector-index.ts';
export {
  type OpenMultiVectorOptions,
  openMultiVectorIndex,
  PagedMultiVectorIndex,
  type PagedMultiVectorSearchOptions,
} from './paged-multi-vector-index.ts';
export type { MultiVectorQuery } from './query.ts';
export type {
  MultiVectorExplanation,
  MultiVectorHit,
  MultiVectorResult,
  TokenMatch,
} from './results.ts';
