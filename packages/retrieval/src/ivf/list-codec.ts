/**
 * What an inverted file needs of a compression: write residuals into list blocks, prepare a query, scan lists. SAQ, the
 * quantizer family and plain float32 implement it; the index knows neither.
 */
import type { Block, Ptr } from '@sagitta/core-wasm';
import {
  type BlockLayout,
  QUANTIZER_NAMES,
  type QuantizerName,
  type SaqSegment,
  type ScanHeap,
  type ScanStatistics,
} from '@sagitta/quantizers';
import type { InvertedList, InvertedLists } from './inverted-lists.ts';

/** 'none' keeps float32. By the number that files hold: new names go to the end. */
export const INDEX_QUANTIZERS: readonly IndexQuantizer[] = ['none', 'saq', ...QUANTIZER_NAMES];
export type IndexQuantizer = 'none' | 'saq' | QuantizerName;

/** The lists of a search, in the core's memory. */
export interface Probe {
  /** u32[count], best list first. */
  readonly order: Block;
  readonly count: number;
  /** f32 by list number: the score of the centroid. */
  readonly bases: Block;
  /** centroidDims f32 by list number, or NO_PTR where centroidDims is 0. */
  readonly centroids: Ptr;
}

export interface ListCodec extends Disposable {
  readonly name: IndexQuantizer;
  /** The regions of a block; ids lie elsewhere. */
  readonly layout: BlockLayout;
  /** Average bits a dimension. */
  readonly bits: number;
  /** Empty where dims are not coded in segments. */
  readonly plan: readonly SaqSegment[];
  /** Numbers of a projected centroid. */
  readonly centroidDims: number;
  /** A centroid as scans want it: centroidDims values. */
  projectCentroid(centroid: Float32Array): Float32Array;
  /** Writes vectors (n × d) less their centroid to positions first…first + n - 1 of a list. */
  write(vectors: Float32Array, centroid: Float32Array, target: Block, first: number): void;
  /** What only writing needs is there: a write made it. */
  readonly hasEncoder: boolean;
  /** Frees that; the next write makes it anew. */
  releaseEncoder(): void;
  /** There are finer levels of codes that setQuery can leave unread. */
  readonly hasLevels: boolean;
  /** isCoarse — leaves them unread in what follows, until the next query. */
  setQuery(query: Float32Array, gamma: number, isCoarse?: boolean): void;
  scan(lists: InvertedLists, probe: Probe, heap: ScanHeap): void;
  /** Every score of a list: f32[n], smaller is better. */
  scores(list: Pick<InvertedList, 'n' | 'blocks'>, centroid: Ptr, base: number, out: Block): void;
  statistics(): ScanStatistics;
  resetStatistics(): void;
  /** The model's bytes for saving; empty if there is none. */
  modelBytes(): Uint8Array;
  /**
   * What is wrong with the blocks of a list of n vectors that were read from a file, or undefined. Any bits are a
   * code; numbers beside them have to be finite.
   */
  defect(blocks: Block, n: number): string | undefined;
  dispose(): void;
}

/** Runs a change that writes codes. Where it fails, nothing stays behind that only its writing needed. */
export function writing(codec: ListCodec, change: () => void): void {
  const { hasEncoder } = codec;
  try {
    change();
  } catch (error) {
    if (!hasEncoder) codec.releaseEncoder();
    throw error;
  }
}
