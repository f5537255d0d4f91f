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
import { type Metric, type Numbers, shapedSet, type Vectors } from '@sagitta/core-wasm';
import { type BatchSearchResult, NO_ID, type SearchResult } from '@sagitta/retrieval';
import { mergeResults } from './merge-results.ts';
import type { BuildOptions, Endpoint, IndexInfo, StartOptions, WorkerSearchOptions } from './protocol.ts';
import { type CallOptions, type ProgressOptions, SearchClient } from './search-client.ts';
import { countOf, drawSample, packed, rowChunks, type VectorInput } from './vector-input.ts';

/** Vectors that go to one shard before the next gets some. */
export const SHARD_ROWS = 1024;
/** Chunks on their way for each shard. */
const CHUNKS_AHEAD = 2;

export interface ShardedOptions extends StartOptions {
  /** Workers; default navigator.hardwareConcurrency. */
  readonly shards?: number;
  /** Makes the workers, where a bundler does not find the package's own file. */
  readonly createWorker?: () => Endpoint & { terminate?(): void };
}

/** The index of all shards together, and each of them. */
export interface ShardedInfo extends Pick<IndexInfo, 'n' | 'd' | 'nlist' | 'metric' | 'kind' | 'quantizer'> {
  readonly shards: readonly IndexInfo[];
  readonly bytesUsed: number;
  readonly memoryBytes: number;
}

/** The global id of the vector that a shard knows as `local`. */
export function globalId(local: number, shard: number, shards: number): number {
  const run = Math.floor(local / SHARD_ROWS);
  return (run * shards + shard) * SHARD_ROWS + (local % SHARD_ROWS);
}

export class ShardedClient implements AsyncDisposable {
  readonly #shards: readonly SearchClient[];
  #n = 0;
  #metric: Metric = 'l2';
  #d = 0;

  private constructor(shards: readonly SearchClient[]) {
    this.#shards = shards;
  }

  /** Starts the workers. @throws as SearchClient.start */
  static async start(options: ShardedOptions = {}): Promise<ShardedClient> {
    const { shards = globalThis.navigator?.hardwareConcurrency ?? 2, createWorker, ...start } = options;
    if (!Number.isInteger(shards) || shards < 1 || shards > 1024) {
      throw new RangeError(`"shards" expected an integer from 1 to 1024, got ${shards}`);
    }
    const started = await Promise.allSettled(
      Array.from({ length: shards }, () =>
        SearchClient.start(createWorker ? { ...start, worker: createWorker() } : start),
      ),
    );
    const clients = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = started.find((one) => one.status === 'rejected');
    if (failed) {
      await Promise.all(clients.map((client) => client.dispose()));
      throw failed.reason;
    }
    return new ShardedClient(clients);
  }

  get shards(): number {
    return this.#shards.length;
  }
  /** Vectors of all shards. */
  get n(): number {
    return this.#n;
  }

