/** The worker's side: one core, one index, and the operations of the protocol on them. */
import { type Core, type CreateCoreOptions, createCore, shapedSet } from '@sagitta/core-wasm';
import {
  type BatchSearchResult,
  type ByteSource,
  blobSource,
  bytesSource,
  IvfIndex,
  loadIndex,
  loadIndexFrom,
  NO_ID,
  openIndex,
  PagedIndex,
  saveIndex,
  snapshotIndex,
  sourceChunks,
  trainIndex,
} from '@sagitta/retrieval';
import { httpSource } from '../http-source.ts';
import type { StorageKind } from '../storage/index-storage.ts';
import { openStorage } from '../storage/storage.ts';
import { JobQueue, turn } from './job-queue.ts';
import type {
  Cancel,
  Endpoint,
  IndexInfo,
  IndexLocation,
  OperationName,
  Operations,
  Progress,
  Reply,
  Request,
} from './protocol.ts';
import { describeError } from './transfer-error.ts';

/** Queries of a batch that are answered before messages are looked at. */
const QUERIES_PER_TURN = 16;

/** What an operation may do besides its work. */
interface Context {
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
}

type Handlers = {
  readonly [Name in OperationName]: (
    input: Operations[Name]['in'],
    context: Context,
  ) => Operations[Name]['out'] | Promise<Operations[Name]['out']>;
};

/**
 * Answers the messages of a SearchClient at the other end of `endpoint`, until a message asks to end it.
 * @param makeCore - how the core is made, where createCore of `@sagitta/core-wasm` is not what the worker should use
 */
export function serveSearch(
  endpoint: Endpoint,
  makeCore: (options: CreateCoreOptions) => Core = createCore,
): void {
  const service = new SearchService(makeCore);
  const queue = new JobQueue();
  const reply = (message: Reply, transfer: Transferable[] = []): void =>
    endpoint.postMessage(message, transfer);
  const listener = ({ data }: MessageEvent<Request | Cancel>): void => {
    if ('cancel' in data) {
      queue.cancel(data.cancel);
      return;
    }
    const { id, op } = data;
    queue.push(id, async (signal) => {
      try {
        const out = await service.run(data, {
          signal,
          progress: (progress) => reply({ id, progress }),
        });
        reply({ id, out }, buffersOf(out));
      } catch (error) {
        reply({ id, error: describeError(error) });
      }
      if (op === 'dispose') endpoint.removeEventListener('message', listener);
    });
  };
  endpoint.addEventListener('message', listener);
  endpoint.start?.();
}

/** The arrays of an answer, which are fresh and go over without a copy. */
function buffersOf(out: unknown): Transferable[] {
  if (out instanceof Uint8Array) return [out.buffer as ArrayBuffer];
  if (out !== null && typeof out === 'object' && 'ids' in out && 'scores' in out) {
    return [out.ids, out.scores].filter(ArrayBuffer.isView).map((view) => view.buffer as ArrayBuffer);
  }
  return [];
}

class SearchService {
  readonly #makeCore: (options: CreateCoreOptions) => Core;
  #core: Core | undefined;
  #index: IvfIndex | PagedIndex | undefined;
  /** An index that is being built; the one before it is searched until then. */
  #pending: IvfIndex | undefined;

  constructor(makeCore: (options: CreateCoreOptions) => Core) {
    this.#makeCore = makeCore;
  }

  run<Name extends OperationName>(
    request: { readonly op: Name; readonly in: Operations[Name]['in'] },
    context: Context,
  ): Operations[Name]['out'] | Promise<Operations[Name]['out']> {
    const handler: Handlers[Name] = this.#handlers[request.op];
    return handler(request.in, context);
  }

