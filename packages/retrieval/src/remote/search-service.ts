/** The operations of the protocol, on one core and one index. What is done with records is in record-service.ts. */
import { type Core, type CreateCoreOptions, type Snapshot, shapedSet } from '@sagitta/core-wasm';
import {
  type BatchSearchResult,
  IvfIndex,
  loadIndex,
  MultiVectorIndex,
  openIndex,
  PagedIndex,
  PagedMultiVectorIndex,
  saveIndex,
  snapshotIndex,
  snapshotMultiVectorIndex,
  trainGraph,
  trainIndex,
  VectorIndex,
} from '../index.ts';
import { paddedBatch, putAnswers } from '../search/batch.ts';
import { type AnyIndex, describeIndex } from './describe-index.ts';
import { turn } from './job-queue.ts';
import { holdLock } from './liveness.ts';
import { type Context, load, naming } from './load.ts';
import { openSource } from './locations.ts';
import { PeerFile } from './peer-source.ts';
import type { WorkerPlace } from './place.ts';
import type { OperationName, Operations } from './protocol.ts';
import {
  callRecords,
  isPagedRecords,
  isRecords,
  loadRecords,
  makeRecords,
  notWhole,
  openRecords,
  QUERIES_PER_TURN,
  type RecordIndex,
} from './record-service.ts';
import { SavedFile } from './saved-file.ts';

/** What waits for the network, for storage or for other workers. */
const BESIDE: ReadonlySet<OperationName> = new Set(['load', 'open', 'save', 'bytes', 'stored', 'remove']);
const SEARCHES: ReadonlySet<OperationName> = new Set(['search', 'searchBatch', 'call']);

