/**
 * What a client and its worker say to each other. A request has a number; the answer to it carries that number with a
 * value or an error, and progress may come before it. `cancel` names a request that nobody waits for any more.
 */
import type { Build, Numbers, Vectors } from '@sagitta/core-wasm';
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
  removeEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  /** Message ports begin when told to. */
  start?(): void;
}

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

/** Input and answer by operation. */
export interface Operations {
  start: { in: StartOptions; out: { build: Build } };
  train: { in: { sample: Float32Array; d: number; options: BuildOptions }; out: IndexInfo };
  /** Adds to the index that is being built, or else to the one that is searched. */
  add: { in: { vectors: Float32Array }; out: { n: number } };
  /** What was built becomes the index that is searched. */
  commit: { in: Record<string, never>; out: IndexInfo };
  discard: { in: Record<string, never>; out: undefined };
  search: { in: { query: Numbers; k: number; options: WorkerSearchOptions }; out: SearchResult };
  searchBatch: {
    in: { queries: Vectors; k: number; options: WorkerSearchOptions };
    out: BatchSearchResult;
  };
  load: { in: { from: IndexLocation }; out: IndexInfo };
  open: { in: { from: IndexLocation; options: Omit<OpenIndexOptions, 'signal'> }; out: IndexInfo };
  save: { in: { name: string; storage: StorageKind | 'auto' }; out: { bytes: number; storage: StorageKind } };
  bytes: { in: Record<string, never>; out: Uint8Array<ArrayBuffer> };
  /** The file of the index being built, without vectors: what another worker needs to code alike. */
  model: { in: Record<string, never>; out: Uint8Array<ArrayBuffer> };
  adopt: { in: { model: Uint8Array }; out: IndexInfo };
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

export interface Progress {
  readonly done: number;
  readonly total: number;
}

export type Reply =
  | { readonly id: number; readonly out: unknown }
  | { readonly id: number; readonly error: TransferredError }
  | { readonly id: number; readonly progress: Progress };
