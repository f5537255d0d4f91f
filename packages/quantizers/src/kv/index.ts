/**
 * Key–value caches of language models at rest: layers predicted from their neighbours, merged with them, or coded alone.
 *
 * @module
 */
export {
  type MergedKv,
  type MergedRows,
  type MergeOptions,
  type MiniCacheCount,
  mergeError,
  mergeLayers,
  miniCacheRatio,
  restoreLayers,
} from './merge.ts';
export { type KvLayerReport, type KvReport, type PackedKv, packKv } from './pack.ts';
export { KV_METHODS, type KvMethod, type KvOptions } from './plan.ts';
export type { KvBits } from './row-coder.ts';
export type { KvLayer, KvShape } from './shape.ts';
export { cacheOfLayers, type KvCache, type KvTensor, layersOfCache } from './transformers-cache.ts';
export { type UnpackedKv, unpackKv } from './unpack.ts';
