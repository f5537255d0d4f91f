/**
 * An index in a worker, as the page sees it: every method is a promise, errors are those of the index, an AbortSignal ends
 * a call with its reason and leaves the worker ready for the next one.
 */
import type { Build, Numbers, Vectors } from '@sagitta/core-wasm';
import type { BatchSearchResult, OpenIndexOptions, SearchResult } from '@sagitta/retrieval';
import type { StorageKind, StoredIndex } from '../storage/index-storage.ts';
import type {
  BuildOptions,
  Endpoint,
  IndexInfo,
  IndexLocation,
  Progress,
  StartOptions,
  WorkerSearchOptions,
} from './protocol.ts';
import { RequestChannel } from './request-channel.ts';
import { chunkRows, countOf, drawSample, packed, rowChunks, type VectorInput } from './vector-input.ts';

/** Chunks that are on their way or being coded at a time. */
const CHUNKS_AHEAD = 2;

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface ProgressOptions extends CallOptions {
  /** Vectors (build, add) or bytes (load) done, of how many. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface ClientOptions extends StartOptions {
  /** A worker or message port of the caller's that runs serveSearch, where a bundler does not find the package's own file. */
  readonly worker?: Endpoint & { terminate?(): void };
}

/** Makes the worker of the package's own file. Page content security: `worker-src 'self'`. */
export function createSearchWorker(): Worker {
  return new Worker(new URL('./search-worker.js', import.meta.url), { type: 'module' });
}

export class SearchClient implements AsyncDisposable {
  readonly coreBuild: Build;
  readonly #channel: RequestChannel;
  readonly #terminate: () => void;

  private constructor(build: Build, channel: RequestChannel, terminate: () => void) {
    this.coreBuild = build;
    this.#channel = channel;
    this.#terminate = terminate;
  }

  /**
   * Starts a worker and its core.
   * @throws UnsupportedError for a build the engine lacks, Error if the worker's file cannot be loaded
   */
  static async start(options: ClientOptions = {}): Promise<SearchClient> {
    const { worker, ...start } = options;
    const endpoint = worker ?? createSearchWorker();
    const channel = new RequestChannel(endpoint);
    const terminate = (): void => {
      if ('terminate' in endpoint) endpoint.terminate?.();
    };
    if (typeof Worker !== 'undefined' && endpoint instanceof Worker) {
      endpoint.addEventListener('error', (event) => {
        channel.close(
          new Error(`the search worker ended: ${event.message || 'its file could not be loaded'}`),
        );
      });
    }
    try {
      const { build } = await channel.request('start', start);
      return new SearchClient(build, channel, terminate);
    } catch (error) {
      terminate();
      throw error;
    }
  }

