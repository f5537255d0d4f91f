/**
 * Flat and IVF indexes: build, add, search, save, load.
 *
 * @module
 */
export {
  type IndexReader,
  type LoadFromOptions,
  loadIndex,
  loadIndexFrom,
  readIndex,
} from '../files/load-index.ts';
export { type GraphChoice, type GraphMethod, graph } from '../graph/graph-method.ts';
export type { GraphOptions } from '../graph/graph-options.ts';
export {
  buildFlat,
  buildGraph,
  buildIvf,
  type FlatMethodOptions,
  type GraphIndexOptions,
  type IndexOptions,
  type IvfMethodOptions,
  type IvfOptions,
  type SecondaryOptions,
  trainGraph,
  trainIndex,
} from './build.ts';
export { buildIndex, type MethodIndexOptions } from './build-index.ts';
export { indexPieces, type SavedIndex, saveIndex, snapshotIndex } from './format.ts';
export { type IndexKind, IvfIndex } from './ivf-index.ts';
export { knnGraph } from './knn-graph.ts';
export type { Precision, SearchOptions, VectorFetch } from './search-options.ts';
