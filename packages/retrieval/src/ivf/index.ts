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
export { FloatCodec, type ListBlocks } from './float-codec.ts';
export { indexPieces, saveIndex, snapshotIndex } from './format.ts';
export { type InvertedList, InvertedLists, type SavedLists } from './inverted-lists.ts';
export { IvfIndex } from './ivf-index.ts';
export type { IvfParts } from './ivf-parts.ts';
export { INDEX_QUANTIZERS, type IndexQuantizer, type ListCodec, type Probe } from './list-codec.ts';
export { QuantizerCodec } from './quantizer-codec.ts';
export { SaqCodec } from './saq-codec.ts';
export type { SearchOptions, VectorFetch } from './search-options.ts';
export { SecondaryCodes } from './secondary-codes.ts';
export type { SearchSteps } from './step-scope.ts';
