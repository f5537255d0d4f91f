/** The operations of the protocol, on one core and one index. */
import { type Core, type CreateCoreOptions, shapedSet } from '@sagitta/core-wasm';
import {
  type BatchSearchResult,
  type ByteSource,
  blobSource,
  bytesSource,
  IvfIndex,
  loadIndex,
  loadIndexFrom,
  openIndex,
  PagedIndex,
  paddedBatch,
  putAnswers,
  saveIndex,
  snapshotIndex,
  sourceChunks,
  trainIndex,
} from '@sagitta/retrieval';
import { download } from '../http-download.ts';
import { httpSource } from '../http-source.ts';
import type { StorageKind } from '../storage/index-storage.ts';
import { openStorage } from '../storage/storage.ts';
import { turn } from './job-queue.ts';
import { holdLock } from './liveness.ts';
import type { IndexInfo, IndexLocation, OperationName, Operations, Progress } from './protocol.ts';

/** Queries of a batch that are answered before messages are looked at. */
const QUERIES_PER_TURN = 16;

/** What waits for the network or for storage. */
const BESIDE: ReadonlySet<OperationName> = new Set(['load', 'open', 'save', 'stored', 'remove']);
const SEARCHES: ReadonlySet<OperationName> = new Set(['search', 'searchBatch']);

/** What an operation may do besides its work. */
export interface Context {
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
}

/** What a commit makes of the index: another one in its place, or more vectors in it. */
type Draft =
  | { readonly kind: 'new'; readonly index: IvfIndex | PagedIndex }
  | { readonly kind: 'more'; readonly index: IvfIndex };

type Handlers = {
  readonly [Name in OperationName]: (
    input: Operations[Name]['in'],
    context: Context,
  ) => Operations[Name]['out'] | Promise<Operations[Name]['out']>;
};

/** What the requests of one client have made. */
export class SearchService {
  readonly #makeCore: (options: CreateCoreOptions) => Core;
  #core: Core | undefined;
  #index: IvfIndex | PagedIndex | undefined;
  /** Searches of the paged index that wait for bytes. */
  #reads = new Set<Promise<unknown>>();
  /** By their numbers. */
  readonly #drafts = new Map<number, Draft>();
  /** Gives back the lock that tells the client that this worker lives. */
  #release: (() => void) | undefined;

  constructor(makeCore: (options: CreateCoreOptions) => Core) {
    this.#makeCore = makeCore;
  }

