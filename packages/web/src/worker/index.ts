/**
 * Indexes in workers: a client for one worker, a client for many, and what a worker of one's own runs.
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
  type Progress,
  type ProgressOptions,
  type ShardedInfo,
  type ShardedOptions,
  type StartOptions,
  type StorageOptions,
  type VectorInput,
  type WorkerEndpoint,
  WorkerGoneError,
  type WorkerSearchOptions,
} from '@sagitta/retrieval/remote';
export { SearchClient, ShardedClient } from './search-client.ts';
export { serveSearch } from './serve-search.ts';
export { createSearchWorker, type IndexLocation, type WebPlace } from './web-place.ts';
