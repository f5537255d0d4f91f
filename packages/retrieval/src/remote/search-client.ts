/**
 * An index in a worker, as the page sees it: every method is a promise, errors are those of the index, an AbortSignal ends
 * a call with its reason and leaves the worker ready for the next one. Changes (build, add, load, open, save, remove) take
 * place one after the other in the order of their calls, each whole or not at all; searches go on beside them. Whatever
 * becomes of the worker, every call settles: with WorkerGoneError where it is no more.
 */
import {
  type Build,
  checkOptions,
  type Numbers,
  type OptionTable,
  toFloat32,
  type Vectors,
} from '@sagitta/core-wasm';
import type { BatchSearchResult, OpenIndexOptions, SearchResult } from '@sagitta/retrieval';
import type { StorageKind, StoredIndex } from '../storage/index-storage.ts';
import { absoluteLocation } from './absolute-location.ts';
import { addVectors, buildIndex } from './build-index.ts';
import { Changes, type Draft } from './changes.ts';
import {
  BATCH,
  CALL,
  type CallOptions,
  OPEN,
  PROGRESS,
  type ProgressOptions,
  SEARCH,
  START,
  STORAGE,
  type StorageOptions,
} from './client-options.ts';
import type {
  BuildOptions,
  IndexInfo,
  IndexLocation,
  StartOptions,
  WorkerSearchOptions,
} from './protocol.ts';
import { RequestChannel, type WorkerEndpoint } from './request-channel.ts';
import { packed, rowsOf, type VectorInput } from './vector-input.ts';

export interface ClientOptions extends StartOptions, CallOptions {
  /** A worker or message port of the caller's that runs serveSearch, where a bundler does not find the package's own file. */
  readonly worker?: WorkerEndpoint;
  /** Milliseconds in which the worker's file has to be loaded and answer. Default 30,000. */
  readonly timeoutMs?: number;
}

const CLIENT: OptionTable<ClientOptions> = { ...START, worker: 'any' };

/** Makes the worker of the package's own file. Page content security: `worker-src 'self'`. */
export function createSearchWorker(): Worker {
  return new Worker(new URL('./search-worker.js', import.meta.url), { type: 'module' });
}

/** What every call of a client says when dispose was called before. */
export function disposedError(): RangeError {
  return new RangeError('"client" expected a live client, got a disposed one');
}

export class SearchClient implements AsyncDisposable {
  readonly coreBuild: Build;
  readonly #channel: RequestChannel;
  readonly #changes: Changes;

  private constructor(build: Build, channel: RequestChannel) {
    this.coreBuild = build;
    this.#channel = channel;
    this.#changes = new Changes([channel]);
  }

  /**
   * Starts a worker and its core; signal and timeoutMs are for the start alone.
   * @throws UnsupportedError for a build the engine lacks; WorkerGoneError if the worker's file cannot be loaded, or does not
   * answer in time; the signal's reason. No worker is left then.
   */
  static async start(options: ClientOptions = {}): Promise<SearchClient> {
    checkOptions('options', options, CLIENT);
    const { worker = createSearchWorker(), ...start } = options;
    const { build, channel } = await RequestChannel.start(worker, start);
    return new SearchClient(build, channel);
  }

