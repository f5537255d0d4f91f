/**
 * Flat and IVF search over quantized vectors.
 *
 * @module
 */
export { buildFlat, buildIvf, type IndexOptions, type IvfOptions, trainIndex } from './ivf/build.ts';
export { IvfIndex, type IvfParts, type SearchOptions, type VectorFetch } from './ivf/ivf-index.ts';
export type { InvertedList } from './ivf/inverted-lists.ts';
export { InvertedLists } from './ivf/inverted-lists.ts';
export type { ListCodec } from './ivf/list-codec.ts';
export { recallAtK } from './recall.ts';
export { type BatchSearchResult, NO_ID, type SearchResult, type SearchStatistics } from './search-result.ts';
