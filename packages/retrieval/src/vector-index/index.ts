/**
 * Vectors with ids and metadata that come and go.
 *
 * @module
 */
export { buildVectorIndex, createVectorIndex } from './create.ts';
export { loadVectorIndex, loadVectorIndexFrom } from './load.ts';
export type { VectorIndexOptions } from './options.ts';
export {
  type VectorChange,
  VectorIndex,
  type VectorRecord,
  type VectorReport,
  type VectorRows,
  type VectorSearchOptions,
} from './vector-index.ts';