  readonly #handlers: Handlers = {
    start: (options) => {
      this.#core ??= this.#makeCore(options);
      return { build: this.#core.build };
    },
    train: ({ sample, d, options }) => {
      this.#discard();
      this.#pending = trainIndex(this.#live(), { data: sample, n: sample.length / d, d }, options);
      return this.#describe(this.#pending);
    },
    add: ({ vectors }) => {
      const index = this.#pending ?? this.#whole();
      index.add(vectors);
      return { n: index.n };
    },
    commit: () => {
      const index = this.#pending;
      if (!index) throw new RangeError('"build" expected one that was begun, got none');
      index.codec.releaseEncoder();
      this.#pending = undefined;
      return this.#take(index);
    },
    discard: () => this.#discard(),
    search: ({ query, k, options }, { signal }) => {
      const index = this.#current();
      return index instanceof PagedIndex
        ? index.search(query, k, { ...options, signal })
        : index.search(query, k, options);
    },
    searchBatch: (input, context) => this.#searchBatch(input, context),
    load: async ({ from }, context) => {
      const core = this.#live();
      if ('url' in from) return this.#take(await loadFromUrl(core, from, context));
      const source = await sourceOf(from, context.signal);
      try {
        const { signal } = context;
        const chunks = sourceChunks(source, signal);
        const onProgress = (done: number, total: number): void => context.progress({ done, total });
        return this.#take(await loadIndexFrom(core, chunks, { size: source.size, signal, onProgress }));
      } finally {
        await source.close?.();
      }
    },
    open: async ({ from, options }, { signal }) => {
      const source = await sourceOf(from, signal);
      try {
        return this.#take(await openIndex(this.#live(), source, { ...options, signal }));
      } catch (error) {
        await source.close?.();
        throw error;
      }
    },
    save: async ({ name, storage: kind }) => {
      // before anything is waited for: the state at the call
      const snapshot = snapshotIndex(this.#whole());
      try {
        const storage = await openStorage(kind);
        const bytes = await storage.write(name, snapshot.chunks());
        return { bytes, storage: storage.kind };
      } finally {
        snapshot.dispose();
      }
    },
    bytes: () => saveIndex(this.#whole()),
    model: () => {
      if (!this.#pending) throw new RangeError('"build" expected one that was begun, got none');
      return saveIndex(this.#pending);
    },
    adopt: ({ model }) => {
      this.#discard();
      this.#pending = loadIndex(this.#live(), model);
      return this.#describe(this.#pending);
    },
    info: () => (this.#index ? this.#describe(this.#index) : undefined),
    stored: async ({ storage }) => (await openStorage(storage)).list(),
    remove: async ({ name, storage }) => {
      await (await openStorage(storage)).remove(name);
      return undefined;
    },
    dispose: () => {
      this.#discard();
      this.#index?.dispose();
      this.#index = undefined;
      this.#core?.dispose();
      this.#core = undefined;
      return undefined;
    },
  };

  #live(): Core {
    if (!this.#core) throw new RangeError('"worker" expected one that was started and not disposed');
    return this.#core;
  }

  #current(): IvfIndex | PagedIndex {
    if (!this.#index) throw new RangeError('"index" expected one that was built or loaded, got none');
    return this.#index;
  }

  /** The index, all of it in memory. */
  #whole(): IvfIndex {
    const index = this.#current();
    if (index instanceof IvfIndex) return index;
    throw new RangeError('"index" expected one in memory (load), got one whose lists are elsewhere (open)');
  }

  #discard(): undefined {
    this.#pending?.dispose();
    this.#pending = undefined;
    return undefined;
  }

  #take(index: IvfIndex | PagedIndex): IndexInfo {
    this.#index?.dispose();
    this.#index = index;
    return this.#describe(index);
  }

  #describe(index: IvfIndex | PagedIndex): IndexInfo {
    const core = this.#live();
    const { n, d, nlist, metric, kind, quantizer, bits, keepsVectors, bytesPerVector } = index;
    const isPaged = index instanceof PagedIndex;
    return {
      ...{ n, d, nlist, metric, kind, quantizer, bits, keepsVectors, bytesPerVector, isPaged },
      bytesUsed: core.bytesUsed(),
      memoryBytes: core.memoryBytes(),
      ...(isPaged && { reads: index.reads }),
    };
  }

  async #searchBatch(
    { queries: given, k, options }: Operations['searchBatch']['in'],
    { signal, progress }: Context,
  ): Promise<BatchSearchResult> {
    const index = this.#current();
    const { d } = index;
    const { data: queries, n: nq } = shapedSet(given, d, 'queries');
    const some = QUERIES_PER_TURN * d;
    if (index instanceof IvfIndex && queries.length <= some) return index.searchBatch(queries, k, options);
    const worst = index.metric === 'l2' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    const ids = new Uint32Array(nq * k).fill(NO_ID);
    const scores = new Float32Array(nq * k).fill(worst);
    for (let at = 0; at < queries.length; at += some) {
      const part = queries.subarray(at, at + some);
      const found =
        index instanceof PagedIndex
          ? await index.searchBatch(part, k, { ...options, signal })
          : index.searchBatch(part, k, options);
      ids.set(found.ids, (at / d) * k);
      scores.set(found.scores, (at / d) * k);
      progress({ done: Math.min(nq, at / d + QUERIES_PER_TURN), total: nq });
      await turn();
      signal.throwIfAborted();
    }
    return { k, ids, scores };
  }
}

type Located = Exclude<IndexLocation, { readonly url: string }>;

async function sourceOf(from: IndexLocation, signal: AbortSignal): Promise<ByteSource> {
  if ('bytes' in from) return bytesSource(from.bytes);
  if ('blob' in from) return blobSource(from.blob);
  if ('url' in from) return httpSource(from.url, { signal, ...(from.headers && { headers: from.headers }) });
  const located: Located & { stored: string; storage?: StorageKind } = from;
  return (await openStorage(located.storage)).open(located.stored);
}

async function loadFromUrl(
  core: Core,
  { url, headers = {} }: Extract<IndexLocation, { url: string }>,
  { signal, progress }: Context,
): Promise<IvfIndex> {
  const response = await fetch(url, { headers, signal });
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new Error(`"url" expected an index at ${url}, got HTTP status ${response.status}`);
  }
  // with a content encoding the length is that of the compressed bytes
  const length = response.headers.get('content-encoding') ? null : response.headers.get('content-length');
  return loadIndexFrom(core, response.body, {
    ...(length !== null && { size: Number(length) }),
    signal,
    onProgress: (done, total) => progress({ done, total }),
  });
}