  /** Whether a request waits for others, so that what comes behind it is not to wait for it. */
  isBeside(op: OperationName): boolean {
    return BESIDE.has(op) || (SEARCHES.has(op) && this.#index instanceof PagedIndex);
  }

  run<Name extends OperationName>(
    request: { readonly op: Name; readonly in: Operations[Name]['in'] },
    context: Context,
  ): Operations[Name]['out'] | Promise<Operations[Name]['out']> {
    const handler: Handlers[Name] = this.#handlers[request.op];
    return handler(request.in, context);
  }

  readonly #handlers: Handlers = {
    start: async ({ lock, ...options }) => {
      this.#core ??= this.#makeCore(options);
      if (lock !== undefined) this.#release ??= await holdLock(lock);
      return { build: this.#core.build, isLocked: this.#release !== undefined };
    },
    train: ({ draft, sample, d, options }) =>
      this.#begin(draft, trainIndex(this.#live(), { data: sample, n: sample.length / d, d }, options)),
    model: ({ draft }) => saveIndex(this.#draft(draft).index),
    adopt: ({ draft, model }) => this.#begin(draft, loadIndex(this.#live(), model)),
    extend: ({ draft }) => {
      const index = this.#whole();
      this.#drafts.set(draft, { kind: 'more', index });
      return this.#describe(index);
    },
    add: ({ draft, vectors }) => {
      this.#draft(draft).index.stage(vectors);
      return undefined;
    },
    load: async ({ draft, from }, context) => {
      const index = await load(this.#live(), from, context);
      return this.#beginUnless(context.signal, draft, index);
    },
    open: async ({ draft, from, options }, { signal }) => {
      const source = await sourceOf(from, signal);
      try {
        const index = await openIndex(this.#live(), source, { ...options, signal });
        return this.#beginUnless(signal, draft, index);
      } catch (error) {
        await source.close?.();
        throw error;
      }
    },
    commit: ({ draft: number }) => {
      const draft = this.#drafts.get(number);
      if (!draft) throw unknownDraft(number);
      this.#drafts.delete(number);
      const { index, kind } = draft;
      if (index instanceof IvfIndex) index.publish();
      if (kind === 'new') {
        if (index instanceof IvfIndex) index.codec.releaseEncoder();
        this.#retire();
        this.#index = index;
      }
      return this.#describe(index);
    },
    discard: ({ draft }) => this.#discard(draft),
    search: ({ query, k, options }, { signal }) => {
      const index = this.#current();
      if (index instanceof IvfIndex) return index.search(query, k, options);
      return this.#reading(index.search(query, k, { ...options, signal }));
    },
    searchBatch: (input, context) => {
      const found = this.#searchBatch(input, context);
      return this.#index instanceof PagedIndex ? this.#reading(found) : found;
    },
    save: async ({ name, storage: kind }) => {
      // before anything is waited for: the state at the call
      const snapshot = snapshotIndex(this.#whole());
      try {
        const storage = await openStorage(kind);
        const bytes = await storage.write(name, snapshot.chunks(), snapshot.byteLength);
        return { bytes, storage: storage.kind };
      } finally {
        snapshot.dispose();
      }
    },
    bytes: () => saveIndex(this.#whole()),
    info: () => (this.#index ? this.#describe(this.#index) : undefined),
    stored: async ({ storage }) => (await openStorage(storage)).list(),
    remove: async ({ name, storage }) => {
      await (await openStorage(storage)).remove(name);
      return undefined;
    },
    dispose: () => {
      for (const number of [...this.#drafts.keys()]) this.#discard(number);
      this.#index?.dispose();
      this.#index = undefined;
      this.#core?.dispose();
      this.#core = undefined;
      this.#release?.();
      this.#release = undefined;
      return undefined;
    },
  };

  /** A search of the paged index there is. */
  #reading<T>(search: Promise<T>): Promise<T> {
    const reads = this.#reads;
    reads.add(search);
    return search.finally(() => reads.delete(search));
  }

  /** The index goes when the last search that has begun in it is through. */
  #retire(): void {
    const index = this.#index;
    const reads = this.#reads;
    this.#reads = new Set();
    if (reads.size === 0) index?.dispose();
    else Promise.allSettled(reads).then(() => index?.dispose());
  }

  #begin(draft: number, index: IvfIndex | PagedIndex): undefined {
    this.#drafts.set(draft, { kind: 'new', index });
    return undefined;
  }

  /** What came in after it was given up is dropped. */
  #beginUnless(signal: AbortSignal, draft: number, index: IvfIndex | PagedIndex): undefined {
    if (!signal.aborted) return this.#begin(draft, index);
    index.dispose();
    throw signal.reason;
  }

  /** A draft that vectors can be added to. */
  #draft(number: number): { readonly index: IvfIndex } {
    const index = this.#drafts.get(number)?.index;
    if (index instanceof IvfIndex) return { index };
    throw unknownDraft(number);
  }

  #discard(number: number): undefined {
    const draft = this.#drafts.get(number);
    this.#drafts.delete(number);
    if (draft?.kind === 'new') draft.index.dispose();
    else draft?.index.withdraw();
    return undefined;
  }

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
    const batch = paddedBatch(index.metric, nq, k);
    for (let at = 0; at < queries.length; at += some) {
      const part = queries.subarray(at, at + some);
      const found =
        index instanceof PagedIndex
          ? await index.searchBatch(part, k, { ...options, signal })
          : index.searchBatch(part, k, options);
      putAnswers(batch, at / d, found);
      progress({ done: Math.min(nq, at / d + QUERIES_PER_TURN), total: nq });
      await turn();
      signal.throwIfAborted();
    }
    return batch;
  }
}

function unknownDraft(number: number): RangeError {
  return new RangeError(`"draft" expected one that was begun, got ${number}`);
}

async function load(core: Core, from: IndexLocation, context: Context): Promise<IvfIndex> {
  if ('url' in from) return loadFromUrl(core, from, context);
  const { signal } = context;
  const source = await sourceOf(from, signal);
  try {
    const onProgress = (done: number, total: number): void => context.progress({ done, total });
    const chunks = sourceChunks(source, signal);
    return await loadIndexFrom(core, chunks, { size: source.size, signal, onProgress });
  } finally {
    await source.close?.();
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
  const { size, chunks } = await download(url, { headers, signal });
  return loadIndexFrom(core, chunks, {
    ...(size !== undefined && { size }),
    signal,
    onProgress: (done, total) => progress({ done, total }),
  });
}
