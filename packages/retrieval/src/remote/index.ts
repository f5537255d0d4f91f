/**
 * Indexes in workers, wherever those run: a client for one worker, a client for many, and what a worker runs. `@sagitta/web`
 * and `@sagitta/node` make workers of them; this entry is for a place of one's own.
 *
 * @module
 */
export type { CallOptions, ProgressOptions, StorageOptions } from './client-options.ts';
export {
  type ClientOptions,
  Connection,
  connect,
  connectShards,
  type ShardedOptions,
} from './connection.ts';
export type { Endpoint, EndpointEnd, WorkerEndpoint } from './endpoint.ts';
export { gatherPieces } from './gather-pieces.ts';
export type {
  ClientPlace,
  CommonLocation,
  ErrorClass,
  NamedIndexes,
  Place,
  StoredIndex,
  WorkerPlace,
} from './place.ts';
export type { BuildOptions, IndexInfo, Progress, StartOptions, WorkerSearchOptions } from './protocol.ts';
export { SearchClient } from './search-client.ts';
export { serveSearch } from './serve-search.ts';
export { ShardedClient, type ShardedInfo } from './sharded-client.ts';
export type { VectorInput } from './vector-input.ts';
export { WorkerGoneError } from './worker-gone-error.ts';
