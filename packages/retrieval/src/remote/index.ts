/**
 * Indexes in workers, wherever those run: clients for one worker by what it holds (records of one vector, of many, or row
 * numbers), a client for many workers, and what a worker runs. `@sagitta/web`
 * and `@sagitta/node` make workers of them; this entry is for a place of one's own.
 *
 * @module
 */
export type { CallOptions, ProgressOptions, StorageOptions } from './client-options.ts';
export {
  type ClientOptions,
  type Connection,
  connect,
  connectShards,
  type ShardedOptions,
} from './connection.ts';
export type { Endpoint, EndpointEnd, WorkerEndpoint } from './endpoint.ts';
export {
  MultiVectorClient,
  type WorkerMultiVectorOptions,
  type WorkerMultiVectorSearchOptions,
} from './multi-vector-client.ts';
export type { ClientPlace, CommonLocation, NamedIndexes, Place, StoredIndex, WorkerPlace } from './place.ts';
export type {
  BuildOptions,
  IndexInfo,
  MultiVectorInfo,
  Progress,
  StartOptions,
  VectorInfo,
  WorkerSearchOptions,
} from './protocol.ts';
export { SearchClient } from './search-client.ts';
export { serveSearch } from './serve-search.ts';
export { ShardedClient, type ShardedInfo } from './sharded-client.ts';
export { VectorClient, type WorkerVectorSearchOptions } from './vector-client.ts';
export type { VectorInput } from './vector-input.ts';
export { WorkerGoneError } from './worker-gone-error.ts';