  /**
   * Trains on a sample of the vectors and adds all of them; ids are their positions. The index before it answers searches
   * until this one is complete, and stays if anything goes wrong.
   * @param vectors - n × d values, copied in chunks as they go over; in a SharedArrayBuffer they are not copied
   * @throws TypeError, RangeError on bad vectors or options, CapacityError where the worker's memory ends, the signal's reason
   */
  async build(
    vectors: VectorInput,
    d: number,
    options: BuildOptions,
    call: ProgressOptions = {},
  ): Promise<IndexInfo> {
    const { signal, onProgress } = call;
    const sample = await drawSample(vectors, d, options, signal);
    try {
      await this.#channel.request(
        'train',
        { sample: sample.rows, d, options },
        { transfer: [sample.rows.buffer as ArrayBuffer], signal },
      );
      await this.#addAll(vectors, d, sample.n, call);
      onProgress?.({ done: sample.n, total: sample.n });
      return await this.#channel.request('commit', {}, { signal });
    } catch (error) {
      // not waited for: a worker in the midst of training answers when it is through
      this.#channel.request('discard', {}).catch(() => {});
      throw error;
    }
  }

  /**
   * Adds vectors to the index; they get the ids after the last. Chunks that were added before an abort stay.
   * @returns vectors that there are now
   */
  async add(vectors: VectorInput, call: ProgressOptions = {}): Promise<number> {
    const info = await this.info(call);
    if (!info) throw new RangeError('"index" expected one that was built or loaded, got none');
    const total = countOf(vectors, info.d);
    return (await this.#addAll(vectors, info.d, total, call)) ?? info.n;
  }

  async #addAll(
    vectors: VectorInput,
    d: number,
    total: number,
    { signal, onProgress }: ProgressOptions,
  ): Promise<number | undefined> {
    const ahead: Promise<{ n: number }>[] = [];
    let done = 0;
    let n: number | undefined;
    const settle = async (): Promise<void> => {
      n = (await ahead.shift())?.n;
      onProgress?.({ done, total });
    };
    try {
      for await (const rows of rowChunks(vectors, d, chunkRows(d))) {
        signal?.throwIfAborted();
        const { vectors: chunk, transfer } = packed(rows);
        // what is not awaited yet must not count as unhandled
        const adding = this.#channel.request('add', { vectors: chunk }, { transfer, signal });
        adding.catch(() => {});
        ahead.push(adding);
        done += rows.length / d;
        if (ahead.length >= CHUNKS_AHEAD) await settle();
      }
      while (ahead.length > 0) await settle();
    } finally {
      await Promise.allSettled(ahead);
    }
    return n;
  }

  /**
   * The k best vectors, as IvfIndex.search gives them.
   * @throws RangeError on a query or options that are wrong, or where there is no index; the signal's reason
   */
  search(query: Numbers, k: number, options: WorkerSearchOptions & CallOptions = {}): Promise<SearchResult> {
    const { signal, ...plain } = options;
    return this.#channel.request('search', { query, k, options: plain }, { signal });
  }

  /** search for every row of queries (nq × d); rows short of k end in NO_ID. An abort takes effect between queries. */
  searchBatch(
    queries: Vectors,
    k: number,
    options: WorkerSearchOptions & ProgressOptions = {},
  ): Promise<BatchSearchResult> {
    const { signal, onProgress, ...plain } = options;
    return this.#channel.request('searchBatch', { queries, k, options: plain }, { signal, onProgress });
  }

  /** Reads a whole index into the worker's memory. @throws FormatError, CapacityError, what reading rejects with */
  load(from: IndexLocation, { signal, onProgress }: ProgressOptions = {}): Promise<IndexInfo> {
    return this.#channel.request('load', { from }, { signal, onProgress });
  }

  /** Opens an index without its lists, which are read as searches visit them. @throws as load, UnsupportedError on a server without ranges */
  open(from: IndexLocation, { signal, ...options }: OpenIndexOptions & CallOptions = {}): Promise<IndexInfo> {
    return this.#channel.request('open', { from, options }, { signal });
  }

  /**
   * Writes the index to the browser's storage; what was there under that name is there until the new one is complete.
   * @throws QuotaError where there is no room
   */
  save(
    name: string,
    options: { readonly storage?: StorageKind } = {},
  ): Promise<{ bytes: number; storage: StorageKind }> {
    return this.#channel.request('save', { name, storage: options.storage ?? 'auto' });
  }

  /** The bytes of the index's file, e.g. for a download. */
  toBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#channel.request('bytes', {});
  }

  /** What is in the browser's storage. */
  stored(storage: StorageKind | 'auto' = 'auto'): Promise<StoredIndex[]> {
    return this.#channel.request('stored', { storage });
  }

  async remove(name: string, storage: StorageKind | 'auto' = 'auto'): Promise<void> {
    await this.#channel.request('remove', { name, storage });
  }

  /** undefined where nothing was built or loaded yet. */
  info({ signal }: CallOptions = {}): Promise<IndexInfo | undefined> {
    return this.#channel.request('info', {}, { signal });
  }

  /** @internal The requests themselves, for what is made of several workers. */
  get channel(): RequestChannel {
    return this.#channel;
  }

  /** Frees the index and ends the worker; calls that wait reject. A port of the caller's is left open. */
  async dispose(): Promise<void> {
    try {
      await this.#channel.request('dispose', {});
    } catch {
      // ended before
    }
    this.#channel.close(new RangeError('"client" expected a live client, got a disposed one'));
    this.#terminate();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
