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
  type Build,
  checkOptions,
  type Metric,
  type Numbers,
  shapedSet,
  toFloat32,
  type Vectors,
} from '@sagitta/core-wasm';
import { type BatchSearchResult, NO_ID, type SearchResult } from '../index.ts';
import { paddedBatch, putAnswers } from '../search/batch.ts';
import { mergeResults } from '../search/merge-results.ts';
import { askTogether } from './ask-together.ts';
import { addVectors, buildIndex } from './build-index.ts';
import { Changes, type Draft } from './changes.ts';
import {
  CALL,
  type CallOptions,
  PROGRESS,
  type ProgressOptions,
  SEARCH,
  STORAGE,
  type StorageOptions,
} from './client-options.ts';
import { type Connection, disposedError } from './connection.ts';
import { globalId } from './global-id.ts';
import { sharedLocation } from './locations.ts';
import type { ClientPlace, Place, StoredIndex } from './place.ts';
import type {
  BuildOptions,
  IndexInfo,
  OperationName,
  Operations,
  Progress,
  WorkerSearchOptions,
} from './protocol.ts';
import type { RequestChannel, RequestOptions } from './request-channel.ts';
import { packed, type VectorInput } from './vector-input.ts';
import { WorkerGoneError } from './worker-gone-error.ts';

/** Describes the index of all shards together, and each of them. */
export interface ShardedInfo extends Pick<IndexInfo, 'n' | 'd' | 'nlist' | 'metric' | 'kind' | 'quantizer'> {
  readonly shards: readonly IndexInfo[];
  readonly bytesUsed: number;
  readonly memoryBytes: number;
}

/** Searches and changes an index that several workers hold between them. */
export class ShardedClient<P extends Place = Place> implements AsyncDisposable {
  readonly coreBuild: Build;
  readonly #place: ClientPlace<P>;
  readonly #channels: readonly RequestChannel[];
  readonly #changes: Changes;
  /** Of the index that a search asked for now finds. */
  #index: { readonly d: number; readonly metric: Metric } | undefined;
  #n = 0;

  /** Takes the workers over: dispose ends them. */
  constructor({ build, place, channels }: Connection<P>) {
    this.coreBuild = build;
    this.#place = place;
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

  /**
   * Reads an index file and deals its vectors to the workers; ids stay what they are. Each worker reads the file from front to
   * back, so that none has to hold all of it, and holds its share once more until it is loaded.
   * @throws as SearchClient.load
   */
  load(from: P['location'], call: ProgressOptions = {}): Promise<ShardedInfo> {
    return this.#changes.run(call, PROGRESS, async (draft) => {
      const location = sharedLocation(from, this.#place);
      const { shards } = draft;
      const reports = call.onProgress && sumOf(shards, call.onProgress);
      const loading = this.#channels.map((_, shard) => {
        const input = { kind: 'rows', from: location, share: { shard, shards } } as const;
        return draft.request(shard, 'load', input, { onProgress: reports?.[shard] });
      });
      const [index] = await Promise.all(loading);
      return this.#commit(draft, index);
    });
  }

  /**
   * Saves all shards as one file, which SearchClient.load, loadIndex and the command read, and load deals to any number of
   * workers: it is the file of one worker with all vectors, byte for byte.
   * @throws as SearchClient.save
   */
  save(
    name: string,
    call: StorageOptions<P['storage']> = {},
  ): Promise<{ bytes: number; storage: P['storage'] }> {
    return this.#changes.run(call, STORAGE, (draft) =>
      askTogether(draft, 'save', { name, storage: call.storage ?? 'auto' }),
    );
  }

  /** The bytes of that file. */
  toBytes(call: CallOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    return this.#changes.run(call, CALL, (draft) => askTogether(draft, 'bytes', {}));
  }

  /** As SearchClient.stored. */
  async stored(storage: P['storage'] | 'auto' = 'auto', call: CallOptions = {}): Promise<StoredIndex[]> {
    checkOptions('options', call, CALL);
    const { signal } = call;
    return this.#first.request('stored', { storage }, { signal });
  }

  /** As SearchClient.remove. */
  remove(name: string, storage: P['storage'] | 'auto' = 'auto', call: CallOptions = {}): Promise<void> {
    return this.#changes.run(call, CALL, async () => {
      await this.#first.request('remove', { name, storage }, { signal: call.signal });
    });
  }

  get #first(): RequestChannel {
    return this.#channels[0] as RequestChannel;
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
    const known = shards.filter((info) => info !== undefined) as IndexInfo[];
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

/** Functions that each take the progress of one shard and report that of all. */
function sumOf(shards: number, report: (progress: Progress) => void): ((progress: Progress) => void)[] {
  const known: (Progress | undefined)[] = new Array(shards).fill(undefined);
  return Array.from({ length: shards }, (_, shard) => (progress: Progress) => {
    known[shard] = progress;
    const sum = (field: 'done' | 'total'): number => known.reduce((all, one) => all + (one?.[field] ?? 0), 0);
    // all read the same file: one that was not heard of yet has as much to read
    const heard = known.filter((one) => one !== undefined).length;
    report({ phase: progress.phase, done: sum('done'), total: (sum('total') / heard) * shards });
  });
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
