/**
 * The contract of every quantizer: train → immutable quantizer → encode → estimate against a prepared query → decode →
 * save and load. Codes lie in blocks of 32 vectors in the core's memory.
 *
 * Vectors are coded as residuals x - c of an origin c: the centroid of their list, or `origin` of a flat set.
 */
import type { Block, ByteWriter, Core, Metric, Numbers, Ptr, Vectors } from '@sagitta/core-wasm';
import type { BlockLayout } from './block-layout.ts';
import type { QuantizerName } from './names.ts';
import type { RowLayout } from './row-layout.ts';
import type { SaqSegment } from './saq/layout.ts';

/** Is a trained quantizer: immutable, and all that coding, scoring and decoding need. */
export interface Quantizer {
  readonly name: QuantizerName;
  readonly metric: Metric;
  readonly d: number;
  /** Average code bits a dimension, factors left out. */
  readonly bits: number;
  /** Where code and factors lie in a block of 32 vectors. */
  readonly layout: BlockLayout;
  /** How bits are shared out among runs of dims; empty where all have the same. */
  readonly plan: readonly SaqSegment[];
  /** There are finer levels of codes that a first scan can leave unread: createEstimator with isCoarse. */
  readonly hasLevels: boolean;
  /** Estimates of inner products have no bias over the random rotation. */
  readonly isUnbiased: boolean;
  /** Estimator.errors is there. */
  readonly hasErrorBound: boolean;
  /** Where a flat set is centred, d values: the mean of the sample for l2, else 0. */
  readonly origin: Float32Array;
  createEncoder(core: Core): Encoder;
  createEstimator(core: Core, options?: EstimatorOptions): Estimator;
  /** The n vectors that blocks stand for, n × d, fresh. origin: what was subtracted when they were coded. */
  decode(core: Core, blocks: Block, n: number, origin: Float32Array): Float32Array;
  /** Where code and factors lie in rows of single vectors; absent: all of a vector in one row. */
  readonly rows?: RowLayout;
  /**
   * Makes what reads coordinates from codes: about `dims` numbers a vector between which distances are about those of the
   * vectors. Absent or undefined: what decode gives.
   */
  createCoordinates?(core: Core, dims: number): Coordinates | undefined;
  /** What is wrong with blocks that were read from a file, or undefined: any bits are a code, factors have to be finite. */
  defect(blocks: Block, n: number): string | undefined;
  /** Writes the model, as its reader takes it; nothing where there is none. */
  write(writer: ByteWriter): void;
}

/** Says how much of a code is read. */
export interface EstimatorOptions {
  /** Leaves finer levels unread, where codes have them: a first scan, to be followed by scores from all. */
  readonly isCoarse?: boolean;
}

/** Reads coordinates from codes. */
export interface Coordinates extends Disposable {
  /** Numbers a vector, a multiple of 16. */
  readonly dims: number;
  /** Writes those of the first n vectors of blocks to out, n × dims, and |x|² of them less their origin to norms. */
  read(blocks: Block, n: number, out: Float32Array, norms: Float32Array): void;
}

/** Writes vectors as codes into blocks. */
export interface Encoder extends Disposable {
  /**
   * Codes n vectors (n × d numbers or n arrays of d, finite) less origin at positions first … first + n - 1 of blocks; places of the last block
   * behind them are left alone.
   * @throws RangeError on values that are not finite or that the code cannot hold
   */
  encode(vectors: Vectors, origin: Float32Array, blocks: Block, first: number): void;
}

