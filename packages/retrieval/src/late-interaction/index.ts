/**
 * Late interaction: an index of token sets over FDEs and MaxSim.
 *
 * @module
 */
export { type CarvedQuery, carveBalls } from './ball-carving.ts';
export { type BudgetOptions, type Budgets, budgetsOf, shortQueryFactor } from './budgets.ts';
export { buildMultiVectorIndex, type MultiVectorOptions, trainMultiVectorIndex } from './build.ts';
export { AllowedDocuments, type DocumentFilter, type DocumentPredicate } from './document-filter.ts';
export { type DocumentId, DocumentIds } from './document-ids.ts';
export type { DocumentStores, MultiVectorBytes } from './document-stores.ts';
export { type DocumentRow, DocumentTable } from './document-table.ts';
export { FdeLists } from './fde-lists.ts';
export { multiVectorPieces, saveMultiVectorIndex, snapshotMultiVectorIndex } from './format.ts';
export { loadMultiVectorIndex } from './load.ts';
export type { JsonValue } from './metadata.ts';
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
export { type Clock, type MultiVectorStatistics, STAGES, type Stage } from './statistics.ts';
