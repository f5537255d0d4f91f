/**
 * Indexes in workers: clients for one worker by what it holds, a client for many,
 * and what a worker of one's own runs.
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
  type VectorInfo,
  type VectorInput,
  type WorkerEndpoint,
  WorkerGoneError,
  type WorkerMultiVectorOptions,
  type WorkerMultiVectorSearchOptions,
  type WorkerSearchOptions,
  type WorkerVectorSearchOptions,
} from '@sagitta/retrieval/remote';
export { MultiVectorClient, SearchClient, ShardedClient, VectorClient } from './search-client.ts';
export { serveSearch } from './serve-search.ts';
export { createSearchWorker, type IndexLocation, type WebPlace } from './web-place.ts';