/** Scores codes against a query. */
export interface Estimator extends Disposable {
  /** Numbers of a centroid as scores want it; 0 where they need none. */
  readonly centroidDims: number;
  /** Projects centroids (n × d) as scores want them, where they want any: n × centroidDims values, fresh. */
  project(centroids: Float32Array): Float32Array;
  /**
   * Sets the query of what follows: d numbers; for cosine of length 1. gamma — how much of its bound a vector is given
   * before `search` leaves the rest of its code unread, where there is one.
   */
  setQuery(query: Numbers, gamma?: number): void;
  /**
   * Writes estimated scores to out f32[⌈n/32⌉ × 32], of which n are meant, smaller is better: squared distances for l2, else
   * negated inner products. centroid — projected, NO_PTR where centroidDims is 0; base — the exact score of the origin:
   * |q - c|² for l2, -<q, c> else.
   */
  scores(blocks: Ptr, n: number, centroid: Ptr, base: number, out: Ptr): void;
  /** Scans lists into the heap in one call and returns how many were visited. Absent: lists are scored, then offered. */
  search?(probe: ListProbe, heap: ScanHeap): number;
  /** Searches neighbour graphs over rows of codes. Absent: codes are gathered into blocks and scored. */
  readonly graph?: GraphEstimator;
  /** Of searches since the last reset, where there is `search`. */
  statistics?(): ScanStatistics;
  resetStatistics?(): void;
  /**
   * How far a score may be off: out f32[n] = F_error·|q - c|, exceeded by under 5 % of estimates on one side. Only where
   * hasErrorBound. distance — |q - c|.
   */
  errors?(blocks: Block, n: number, distance: number): Float32Array;
}

/** Keeps the k best of the scans so far; in the core's memory. */
export interface ScanHeap {
  readonly k: number;
  readonly scores: Ptr;
  readonly ids: Ptr;
  readonly size: Ptr;
}

/** Lists to be scanned, in the core's memory. */
export interface ListProbe {
  /** Records of 16 bytes, u32: blocks and ids (addresses), n, and the number of the record that goes on with the list or 0. */
  readonly lists: Ptr;
  /** u32[count], best list first. */
  readonly order: Ptr;
  readonly count: number;
  /** Lists that are visited in any case. */
  readonly least: number;
  /**
   * More lists are visited while fewer than so many allowed vectors were met. 0: allowed is of vectors that are not deleted,
   * and more are visited while the heap holds fewer than the first `least` lists have places for.
   */
  readonly wanted: number;
  /** f32 by list number: the exact score of the centroid. */
  readonly bases: Ptr;
  /** centroidDims f32 by list number, or NO_PTR where centroidDims is 0. */
  readonly centroids: Ptr;
  /** Bit set over ids, or NO_PTR where all are allowed. */
  readonly allowed: Ptr;
}

/** Scores rows of codes for the query that is set. */
export interface GraphEstimator {
  /** Stages that read heads alone. */
  readonly headStages: number;
  /** Searches a graph in one call, into the heap. Returns how many of the vertices that it ends with may be found. */
  search(probe: GraphProbe, heap: ScanHeap): number;
  /** Scores slots u32[count] in full, into the heap. */
  scan(probe: GraphProbe, slots: Ptr, count: number, heap: ScanHeap): void;
}

/** A neighbour graph to be searched, in the core's memory. */
export interface GraphProbe {
  /** The record of the graph: assembly/graph.ts of the core. */
  readonly graph: Ptr;
  /** The exact score of the origin of the codes. */
  readonly base: number;
  /** The origin, projected; NO_PTR where centroidDims is 0. */
  readonly centroid: Ptr;
  /** Bit set over slots, or NO_PTR where all are allowed. */
  readonly allowed: Ptr;
}

/** Counts what scans did since the last reset. */
export interface ScanStatistics {
  /** Blocks of 32 that were looked at. */
  readonly blocks: number;
  /** Of these, blocks that ended at the norms, before any code byte was read. */
  readonly blocksEndedAtNorms: number;
  /** Of these, blocks that ended after some segments. */
  readonly blocksEndedEarly: number;
  /** Vectors whose every segment was read. */
  readonly vectorsInFull: number;
  readonly codeBitsRead: number;
  /** Blocks seen, then for each stage of the scan the blocks of which it read at least one vector. */
  readonly blocksAtStage: readonly number[];
}
