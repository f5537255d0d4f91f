/**
 * Indexes in workers: a client for one worker, a client for many, and what a worker of one's own runs.
 *
 * @module
 */
export type { CallOptions, ProgressOptions, StorageOptions } from './client-options.ts';
export type {
  BuildOptions,
  Endpoint,
  EndpointEnd,
  IndexInfo,
  IndexLocation,
  Progress,
  StartOptions,
  WorkerSearchOptions,
} from './protocol.ts';
export type { WorkerEndpoint } from './request-channel.ts';
export { type ClientOptions, createSearchWorker, SearchClient } from './search-client.ts';
export { serveSearch } from './serve-search.ts';
export { ShardedClient, type ShardedInfo, type ShardedOptions } from './sharded-client.ts';
export type { VectorInput } from './vector-input.ts';
export { WorkerGoneError } from './worker-gone-error.ts';