/** What a commit makes of the index: another one in its place, or more vectors in it. */
type Draft =
  | { readonly kind: 'new'; readonly index: AnyIndex }
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
  readonly #place: WorkerPlace;
  #core: Core | undefined;
  #index: AnyIndex | undefined;
  /** Searches of the paged index that wait for bytes. */
  #reads = new Set<Promise<unknown>>();
  /** By their numbers. */
  readonly #drafts = new Map<number, Draft>();
  /** Drafts on their way, by their numbers. */
  readonly #loading = new Map<number, AbortController>();
  /** Files that other workers read, by the numbers of drafts. */
  readonly #held = new Map<number, PeerFile>();
  /** Gives back the lock that tells the client that this worker lives. */
  #release: (() => void) | undefined;

  constructor(makeCore: (options: CreateCoreOptions) => Core, place: WorkerPlace) {
    this.#makeCore = makeCore;
    this.#place = place;
  }

  /** Whether a request waits for others, so that what comes behind it is not to wait for it. */
  isBeside({ op }: { readonly op: OperationName }): boolean {
    return BESIDE.has(op) || (SEARCHES.has(op) && this.#isPaged);
  }

  get #isPaged(): boolean {
    return this.#index instanceof PagedIndex || isPagedRecords(this.#index);
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
    train: ({ draft, sample, d, options }) => {
      const { graph, ...rest } = options;
      const set = { data: sample, n: sample.length / d, d };
      const trained = graph
        ? trainGraph(this.#live(), set, { ...rest, ...graph })
        : trainIndex(this.#live(), set, rest);
      return this.#begin(draft, trained);
    },
    model: ({ draft }) => saveIndex(this.#draft(draft).index),
    adopt: ({ draft, model }) => this.#begin(draft, loadIndex(this.#live(), model)),
    extend: ({ draft }) => {
      const index = this.#wholeRows();
      this.#drafts.set(draft, { kind: 'more', index });
      return describeIndex(this.#live(), index);
    },
    add: ({ draft, vectors }) => {
      this.#draft(draft).index.stage(vectors);
      return undefined;
    },
    load: ({ draft, ...what }, context) =>
      this.#loadingDraft(draft, context.signal, async (signal) => {
        const { kind, from, share } = what;
        const own = { ...context, signal };
        const index = await (kind === 'rows'
          ? load(this.#live(), { from, share }, this.#place, own)
          : loadRecords(this.#live(), { kind, from }, this.#place, own));
        this.#beginUnless(signal, draft, index);
        return { d: index.d, metric: index.metric };
      }),
    open: ({ draft, kind, from, options }, context) =>
      this.#loadingDraft(draft, context.signal, async (signal) => {
        const source = await openSource(from, this.#place, signal);
        try {
          const given = { ...options, signal };
          const index = await (kind === 'rows'
            ? openIndex(this.#live(), source, given)
            : openRecords(this.#live(), kind, source, given));
          return this.#beginUnless(signal, draft, index);
        } catch (error) {
          await source.close?.();
          throw naming(from, error);
        }
      }),
    create: ({ draft, making }) => this.#begin(draft, makeRecords(this.#live(), making)),
    call: (input, context) => {
      const answer = callRecords(this.#records(), input, context);
      return this.#isPaged ? this.#reading(Promise.resolve(answer)) : answer;
    },
    hold: ({ draft, port }) => {
      this.#held.set(draft, new PeerFile(port, () => snapshotIndex(this.#wholeRows())));
      return undefined;
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
      return describeIndex(this.#live(), index);
    },
    discard: ({ draft }) => this.#discard(draft),
    search: ({ query, k, options }, { signal }) => {
      const index = this.#rows();
      if (index instanceof IvfIndex) return index.search(query, k, options);
      return this.#reading(index.search(query, k, { ...options, signal }));
    },
    searchBatch: (input, context) => {
      const found = this.#searchBatch(input, context);
      return this.#isPaged ? this.#reading(found) : found;
    },
    save: async ({ name, storage: kind, others }, { signal }) => {
      const file = this.#file(others, signal);
      try {
        const storage = await this.#place.storage(kind);
        const { byteLength, chunks } = await file.open();
        const bytes = await storage.write(name, chunks, byteLength);
        return { bytes, storage: storage.kind };
      } finally {
        file.dispose();
      }
    },
    bytes: async ({ others }, { signal }) => {
      const file = this.#file(others, signal);
      try {
        return await file.bytes();
      } finally {
        file.dispose();
      }
    },
    info: () => (this.#index ? describeIndex(this.#live(), this.#index) : undefined),
    stored: async ({ storage }) => (await this.#place.storage(storage)).list(),
    remove: async ({ name, storage }) => {
      await (await this.#place.storage(storage)).remove(name);
      return undefined;
    },
    dispose: () => {
      for (const number of [...this.#loading.keys(), ...this.#drafts.keys(), ...this.#held.keys()])
        this.#discard(number);
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

  /** Runs what makes a draft and waits on the way; it ends when nobody waits for it, and when the draft is dropped. */
  async #loadingDraft<T>(
    draft: number,
    outer: AbortSignal,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const stop = new AbortController();
    outer.addEventListener('abort', () => stop.abort(outer.reason), { once: true });
    this.#loading.set(draft, stop);
    try {
      return await run(stop.signal);
    } finally {
      this.#loading.delete(draft);
    }
  }

  #begin(draft: number, index: AnyIndex): undefined {
    this.#drafts.set(draft, { kind: 'new', index });
    return undefined;
  }

  /** What came in after it was given up is dropped. */
  #beginUnless(signal: AbortSignal, draft: number, index: AnyIndex): undefined {
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
    this.#loading.get(number)?.abort(unknownDraft(number));
    const draft = this.#drafts.get(number);
    this.#drafts.delete(number);
    if (draft?.kind === 'new') draft.index.dispose();
    else draft?.index.withdraw();
    this.#held.get(number)?.dispose();
    this.#held.delete(number);
    return undefined;
  }

  /** The file of the state at this call, together with what other workers hold of theirs. */
  #file(others: readonly MessagePort[], signal: AbortSignal): SavedFile {
    return new SavedFile(this.#live(), this.#snapshot(), others, signal);
  }

  #live(): Core {
    if (!this.#core) throw new RangeError('"worker" expected one that was started and not disposed');
    return this.#core;
  }

  #current(): AnyIndex {
    if (!this.#index) throw new RangeError('"index" expected one that was built or loaded, got none');
    return this.#index;
  }

  #rows(): IvfIndex | PagedIndex {
    const index = this.#current();
    if (isRecords(index)) throw new RangeError('"index" expected one of row numbers, got one of records');
    return index;
  }

  /** The index of row numbers, all of it in memory. */
  #wholeRows(): IvfIndex {
    const index = this.#rows();
    if (index instanceof IvfIndex) return index;
    throw notWhole('lists');
  }

  #records(): RecordIndex {
    const index = this.#current();
    if (isRecords(index)) return index;
    throw new RangeError('"index" expected one of records, got one of row numbers');
  }

  #snapshot(): Snapshot {
    const index = this.#current();
    if (index instanceof MultiVectorIndex) return snapshotMultiVectorIndex(index);
    if (index instanceof IvfIndex || index instanceof VectorIndex) return snapshotIndex(index);
    throw notWhole(index instanceof PagedMultiVectorIndex ? 'tokens' : 'lists');
  }

  async #searchBatch(
    { queries: given, k, options }: Operations['searchBatch']['in'],
    { signal, progress }: Context,
  ): Promise<BatchSearchResult> {
    const index = this.#rows();
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
      progress({ phase: 'search', done: Math.min(nq, at / d + QUERIES_PER_TURN), total: nq });
      await turn();
      signal.throwIfAborted();
    }
    return batch;
  }
}

function unknownDraft(number: number): RangeError {
  return new RangeError(`"draft" expected one that was begun, got ${number}`);
}
