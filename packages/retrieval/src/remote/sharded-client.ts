/**
 * One index over several workers that share nothing: each has a core of its own and a slice of the vectors; a query goes to
 * all of them and the best k of their answers are merged. It needs no cross-origin isolation, and no single memory limits it.
 *
 * The first worker trains and sends its model, an index without vectors, to the others: centroids, codes and estimates are
 * those of one worker over everything. Runs of SHARD_ROWS vectors are dealt in turn, so that a local id and its worker tell
 * the global id, and ties fall the same way. With every quantizer but SAQ the answers are those of one worker, bit for bit;
 * without a quantizer the last bit of a score may differ. SAQ leaves codes unread by the k-th best score and by the norms of a
 * block: a shard's k-th score is no tighter than that of all, and its blocks hold other neighbours, so now and then an answer
 * has a vector near its end that one worker passes over, or the other way round. Scores of a vector are the same in both.
 */
import {
  checkOptions,
  type Metric,
  type Numbers,
  type OptionTable,
  shapedSet,
  toFloat32,
  type Vectors,
} from '@sagitta/core-wasm';
import {
  type BatchSearchResult,
  NO_ID,
  paddedBatch,
  putAnswers,
  type SearchResult,
} from '@sagitta/retrieval';
import { addVectors, buildIndex } from './build-index.ts';
import { Changes, type Draft } from './changes.ts';
import { CALL, type CallOptions, PROGRESS, type ProgressOptions, SEARCH, START } from './client-options.ts';
import { globalId } from './global-id.ts';
import { mergeResults } from './merge-results.ts';
import type {
  BuildOptions,
  IndexInfo,
  OperationName,
  Operations,
  StartOptions,
  WorkerSearchOptions,
} from './protocol.ts';
import { RequestChannel, type RequestOptions, type WorkerEndpoint } from './request-channel.ts';
import { createSearchWorker, disposedError } from './search-client.ts';
import { packed, type VectorInput } from './vector-input.ts';
import { WorkerGoneError } from './worker-gone-error.ts';

export interface ShardedOptions extends StartOptions, CallOptions {
  /** Workers; default navigator.hardwareConcurrency. */
  readonly shards?: number;
  /** Makes the workers, where a bundler does not find the package's own file. */
  readonly createWorker?: () => WorkerEndpoint;
  /** Milliseconds in which the workers' file has to be loaded and answer. Default 30,000. */
  readonly timeoutMs?: number;
}

const SHARDED: OptionTable<ShardedOptions> = { ...START, shards: 'number', createWorker: 'function' };

/** The index of all shards together, and each of them. */
export interface ShardedInfo extends Pick<IndexInfo, 'n' | 'd' | 'nlist' | 'metric' | 'kind' | 'quantizer'> {
  readonly shards: readonly IndexInfo[];
  readonly bytesUsed: number;
  readonly memoryBytes: number;
}

export class ShardedClient implements AsyncDisposable {
  readonly #channels: readonly RequestChannel[];
  readonly #changes: Changes;
  /** Of the index that a search asked for now finds. */
  #index: { readonly d: number; readonly metric: Metric } | undefined;
  #n = 0;

  private constructor(channels: readonly RequestChannel[]) {
    this.#channels = channels;
    this.#changes = new Changes(channels);
    // what is left of an index without one of its shards answers nothing
    for (const { closed } of channels) {
      const end = (): void => {
        if (!(closed.reason instanceof WorkerGoneError)) return;
        for (const channel of channels) void channel.dispose(closed.reason);
      };
      closed.addEventListener('abort', end, { once: true });
    }
  }

  /**
   * Starts the workers.
   * @throws as SearchClient.start; RangeError on a number of shards that is none; what createWorker throws. Where one cannot
   * start, the others are ended.
   */
  static async start(options: ShardedOptions = {}): Promise<ShardedClient> {
    checkOptions('options', options, SHARDED);
    const {
      shards = globalThis.navigator?.hardwareConcurrency ?? 2,
      createWorker = createSearchWorker,
      signal,
      ...start
    } = options;
    if (!Number.isInteger(shards) || shards < 1 || shards > 1024) {
      throw new RangeError(`"shards" expected an integer from 1 to 1024, got ${shards}`);
    }
    const failed = new AbortController();
    const stop = (): void => failed.abort(signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
    const startOne = async (shard: number): Promise<RequestChannel> => {
      try {
        failed.signal.throwIfAborted();
        const one = { ...start, signal: failed.signal, shard };
        return (await RequestChannel.start(createWorker(), one)).channel;
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    };
    const all = await Promise.allSettled(Array.from({ length: shards }, (_, shard) => startOne(shard)));
    signal?.removeEventListener('abort', stop);
    const channels = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const { reason } = failed.signal;
    if (!failed.signal.aborted) return new ShardedClient(channels);
    await Promise.all(channels.map((channel) => channel.dispose(reason)));
    throw reason;
  }

  get shards(): number {
    return this.#channels.length;
  }
  /** Vectors of all shards. */
  get n(): number {
    return this.#n;
  }

  /** As SearchClient.build; the same vectors and options give the same codes, whatever the number of workers. */
  build(
    vectors: VectorInput,
    d: number,
    options: BuildOptions,
    call: ProgressOptions = {},
  ): Promise<ShardedInfo> {
    return this.#changes.run(call, PROGRESS, async (draft) => {
      await buildIndex(draft, vectors, d, options, call.onProgress);
      return this.#commit(draft, { d, metric: options.metric });
    });
  }

