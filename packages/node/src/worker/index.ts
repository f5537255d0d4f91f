/**
 * Indexes in worker threads: clients for one thread by what it holds, a client for many,
 * and what a thread of one's own runs. The classes
 * are those of `@sagitta/web/worker`.
 *
 * @module
 */
export {
  type BuildOptions,
  type CallOptions,
  type ClientOptions,
  type Endpoint,
  type EndpointEnd,
  type IndexInfo,
  type MultiVectorInfo,
  type Progress,
  type ProgressOptions,
  type ShardedInfo,
  type ShardedOptions,
  type StartOptions,
  type StorageOptions,
  type StoredIndex,
  type VectorInfo,
  type VectorInput,
  type WorkerEndpoint,
  WorkerGoneError,
  type WorkerMultiVectorOptions,
  type WorkerMultiVectorSearchOptions,
  type WorkerSearchOptions,
  type WorkerVectorSearchOptions,
} from '@sagitta/retrieval/remote';
export { createSearchWorker, type IndexLocation, type NodePlace } from './node-place.ts';
export { MultiVectorClient, SearchClient, ShardedClient, VectorClient } from './search-client.ts';
export { serveSearch } from './serve-search.ts';
export { threadEndpoint } from './thread-endpoint.ts';
