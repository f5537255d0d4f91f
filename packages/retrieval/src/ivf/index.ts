/**
 * Flat and IVF indexes: build, add, search, save.
 *
 * @module
 */
export {
  buildFlat,
  buildIvf,
  buildSaqIndex,
  type IndexOptions,
  type IvfOptions,
  type SaqIndexOptions,
  type SecondaryOptions,
  trainIndex,
} from './build.ts';
export { indexPieces, type SavedIndex, saveIndex, snapshotIndex } from './format.ts';
export { IvfIndex } from './ivf-index.ts';
export type { SearchOptions, VectorFetch } from './search-options.ts';
export type { SearchSteps } from './step-scope.ts';
