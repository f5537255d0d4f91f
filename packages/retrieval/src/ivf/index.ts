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
export {
  IvfIndex,
  type IvfParts,
  type SearchOptions,
  type VectorFetch,
} from './ivf-index.ts';
export { INDEX_QUANTIZERS, type IndexQuantizer, type ListCodec, type Probe } from './list-codec.ts';
export { QuantizerCodec } from './quantizer-codec.ts';
export { SaqCodec } from './saq-codec.ts';
export { SecondaryCodes } from './secondary-codes.ts';
export type { SearchSteps } from './step-scope.ts';
