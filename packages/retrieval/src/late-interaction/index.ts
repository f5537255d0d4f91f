/**
 * Late interaction: an index of token sets over FDEs and MaxSim.
 *
 * @module
 */

export { AllowedDocuments, type DocumentFilter, type DocumentPredicate } from '../records/filter.ts';
export { type DocumentId, DocumentIds } from '../records/ids.ts';
export type { JsonValue } from '../records/metadata.ts';
export { type DocumentRow, DocumentTable } from '../records/records.ts';
export { type BudgetOptions, type Budgets, budgetsOf, shortQueryFactor } from '../search/budgets.ts';
export { type Clock, type MultiVectorStatistics, STAGES, type Stage } from '../search/statistics.ts';
export { type CarvedQuery, carveBalls } from './ball-carving.ts';
export { buildMultiVectorIndex, type MultiVectorOptions, trainMultiVectorIndex } from './build.ts';
export type { DocumentStores, MultiVectorBytes } from './document-stores.ts';
export { FdeLists } from './fde-lists.ts';
export { multiVectorPieces, saveMultiVectorIndex, snapshotMultiVectorIndex } from './format.ts';
export { loadMultiVectorIndex } from './load.ts';
export {
  type MultiVectorChange,
  type MultiVectorDocuments,
  MultiVectorIndex,
  type MultiVectorParts,
  type MultiVectorSearchOptions,
} from './multi-vector-index.ts';
export type { EncodedQuery, MultiVectorQuery } from './query.ts';
export type {
  MultiVectorExplanation,
  MultiVectorHit,
  MultiVectorResult,
  TokenMatch,
} from './results.ts';
