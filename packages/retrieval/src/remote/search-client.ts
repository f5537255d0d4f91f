/**
 * An index in a worker, as its owner sees it, be the worker a browser's or a thread of Node: every method is a promise, errors are those of the index, an AbortSignal ends
 * a call with its reason and leaves the worker ready for the next one. Changes (build, add, load, open, save, remove) take
 * place one after the other in the order of their calls, each whole or not at all; searches go on beside them. Whatever
 * becomes of the worker, every call settles: with WorkerGoneError where it is no more.
 */
import { type Build, checkOptions, type Numbers, toFloat32, type Vectors } from '@sagitta/core-wasm';
import type { BatchSearchResult, OpenIndexOptions, SearchResult } from '../index.ts';
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
  STORAGE,
  type StorageOptions,
} from './client-options.ts';
import { type Connection, disposedError } from './connection.ts';
import { located } from './locations.ts';
import type { ClientPlace, Place, StoredIndex } from './place.ts';
import type { BuildOptions, IndexInfo, WorkerSearchOptions } from './protocol.ts';
import type { RequestChannel } from './request-channel.ts';
import { packed, rowsOf, type VectorInput } from './vector-input.ts';

export class SearchClient<P extends Place = Place> implements AsyncDisposable {
  readonly coreBuild: Build;
  readonly #place: ClientPlace<P>;
  readonly #channel: RequestChannel;
  readonly #changes: Changes;

  /** Takes the worker over: dispose ends it. */
  constructor({ build, place, channels }: Connection<P>) {
    this.coreBuild = build;
    this.#place = place;
    this.#channel = channels[0] as RequestChannel;
    this.#changes = new Changes([this.#channel]);
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
   * Reads a whole index into the worker's memory.
   * @throws FormatError, CapacityError, WorkerGoneError, what reading rejects with, the signal's reason
   */
  load(from: P['location'], call: ProgressOptions = {}): Promise<IndexInfo> {
    return this.#changes.run(call, PROGRESS, async (draft) => {
      const { location, transfer } = located(from, this.#place);
      await draft.request(
        0,
        'load',
        { from: location, share: undefined },
        { transfer, onProgress: call.onProgress },
      );
      return this.#commit(draft);
    });
  }

  /** Opens an index without its lists, which are read as searches visit them. @throws as load */
  open(from: P['location'], call: OpenIndexOptions & CallOptions = {}): Promise<IndexInfo> {
    return this.#changes.run(call, OPEN, async (draft) => {
      const { location, transfer } = located(from, this.#place);
      const { signal: _, ...options } = call;
      await draft.request(0, 'open', { from: location, options }, { transfer });
      return this.#commit(draft);
    });
  }

  /**
   * Saves the index under a name; what was there under that name is there until the new one is complete.
   * @returns bytes written, and the storage that has them
   * @throws WorkerGoneError, what the storage rejects with, the signal's reason
   */
  save(
    name: string,
    call: StorageOptions<P['storage']> = {},
  ): Promise<{ bytes: number; storage: P['storage'] }> {
    return this.#changes.run(call, STORAGE, () => {
      const input = { name, storage: call.storage ?? 'auto', others: [] };
      return this.#channel.request('save', input, { signal: call.signal });
    });
  }

  /** The bytes of the index's file, e.g. for a download. */
  toBytes(call: CallOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    return this.#changes.run(call, CALL, () =>
      this.#channel.request('bytes', { others: [] }, { signal: call.signal }),
    );
  }

  /** Lists what was saved in a storage. */
  async stored(storage: P['storage'] | 'auto' = 'auto', call: CallOptions = {}): Promise<StoredIndex[]> {
    checkOptions('options', call, CALL);
    const { signal } = call;
    return this.#channel.request('stored', { storage }, { signal });
  }

  /** Removes what was saved under a name, if it is there. */
  remove(name: string, storage: P['storage'] | 'auto' = 'auto', call: CallOptions = {}): Promise<void> {
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
