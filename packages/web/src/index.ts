/**
 * Sagitta in browsers and edge runtimes: the core, loaded the way a page loads binaries.
 *
 * @module
 */
export {
  type Build,
  CapacityError,
  type Core,
  type CoreOptions,
  type CoreSource,
  type CreateCoreOptions,
  createCore,
  FormatError,
  type InitOptions,
  init,
  type Metric,
  UnsupportedError,
  type VectorSet,
  vectorSet,
} from '@sagitta/core-wasm';
export { createCoreFrom } from './create-core.ts';
export { BlockedError, ChangedError, NetworkError, NotFoundError } from './errors.ts';
export type { HttpOptions } from './http-request.ts';
export { type HttpSourceOptions, httpSource } from './http-source.ts';
export {
  type IndexStorage,
  openStorage,
  QuotaError,
  requestPersistence,
  type StorageKind,
  type StoredIndex,
} from './storage/index.ts';
export { compileWasm, type WasmSource } from './wasm-source.ts';
export {
  type BuildOptions,
  type CallOptions,
  type ClientOptions,
  createSearchWorker,
  type Endpoint,
  type EndpointEnd,
  type IndexInfo,
  type IndexLocation,
  MultiVectorClient,
  type MultiVectorInfo,
  type Progress,
  type ProgressOptions,
  SearchClient,
  ShardedClient,
  type ShardedInfo,
  type ShardedOptions,
  type StartOptions,
  type StorageOptions,
  serveSearch,
  VectorClient,
  type VectorInfo,
  type VectorInput,
  type WebPlace,
  type WorkerEndpoint,
  WorkerGoneError,
  type WorkerMultiVectorOptions,
  type WorkerMultiVectorSearchOptions,
  type WorkerSearchOptions,
  type WorkerVectorSearchOptions,
} from './worker/index.ts';
