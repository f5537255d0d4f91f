/** What an index of rows finds its rows with: codes in lists, or codes in a graph. It knows no ids and no metadata. */
import type { Block, MetricQuery, Scope, SnapshotParts, VectorSet } from '@sagitta/core-wasm';
import type { ResultHeap } from '../search/result-heap.ts';
import type { SearchStatistics } from '../search/search-result.ts';
import type { AllowedRows } from '../search/slot-set.ts';
import type { Compaction } from './compaction.ts';
import type { ListScan } from './list-scan.ts';

export type SavedSection = SnapshotParts['sections'][number];

/** A query on its way. */
export interface Prepared {
  /** d values, of length 1 for cosine. */
  readonly query: Block;
  readonly found: ResultHeap;
  /** f32: the exact score of each origin of codes. */
  readonly bases: Block;
}

export interface RouteOptions {
  /** Lists to visit. */
  readonly nprobe: number;
  /** Width of the search in a graph; undefined: the default. */
  readonly ef: number | undefined;
  /** Codes are read to their end; else the heads of a graph alone. */
  readonly isWhole: boolean;
  /** Results to keep. */
  readonly count: number;
  readonly gamma: number;
  readonly isCoarse: boolean;
  readonly allowed: AllowedRows | undefined;
}

/** Finds rows by their codes. Rows are numbered in the order they came in. */
export interface SlotIndex extends Disposable {
  readonly kind: 'lists' | 'graph';
  readonly codec: ListScan;
  /** Of a code and what finds it: its number in a list, or its edges. */
  readonly bytesPerVector: number;
  /** Edges of a vector in a graph. */
  readonly degree?: number;
  /** What a file has of it, but the codec's model. */
  sections(): SavedSection[];
  /** Codes rows first…, which do not count until publish(). On an error none of the call is staged. */
  stage(rows: VectorSet, first: number): void;
  publish(): void;
  withdraw(): void;
  /** Makes ready that row i becomes numbers[i], or goes where that is NO_ID. Numbers ascend. */
  compaction(numbers: Uint32Array): Compaction;
  /** Frees what only changing needs; the next change makes it anew. */
  releaseEncoders(): void;
  /** Puts the query into scratch of the core. n — rows there are. */
  prepare(scope: Scope, query: MetricQuery, n: number, options: RouteOptions): Prepared;
  /** Finds the best rows; returns how many lists were visited. */
  scan(prepared: Prepared, n: number): number;
  /** Of searches in a graph since the last reset. */
  statistics?(): Pick<SearchStatistics, 'graph' | 'vectorsInFull' | 'codeBitsRead'>;
  resetStatistics?(): void;
  /** Scores of rows by all levels of their codes, smaller is better. bases — of the query's preparation. */
  levelScores(query: Float32Array, bases: Block, rows: Uint32Array, n: number): Float32Array;
  /** The estimated score of every row that could be visited, for measuring estimators. */
  estimates(prepared: Prepared): { ids: Uint32Array; scores: Float32Array };
  /** What the codes of rows stand for, rows.length × d, in that order. */
  decode(rows: Uint32Array, n: number): Float32Array;
  /** |x - x̂|² on average over vectors that need not be there, x̂ what the code of x stands for. */
  codingError(vectors: VectorSet): number;
  /** Of the core's memory. */
  bytesUsed(): number;
}

/** A graph whose tails of codes may be elsewhere. */
export interface PagedGraph extends SlotIndex {
  readonly kind: 'graph';
  /** Bytes of a row's tail. */
  readonly tailBytes: number;
  /** The best rows by their heads, whose tails have to be read; none where heads are enough: then they are in the heap. */
  byHeads(prepared: Prepared, scope: Scope, n: number): Uint32Array;
  /** Scores rows in full, into the heap of the query. @throws FormatError on tails that no codes have */
  take(prepared: Prepared, rows: Uint32Array, tails: readonly Uint8Array[]): void;
}