  /**
   * Trains on a sample of the vectors and adds all of them; ids are their positions. The index before it answers searches
   * until this one is complete, and stays if anything goes wrong.
   * @param vectors - n × d values, copied in chunks as they go over; in a SharedArrayBuffer they are not copied
   * @throws TypeError, RangeError on bad vectors or options, CapacityError where the worker's memory ends, WorkerGoneError,
   * the signal's reason
   */
  build(
    vectors: VectorInput,
    d: number,
    options: BuildOptions,
    call: ProgressOptions = {},
  ): Promise<IndexInfo> {
    return this.#changes.run(call, PROGRESS, async (draft) => {
      await buildIndex(draft, vectors, d, options, call.onProgress);
      return this.#commit(draft);
    });
  }

  /**
   * Adds vectors to the index, all or none; they get the ids after the last. Searches find them when all are there.
   * @returns vectors that there are now
   * @throws as build, RangeError where there is no index, or one whose lists are elsewhere (open)
   */
  add(vectors: VectorInput, call: ProgressOptions = {}): Promise<number> {
    return this.#changes.run(call, PROGRESS, async (draft) => {
      await addVectors(draft, vectors, call.onProgress);
      return (await this.#commit(draft)).n;
    });
  }

  async #commit(draft: Draft): Promise<IndexInfo> {
    const [info] = await draft.commit();
    return info as IndexInfo;
  }

  /**
   * The k best vectors, as IvfIndex.search gives them.
   * @throws RangeError on a query or options that are wrong, or where there is no index; WorkerGoneError; the signal's reason
   */
  async search(
    query: Numbers,
    k: number,
    options: WorkerSearchOptions & CallOptions = {},
  ): Promise<SearchResult> {
    checkOptions('options', options, SEARCH);
    const { signal, ...plain } = options;
    const { view, transfer } = packed(toFloat32('query', query));
    return this.#channel.request('search', { query: view, k, options: plain }, { signal, transfer });
  }

  /** search for every row of queries (nq × d); rows short of k end in NO_ID. An abort takes effect between queries. */
  async searchBatch(
    queries: Vectors,
    k: number,
    options: WorkerSearchOptions & ProgressOptions = {},
  ): Promise<BatchSearchResult> {
    checkOptions('options', options, BATCH);
    const { signal, onProgress, ...plain } = options;
    const { view, transfer } = packed(rowsOf('queries', queries));
    const input = { queries: view, k, options: plain };
    return this.#channel.request('searchBatch', input, { signal, onProgress, transfer });
  }

  /**
   * Reads a whole index into the worker's memory; a relative url is one of the page's.
   * @throws FormatError, CapacityError, WorkerGoneError, what reading rejects with, the signal's reason
   */
  load(from: IndexLocation, call: ProgressOptions = {}): Promise<IndexInfo> {
    return this.#changes.run(call, PROGRESS, async (draft) => {
      const { location, transfer } = absoluteLocation(from);
      await draft.request(0, 'load', { from: location }, { transfer, onProgress: call.onProgress });
      return this.#commit(draft);
    });
  }

  /** Opens an index without its lists, which are read as searches visit them. @throws as load, UnsupportedError on a server without ranges */
  open(from: IndexLocation, call: OpenIndexOptions & CallOptions = {}): Promise<IndexInfo> {
    return this.#changes.run(call, OPEN, async (draft) => {
      const { location, transfer } = absoluteLocation(from);
      const { signal: _, ...options } = call;
      await draft.request(0, 'open', { from: location, options }, { transfer });
      return this.#commit(draft);
    });
  }

  /**
   * Writes the index to the browser's storage; what was there under that name is there until the new one is complete.
   * @throws QuotaError where there is no room, WorkerGoneError, the signal's reason
   */
  save(name: string, call: StorageOptions = {}): Promise<{ bytes: number; storage: StorageKind }> {
    return this.#changes.run(call, STORAGE, () =>
      this.#channel.request('save', { name, storage: call.storage ?? 'auto' }, { signal: call.signal }),
    );
  }

  /** The bytes of the index's file, e.g. for a download. */
  toBytes(call: CallOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    return this.#changes.run(call, CALL, () => this.#channel.request('bytes', {}, { signal: call.signal }));
  }

  /** What is in the browser's storage. */
  async stored(storage: StorageKind | 'auto' = 'auto', call: CallOptions = {}): Promise<StoredIndex[]> {
    checkOptions('options', call, CALL);
    const { signal } = call;
    return this.#channel.request('stored', { storage }, { signal });
  }

  remove(name: string, storage: StorageKind | 'auto' = 'auto', call: CallOptions = {}): Promise<void> {
    return this.#changes.run(call, CALL, async () => {
      await this.#channel.request('remove', { name, storage }, { signal: call.signal });
    });
  }

  /** undefined where nothing was built or loaded yet. */
  async info(call: CallOptions = {}): Promise<IndexInfo | undefined> {
    checkOptions('options', call, CALL);
    const { signal } = call;
    return this.#channel.request('info', {}, { signal });
  }

  /**
   * Ends the worker; calls that wait reject, later ones too, with a RangeError. A port of the caller's is left open, and its
   * worker frees the index.
   */
  dispose(): Promise<void> {
    return this.#channel.dispose(disposedError());
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
