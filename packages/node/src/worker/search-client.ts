/** The clients of a program: those of `@sagitta/retrieval/remote`, with threads of this package's file. */
import type { Metric } from '@sagitta/core-wasm';
import type { JsonValue } from '@sagitta/retrieval';
import {
  type ClientOptions,
  connect,
  connectShards,
  MultiVectorClient as RemoteMultiVectorClient,
  SearchClient as RemoteSearchClient,
  ShardedClient as RemoteShardedClient,
  VectorClient as RemoteVectorClient,
  type ShardedOptions,
} from '@sagitta/retrieval/remote';
import { NODE_CLIENT, type NodePlace } from './node-place.ts';

/** Holds a VectorIndex in a thread: M is the type of the metadata, S the metric. */
export class VectorClient<M = JsonValue, S extends Metric = Metric> extends RemoteVectorClient<
  M,
  S,
  NodePlace
> {
  /** Starts a thread, as SearchClient.start. */
  static async start<M = JsonValue, S extends Metric = Metric>(
    options: ClientOptions = {},
  ): Promise<VectorClient<M, S>> {
    return new VectorClient<M, S>(await connect(NODE_CLIENT, options));
  }
}

/** Holds a MultiVectorIndex in a thread: M is the type of the metadata. */
export class MultiVectorClient<M = JsonValue> extends RemoteMultiVectorClient<M, NodePlace> {
  /** Starts a thread, as SearchClient.start. */
  static async start<M = JsonValue>(options: ClientOptions = {}): Promise<MultiVectorClient<M>> {
    return new MultiVectorClient<M>(await connect(NODE_CLIENT, options));
  }
}

/** Holds an index of row numbers in a thread. */
export class SearchClient extends RemoteSearchClient<NodePlace> {
  /**
   * Starts a thread and its core; signal and timeoutMs are for the start alone.
   * @throws UnsupportedError for a build the engine lacks; WorkerGoneError if the worker's file cannot be loaded, or does not
   * answer in time; the signal's reason. No thread is left then.
   */
  static async start(options: ClientOptions = {}): Promise<SearchClient> {
    return new SearchClient(await connect(NODE_CLIENT, options));
  }
}

/** Holds an index of row numbers in several threads. */
export class ShardedClient extends RemoteShardedClient<NodePlace> {
  /**
   * Starts the threads, one for each core unless told.
   * @throws as SearchClient.start; RangeError on a number of shards that is none; what createWorker throws. Where one cannot
   * start, the others are ended.
   */
  static async start(options: ShardedOptions = {}): Promise<ShardedClient> {
    return new ShardedClient(await connectShards(NODE_CLIENT, options));
  }
}
