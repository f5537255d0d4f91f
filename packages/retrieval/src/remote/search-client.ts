/**
 * An index of row numbers in a worker, as its owner sees it, be the worker a browser's or a thread of Node: every method is
 * a promise, errors are those of the index, an AbortSignal ends a call with its reason and leaves the worker ready for the
 * next one. Changes (build, add, load, open, save, remove) take place one after the other in the order of their calls, each
 * whole or not at all; searches go on beside them. Whatever becomes of the worker, every call settles: with WorkerGoneError
 * where it is no more.
 */
import { checkOptions, type Numbers, toFloat32, type Vectors } from '@sagitta/core-wasm';
import type { BatchSearchResult, SearchResult } from '../index.ts';
import { addVectors, buildIndex } from './build-index.ts';
import { BATCH, type CallOptions, PROGRESS, type ProgressOptions, SEARCH } from './client-options.ts';
import type { Connection } from './connection.ts';
import type { Place } from './place.ts';
import type { BuildOptions, IndexInfo, WorkerSearchOptions } from './protocol.ts';
import { packed, rowsOf, type VectorInput } from './vector-input.ts';
import { WorkerClient } from './worker-client.ts';

/** Searches and changes an index of row numbers in a worker. */
export class SearchClient<P extends Place = Place> extends WorkerClient<P, IndexInfo> {
  /** Takes the worker over: dispose ends it. */
  constructor(connection: Connection<P>) {
    super(connection, 'rows');
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
    return this.changes.run(call, PROGRESS, async (draft) => {
      await buildIndex(draft, vectors, d, options, call.onProgress);
      return this.commit(draft);
    });
  }

  /**
   * Adds vectors to the index, all or none; they get the ids after the last. Searches find them when all are there.
   * @returns vectors that there are now
   * @throws as build, RangeError where there is no index, or one whose lists are elsewhere (open)
   */
  add(vectors: VectorInput, call: ProgressOptions = {}): Promise<number> {
    return this.changes.run(call, PROGRESS, async (draft) => {
      await addVectors(draft, vectors, call.onProgress);
      return (await this.commit(draft)).n;
    });
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
    return this.channel.request('search', { query: view, k, options: plain }, { signal, transfer });
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
    return this.channel.request('searchBatch', input, { signal, onProgress, transfer });
  }
}
