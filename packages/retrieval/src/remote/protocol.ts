/**
 * What a client and its worker say to each other. A request has a number; the answer to it carries that number with a
 * value or an error, and progress may come before it. `cancel` names a request that nobody waits for any more.
 *
 * A change of the index is a draft, which has a number too: an index that is trained, adopted, loaded or opened, or vectors
 * staged in the one there is (`extend`). Drafts are made beside the index that is searched; `commit` puts one in its place and
 * cannot fail, `discard` drops it. Requests begin in the order in which they come in, and those that wait for the network or
 * for storage hold up nobody: so if a commit goes to several workers in one turn, any search finds the old index in all of
 * them, or the new one.
 */
import type { Build, Vectors } from '@sagitta/core-wasm';
import type {
  BatchSearchResult,
  IndexOptions,
  IvfIndex,
  IvfOptions,
  OpenIndexOptions,
  ReadStatistics,
  SearchOptions,
  SearchResult,
} from '@sagitta/retrieval';
import type { StorageKind, StoredIndex } from '../storage/index-storage.ts';
import type { TransferredError } from './transfer-error.ts';

/** A worker, a message port, or the inside of a worker. */
export interface Endpoint {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  addEventListener(type: EndpointEnd, listener: (event: Event) => void): void;
  removeEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  removeEventListener(type: EndpointEnd, listener: (event: Event) => void): void;
  /** Message ports begin when told to. */
  start?(): void;
}

/** Events that say that an endpoint is of no use any more, where an engine has them. */
export type EndpointEnd = 'error' | 'messageerror' | 'close';

/** How an index is built: `nlist` makes it an IVF index, without it all is scanned. */
export type BuildOptions = IndexOptions & Partial<Pick<IvfOptions, 'nlist' | 'iterations'>>;

/** Options of a search that can be posted. */
export interface WorkerSearchOptions extends Pick<SearchOptions, 'nprobe' | 'gamma' | 'statistics'> {
  /** Scores so many candidates exactly, from vectors that the index keeps. */
  readonly rerank?: { readonly candidates: number };
}

/** Where the bytes of an index are. */
export type IndexLocation =
  | { readonly bytes: Uint8Array }
  | { readonly blob: Blob }
  | { readonly url: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly stored: string; readonly storage?: StorageKind };

export interface IndexInfo
  extends Pick<IvfIndex, 'n' | 'd' | 'nlist' | 'metric' | 'kind' | 'quantizer' | 'bits'> {
  readonly keepsVectors: boolean;
  /** Code, factors and id of a vector. */
  readonly bytesPerVector: number;
  /** Whether lists are fetched as searches visit them. */
  readonly isPaged: boolean;
  /** Bytes of live blocks in the worker's core, and the size of its memory. */
  readonly bytesUsed: number;
  readonly memoryBytes: number;
  /** What reading has cost, of a paged index. */
  readonly reads?: ReadStatistics;
}

export interface StartOptions {
  /** A compiled core to use instead of the worker's own copy. */
  readonly module?: WebAssembly.Module;
  /** Which binary `module` is; default 'simd', which is what the worker has of its own. */
  readonly build?: 'simd' | 'relaxed';
  readonly maximumBytes?: number;
}

type DraftOf<Input> = Input & { readonly draft: number };

/** Input and answer by operation. */
export interface Operations {
  /** lock — the name of a Web Lock for the worker to hold as long as it lives; the answer says whether it does. */
  start: { in: StartOptions & { lock: string | undefined }; out: { build: Build; isLocked: boolean } };
  train: { in: DraftOf<{ sample: Float32Array; d: number; options: BuildOptions }>; out: undefined };
  /** Of the draft as it is, without vectors: what another worker needs to code alike. */
  model: { in: DraftOf<unknown>; out: Uint8Array<ArrayBuffer> };
  adopt: { in: DraftOf<{ model: Uint8Array }>; out: undefined };
  /** Begins to add to the index that is searched. */
  extend: { in: DraftOf<unknown>; out: IndexInfo };
  add: { in: DraftOf<{ vectors: Float32Array }>; out: undefined };
  load: { in: DraftOf<{ from: IndexLocation }>; out: undefined };
  open: {
    in: DraftOf<{ from: IndexLocation; options: Omit<OpenIndexOptions, 'signal'> }>;
    out: undefined;
  };
  /** Cannot fail for a draft whose other requests were answered without an error. */
  commit: { in: DraftOf<unknown>; out: IndexInfo };
  discard: { in: DraftOf<unknown>; out: undefined };
  search: { in: { query: Float32Array; k: number; options: WorkerSearchOptions }; out: SearchResult };
  searchBatch: {
    in: { queries: Vectors; k: number; options: WorkerSearchOptions };
    out: BatchSearchResult;
  };
  save: { in: { name: string; storage: StorageKind | 'auto' }; out: { bytes: number; storage: StorageKind } };
  bytes: { in: Record<string, never>; out: Uint8Array<ArrayBuffer> };
  info: { in: Record<string, never>; out: IndexInfo | undefined };
  stored: { in: { storage: StorageKind | 'auto' }; out: StoredIndex[] };
  remove: { in: { name: string; storage: StorageKind | 'auto' }; out: undefined };
  dispose: { in: Record<string, never>; out: undefined };
}

export type OperationName = keyof Operations;

export type Request = {
  readonly [Name in OperationName]: {
    readonly id: number;
    readonly op: Name;
    readonly in: Operations[Name]['in'];
  };
}[OperationName];

export interface Cancel {
  readonly cancel: number;
}

/** Asked of a worker that holds no lock; it answers between two jobs. */
export interface Ping {
  readonly ping: true;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
}

export type Reply =
  | { readonly id: number; readonly out: unknown }
  | { readonly id: number; readonly error: TransferredError }
  | { readonly id: number; readonly progress: Progress }
  | Sign;

/** Says that the worker lives; that it begins a job which may take long without a word (`busy`); that a request did not arrive whole (`lost`). */
export interface Sign {
  readonly sign: 'alive' | 'busy' | 'lost';
}