  /** As SearchClient.build; the same vectors and options give the same codes, whatever the number of workers. */
  async build(
    vectors: VectorInput,
    d: number,
    options: BuildOptions,
    call: ProgressOptions = {},
  ): Promise<ShardedInfo> {
    const { signal } = call;
    const sample = await drawSample(vectors, d, options, signal);
    const [first, ...others] = this.#shards as [SearchClient, ...SearchClient[]];
    try {
      await first.channel.request(
        'train',
        { sample: sample.rows, d, options },
        { transfer: [sample.rows.buffer as ArrayBuffer], signal },
      );
      const model = await first.channel.request('model', {}, { signal });
      await Promise.all(others.map((shard) => shard.channel.request('adopt', { model }, { signal })));
      const n = await this.#deal(vectors, d, { first: 0, total: sample.n }, call);
      const shards = await Promise.all(
        this.#shards.map((shard) => shard.channel.request('commit', {}, { signal })),
      );
      this.#n = n;
      this.#d = d;
      this.#metric = options.metric;
      return this.#describe(shards);
    } catch (error) {
      for (const shard of this.#shards) shard.channel.request('discard', {}).catch(() => {});
      throw error;
    }
  }

  /** Adds vectors; they get the ids after the last. */
  async add(vectors: VectorInput, call: ProgressOptions = {}): Promise<number> {
    this.#checkBuilt();
    const total = this.#n + countOf(vectors, this.#d);
    this.#n = await this.#deal(vectors, this.#d, { first: this.#n, total }, call);
    return this.#n;
  }

  /** Sends vector after vector to the shard whose turn it is. */
  async #deal(
    vectors: VectorInput,
    d: number,
    { first, total }: { readonly first: number; readonly total: number },
    { signal, onProgress }: ProgressOptions,
  ): Promise<number> {
    const ahead: Promise<unknown>[] = [];
    const count = this.#shards.length;
    let n = first;
    const send = (rows: Float32Array): void => {
      const shard = this.#shards[Math.floor(n / SHARD_ROWS) % count] as SearchClient;
      const { vectors: chunk, transfer } = packed(rows);
      const adding = shard.channel.request('add', { vectors: chunk }, { transfer, signal });
      adding.catch(() => {});
      ahead.push(adding);
      n += rows.length / d;
    };
    for await (const rows of rowChunks(vectors, d, SHARD_ROWS)) {
      signal?.throwIfAborted();
      // a run may be open: what fits goes to its shard, the rest to the next
      const room = (SHARD_ROWS - (n % SHARD_ROWS)) * d;
      send(rows.subarray(0, room));
      if (rows.length > room) send(rows.subarray(room));
      while (ahead.length >= CHUNKS_AHEAD * count) {
        await ahead.shift();
        onProgress?.({ done: n - ahead.length * SHARD_ROWS, total });
      }
    }
    await Promise.all(ahead);
    onProgress?.({ done: n, total });
    return n;
  }

  #checkBuilt(): void {
    if (this.#d === 0) throw new RangeError('"index" expected one that was built, got none');
  }

  /** As SearchClient.search. */
  async search(
    query: Numbers,
    k: number,
    options: WorkerSearchOptions & CallOptions = {},
  ): Promise<SearchResult> {
    this.#checkBuilt();
    const found = await Promise.all(this.#shards.map((shard) => shard.search(query, k, options)));
    return mergeResults(
      found.map((answer, shard) => ({ ...answer, globalId: this.#globalIdOf(shard) })),
      k,
      this.#metric,
    );
  }

  /** As SearchClient.searchBatch. */
  async searchBatch(
    queries: Vectors,
    k: number,
    options: WorkerSearchOptions & CallOptions = {},
  ): Promise<BatchSearchResult> {
    this.#checkBuilt();
    const found = await Promise.all(this.#shards.map((shard) => shard.searchBatch(queries, k, options)));
    const { n: nq } = shapedSet(queries, this.#d, 'queries');
    const worst = this.#metric === 'l2' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    const ids = new Uint32Array(nq * k).fill(NO_ID);
    const scores = new Float32Array(nq * k).fill(worst);
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
      const merged = mergeResults(answers, k, this.#metric);
      ids.set(merged.ids, q * k);
      scores.set(merged.scores, q * k);
    }
    return { k, ids, scores };
  }

  #globalIdOf(shard: number): (id: number) => number {
    return (id) => globalId(id, shard, this.#shards.length);
  }

  /** undefined before the first build. */
  async info(): Promise<ShardedInfo | undefined> {
    const shards = await Promise.all(this.#shards.map((shard) => shard.info()));
    const known = shards.filter((info) => info !== undefined);
    return known.length === shards.length && known.length > 0 ? this.#describe(known) : undefined;
  }

  #describe(shards: readonly IndexInfo[]): ShardedInfo {
    const { d, nlist, metric, kind, quantizer } = shards[0] as IndexInfo;
    const sum = (field: 'n' | 'bytesUsed' | 'memoryBytes'): number =>
      shards.reduce((total, shard) => total + shard[field], 0);
    return {
      ...{ n: sum('n'), d, nlist, metric, kind, quantizer, shards },
      bytesUsed: sum('bytesUsed'),
      memoryBytes: sum('memoryBytes'),
    };
  }

  /** Ends the workers. */
  async dispose(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.dispose()));
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
