/**
 * Flat and IVF indexes: build, add, search, save.
 *
 * @module
 */
export {
  buildFlat,
  buildIvf,
  type FlatMethodOptions,
  type IndexOptions,
  type IvfMethodOptions,
  type IvfOptions,
  type SecondaryOptions,
  trainIndex,
} from './build.ts';
export { buildIndex, type MethodIndexOptions } from './build-index.ts';
export { indexPieces, type SavedIndex, saveIndex, snapshotIndex } from './format.ts';
export { IvfIndex } from './ivf-index.ts';
export type { SearchOptions, VectorFetch } from './search-options.ts';
