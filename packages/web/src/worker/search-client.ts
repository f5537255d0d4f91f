/** The clients of a page: those of `@sagitta/retrieval/remote`, with workers of this package's file. */
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
import { WEB_CLIENT, type WebPlace } from './web-place.ts';

/** Holds a VectorIndex in a worker of the page: M is the type of the metadata, S the metric. */
export class VectorClient<M = JsonValue, S extends Metric = Metric> extends RemoteVectorClient<
  M,
  S,
  WebPlace
> {
  /** Starts a worker, as SearchClient.start. */
  static async start<M = JsonValue, S extends Metric = Metric>(
    options: ClientOptions = {},
  ): Promise<VectorClient<M, S>> {
    return new VectorClient<M, S>(await connect(WEB_CLIENT, options));
  }
}

/** Holds a MultiVectorIndex in a worker of the page: M is the type of the metadata. */
export class MultiVectorClient<M = JsonValue> extends RemoteMultiVectorClient<M, WebPlace> {
  /** Starts a worker, as SearchClient.start. */
  static async start<M = JsonValue>(options: ClientOptions = {}): Promise<MultiVectorClient<M>> {
    return new MultiVectorClient<M>(await connect(WEB_CLIENT, options));
  }
}

/** Holds an index of row numbers in a worker of the page. */
export class SearchClient extends RemoteSearchClient<WebPlace> {
  /**
   * Starts a worker and its core; signal and timeoutMs are for the start alone.
   * @throws UnsupportedError for a build the engine lacks; WorkerGoneError if the worker's file cannot be loaded, or does not
   * answer in time; the signal's reason. No worker is left then.
   */
  static async start(options: ClientOptions = {}): Promise<SearchClient> {
    return new SearchClient(await connect(WEB_CLIENT, options));
  }
}

/** Holds an index of row numbers in several workers of the page. */
export class ShardedClient extends RemoteShardedClient<WebPlace> {
  /**
   * Starts the workers, one for each core unless told.
   * @throws as SearchClient.start; RangeError on a number of shards that is none; what createWorker throws. Where one cannot
   * start, the others are ended.
   */
  static async start(options: ShardedOptions = {}): Promise<ShardedClient> {
    return new ShardedClient(await connectShards(WEB_CLIENT, options));
  }
}
