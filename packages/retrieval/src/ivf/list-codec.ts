/**
 * What an inverted file needs of a compression: write residuals into list blocks, prepare a query, scan a list. SAQ and
 * plain float32 implement it; the index knows neither.
 */
import type { Block, Ptr } from '@sagitta/core-wasm';
import type { ScanHeap, ScanStatistics } from '@sagitta/quantizers';
import type { InvertedList } from './inverted-lists.ts';

export interface ListCodec extends Disposable {
  readonly name: 'saq' | 'none';
  readonly blockBytes: number;
  /** Bytes of a vector, ids left out. */
  readonly bytesPerVector: number;
  /** Numbers of a projected centroid. */
  readonly centroidDims: number;
  /** A centroid as scans want it: centroidDims values. */
  projectCentroid(centroid: Float32Array): Float32Array;
  /** Writes vectors (n × d) less their centroid to positions first…first + n - 1 of a list. */
  write(vectors: Float32Array, centroid: Float32Array, target: Block, first: number): void;
  setQuery(query: Float32Array, gamma: number): void;
  scan(list: InvertedList, centroid: Ptr, base: number, heap: ScanHeap): void;
  /** Every score of a list: f32[n], smaller is better. */
  scores(list: InvertedList, centroid: Ptr, base: number, out: Ptr): void;
  statistics(): ScanStatistics;
  resetStatistics(): void;
  /** The model's bytes for saving; empty if there is none. */
  modelBytes(): Uint8Array;
  dispose(): void;
}
