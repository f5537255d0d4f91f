/**
 * Vectors with ids and metadata that come and go.
 *
 * @module
 */
export { buildVectorIndex, createVectorIndex } from './create.ts';
export { loadVectorIndex, loadVectorIndexFrom } from './load.ts';
export type { VectorIndexOptions } from './options.ts';
export {
  openVectorIndex,
  PagedVectorIndex,
  type PagedVectorSearchOptions,
} from './paged-vector-index.ts';
export type {
  VectorChange,
  VectorRecord,
  VectorReport,
  VectorRows,
  VectorSearchOptions,
} from './types.ts';
export { VectorIndex } from './vector-index.ts';