  /** As SearchClient.add: all vectors in all shards, or none. @returns vectors that there are now */
  add(vectors: VectorInput, call: ProgressOptions = {}): Promise<number> {
    return this.#changes.run(call, PROGRESS, async (draft) => {
      await addVectors(draft, vectors, call.onProgress);
      return (await this.#commit(draft)).n;
    });
  }

  /** index — what takes the place of the one before. */
  async #commit(draft: Draft, index = this.#index): Promise<ShardedInfo> {
    const committing = draft.commit();
    this.#index = index;
    const info = describe(await committing);
    this.#n = info.n;
    return info;
  }

  #built(): { readonly d: number; readonly metric: Metric } {
    this.#channels[0]?.closed.throwIfAborted();
    if (!this.#index) throw new RangeError('"index" expected one that was built, got none');
    return this.#index;
  }

  /** Asks all shards in one turn, so that all answer from the same index; where one rejects, the others need not answer. */
  async #askAll<Name extends OperationName>(
    op: Name,
    { signal }: CallOptions,
    input: () => { readonly input: Operations[Name]['in']; readonly transfer?: Transferable[] },
  ): Promise<Operations[Name]['out'][]> {
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort);
    try {
      return await Promise.all(
        this.#channels.map((channel) => {
          const { input: one, transfer = [] } = input();
          const options: RequestOptions = { signal: stop.signal, transfer };
          return channel.request(op, one, options);
        }),
      );
    } catch (error) {
      stop.abort(error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** As SearchClient.search. */
  async search(
    query: Numbers,
    k: number,
    options: WorkerSearchOptions & CallOptions = {},
  ): Promise<SearchResult> {
    checkOptions('options', options, SEARCH);
    const { metric } = this.#built();
    const { signal, ...plain } = options;
    const row = toFloat32('query', query);
    const found = await this.#askAll('search', { ...(signal && { signal }) }, () => {
      const { view, transfer } = packed(row);
      return { input: { query: view, k, options: plain }, transfer };
    });
    return mergeResults(
      found.map((answer, shard) => ({ ...answer, globalId: this.#globalIdOf(shard) })),
      k,
      metric,
    );
  }

  /** As SearchClient.searchBatch. */
  async searchBatch(
    queries: Vectors,
    k: number,
    options: WorkerSearchOptions & CallOptions = {},
  ): Promise<BatchSearchResult> {
    checkOptions('options', options, SEARCH);
    const { d, metric } = this.#built();
    const { signal, ...plain } = options;
    const rows = shapedSet(queries, d, 'queries').data;
    const found = await this.#askAll('searchBatch', { ...(signal && { signal }) }, () => {
      const { view, transfer } = packed(rows);
      return { input: { queries: view, k, options: plain }, transfer };
    });
    const nq = rows.length / d;
    const batch = paddedBatch(metric, nq, k);
    for (let q = 0; q < nq; q++) {
      const answers = found.map((answer, shard) => {
        const row = answer.ids.subarray(q * k, (q + 1) * k);
        const padding = row.indexOf(NO_ID);
        const length = padding < 0 ? k : padding;
        return {
          ids: row.subarray(0, length),
          scores: answer.scores.subarray(q * k, q * k + length),
          globalId: this.#globalIdOf(shard),
        };
      });
      putAnswers(batch, q, mergeResults(answers, k, metric));
    }
    return batch;
  }

  #globalIdOf(shard: number): (id: number) => number {
    return (id) => globalId(id, shard, this.#channels.length);
  }

  /** undefined before the first build. */
  async info(call: CallOptions = {}): Promise<ShardedInfo | undefined> {
    checkOptions('options', call, CALL);
    const shards = await this.#askAll('info', call, () => ({ input: {} }));
    const known = shards.filter((info) => info !== undefined);
    return known.length === shards.length ? describe(known) : undefined;
  }

  /** Ends the workers, as SearchClient.dispose. */
  async dispose(): Promise<void> {
    const error = disposedError();
    await Promise.all(this.#channels.map((channel) => channel.dispose(error)));
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

function describe(shards: readonly IndexInfo[]): ShardedInfo {
  const { d, nlist, metric, kind, quantizer } = shards[0] as IndexInfo;
  const sum = (field: 'n' | 'bytesUsed' | 'memoryBytes'): number =>
    shards.reduce((total, shard) => total + shard[field], 0);
  return {
    ...{ n: sum('n'), d, nlist, metric, kind, quantizer, shards },
    bytesUsed: sum('bytesUsed'),
    memoryBytes: sum('memoryBytes'),
  };
}
