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
import type { Build, TokenSetInput, Vectors } from '@sagitta/core-wasm';
import type {
  BatchSearchResult,
  GraphOptions,
  IndexOptions,
  IvfIndex,
  IvfOptions,
  MultiVectorDocuments,
  MultiVectorIndex,
  MultiVectorOptions,
  OpenIndexOptions,
  ReadStatistics,
  SearchOptions,
  SearchResult,
  VectorIndex,
  VectorIndexOptions,
  VectorRows,
} from '../index.ts';
import type { StoredIndex } from './place.ts';
import type { TransferredError } from './transfer-error.ts';

/** How an index is built: `nlist` makes lists, `graph` a neighbour graph; without either all is scanned. */
export type BuildOptions = IndexOptions &
  Partial<Pick<IvfOptions, 'nlist' | 'iterations'>> & { readonly graph?: GraphOptions };

/** Options of a search that can be posted. */
export interface WorkerSearchOptions
  extends Pick<SearchOptions, 'nprobe' | 'ef' | 'precision' | 'gamma' | 'statistics'> {
  /** Scores so many candidates exactly, from vectors that the index keeps. */
  readonly rerank?: { readonly candidates: number };
}

/** What an index takes, and where it is. */
export interface Held {
  /** Whether lists, or tokens, are fetched as searches want them. */
  readonly isPaged: boolean;
  /** Bytes of live blocks in the worker's core, and the size of its memory. */
  readonly bytesUsed: number;
  readonly memoryBytes: number;
}

/** Says what an index in a worker is, and what it takes. */
export interface IndexInfo
  extends Held,
    Pick<IvfIndex, 'n' | 'd' | 'nlist' | 'metric' | 'kind' | 'quantizer' | 'bits'> {
  readonly keepsVectors: boolean;
  /** Code, factors and id of a vector. */
  readonly bytesPerVector: number;
  /** What reading has cost, of a paged index. */
  readonly reads?: ReadStatistics;
}

/** Describes a VectorIndex in a worker. */
export interface VectorInfo
  extends Held,
    Pick<VectorIndex, 'n' | 'd' | 'dead' | 'nlist' | 'metric' | 'kind' | 'quantizer' | 'bits'> {
  /** What reading has cost, of a paged index. */
  readonly reads?: ReadStatistics;
}

/** Describes a MultiVectorIndex in a worker. */
export interface MultiVectorInfo
  extends Held,
    Pick<MultiVectorIndex, 'n' | 'd' | 'dead' | 'metric' | 'parameterHash'> {
  /** What reading has cost, of a paged index. */
  readonly reads?: { readonly requests: number; readonly bytes: number };
}

/** What a worker says of its index, by what that holds. */
export type AnyInfo = IndexInfo | VectorInfo | MultiVectorInfo;

/** What a worker holds: row numbers (IvfIndex), records with one vector each (VectorIndex) or with many (MultiVectorIndex). */
export type IndexKind = 'rows' | 'vectors' | 'multi-vectors';

/** An index that is made: empty, of what is given, or like a sample. */
export type Making =
  | {
      readonly kind: 'vectors';
      readonly options: VectorIndexOptions;
      readonly rows: VectorRows | undefined;
    }
  | {
      readonly kind: 'multi-vectors';
      readonly options: Omit<MultiVectorOptions, 'encoder' | 'clock'>;
      /** writeFdeEncoder's bytes. */
      readonly encoder: Uint8Array | undefined;
      readonly of:
        | { readonly d: number }
        | { readonly sample: TokenSetInput }
        | { readonly documents: MultiVectorDocuments };
    };

/** Says how a worker begins. */
export interface StartOptions {
  /** A compiled core to use instead of the worker's own copy. */
  readonly module?: WebAssembly.Module;
  /** Which binary `module` is; default 'simd', which is what the worker has of its own. */
  readonly build?: 'simd' | 'relaxed';
  readonly maximumBytes?: number;
}

/** One worker of several. */
export interface Share {
  readonly shard: number;
  readonly shards: number;
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
  extend: { in: DraftOf<unknown>; out: Pick<IndexInfo, 'n' | 'd'> };
  add: { in: DraftOf<{ vectors: Float32Array }>; out: undefined };
  /** share — of an index that several workers hold: the vectors that this one gets. */
  load: {
    in: DraftOf<{ kind: IndexKind; from: object; share: Share | undefined }>;
    out: Pick<IndexInfo, 'd' | 'metric'>;
  };
  open: {
    in: DraftOf<{ kind: IndexKind; from: object; options: Omit<OpenIndexOptions, 'signal'> }>;
    out: undefined;
  };
  /** Makes an index of records. */
  create: { in: DraftOf<{ making: Making }>; out: undefined };
  /**
   * Calls a method of the index of records (record-calls.ts). Those that change it do so at once, whole or not at all: they
   * need no draft.
   */
  call: { in: { method: string; args: readonly unknown[] }; out: unknown };
  /** Keeps the file of the index as it is now and gives its bytes at the port, until the draft is discarded. */
  hold: { in: DraftOf<{ port: MessagePort }>; out: undefined };
  /** Cannot fail for a draft whose other requests were answered without an error. */
  commit: { in: DraftOf<unknown>; out: AnyInfo };
  discard: { in: DraftOf<unknown>; out: undefined };
  search: { in: { query: Float32Array; k: number; options: WorkerSearchOptions }; out: SearchResult };
  searchBatch: {
    in: { queries: Vectors; k: number; options: WorkerSearchOptions };
    out: BatchSearchResult;
  };
  /** others — ports at which the other workers give their files: all together are saved as one. */
  save: {
    in: { name: string; storage: string; others: MessagePort[] };
    out: { bytes: number; storage: string };
  };
  bytes: { in: { others: MessagePort[] }; out: Uint8Array<ArrayBuffer> };
  info: { in: Record<string, never>; out: AnyInfo | undefined };
  stored: { in: { storage: string }; out: StoredIndex[] };
  remove: { in: { name: string; storage: string }; out: undefined };
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

/** How far a call has come; units are those of its phase. */
export interface Progress {
  /** Vectors that the model learns from (train), vectors coded (add), bytes read (load), queries answered (search). */
  readonly phase: 'train' | 'add' | 'load' | 'search';
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
