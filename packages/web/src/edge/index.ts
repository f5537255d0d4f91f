/**
 * Sagitta in engines that have no workers and compile nothing from bytes: Cloudflare Workers and their kind. Under the
 * `workerd` and `edge-light` conditions `createCore` takes its binary as an imported module.
 *
 * @module
 */
export {
  CapacityError,
  type Core,
  type CreateCoreOptions,
  createCore,
  FormatError,
  UnsupportedError,
} from '@sagitta/core-wasm';
export {
  type ByteSource,
  IvfIndex,
  type LoadFromOptions,
  loadIndexFrom,
  type OpenIndexOptions,
  openIndex,
  PagedIndex,
} from '@sagitta/retrieval';
export { ChangedError, NetworkError } from '../errors.ts';
export type { HttpOptions } from '../http-request.ts';
export { type HttpSourceOptions, httpSource } from '../http-source.ts';
export { answerSearch, type SearchLimits } from './answer-search.ts';
export { type ObjectBucket, objectSource } from './object-source.ts';
