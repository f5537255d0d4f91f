/** The clients of a page: those of `@sagitta/retrieval/remote`, with workers of this package's file. */
import {
  type ClientOptions,
  connect,
  connectShards,
  SearchClient as RemoteSearchClient,
  ShardedClient as RemoteShardedClient,
  type ShardedOptions,
} from '@sagitta/retrieval/remote';
import { WEB_CLIENT, type WebPlace } from './web-place.ts';

/** Holds an index in a worker of the page. */
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

/** Holds an index in several workers of the page. */
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
