/**
 * Document FDEs as codes in the core's memory, in slots 0, 1, 2 …, and their scan by a query's FDE. Deleting is the
 * caller's: a bit set of allowed slots.
 */
import type { SnapshotPiece } from '@sagitta/core-wasm';
import type { Compaction } from '../columns/compaction.ts';

/** Lists how FDEs may be stored; the position is the number that files store. */
export const FDE_ENCODINGS = ['float32', 'int8', 'saq', 'bit1', 'pq256x8'] as const;
/**
 * float32; int8: one scale a document and block; saq: CAQ without PCA; bit1: signs after a rotation, and a scale;
 * pq256x8: product quantization, 256 centroids for 8 dimensions each.
 */
export type FdeEncoding = (typeof FDE_ENCODINGS)[number];

/** Found slots, best first; ties go to the lower slot. */
export interface FdeHits {
  readonly slots: Uint32Array;
  /** Estimated inner products, descending. */
  readonly scores: Float32Array;
}

/** Keeps FDEs as codes and finds those of the greatest inner products with a query's. */
export interface FdeStore extends Disposable {
  readonly encoding: FdeEncoding;
  readonly length: number;
  /** Slots. */
  readonly n: number;
  /** Code and factors of one document. */
  readonly bytesPerDocument: number;
  /** Bytes that the store holds in the core. */
  bytesUsed(): number;
  /**
   * fdes — m × length, finite, the caller's: they become slots n … n + m - 1. All or nothing.
   * @throws RangeError on a ragged length or values that are not finite, CapacityError where memory ends
   */
  append(fdes: Float32Array): void;
  /** @throws RangeError as above, or on a slot that is not there */
  replace(slot: number, fde: Float32Array): void;
  /**
   * The best min(count, allowed slots) by estimated inner product. allowed — bit slot & 31 of word slot >> 5 is set where a
   * slot may be returned, ⌈n/32⌉ words; undefined: all.
   */
  search(query: Float32Array, count: number, allowed?: Uint32Array): FdeHits;
  /** Scores of the given slots, in their order, fresh. */
  scoreSlots(query: Float32Array, slots: Uint32Array): Float32Array;
  /**
   * Keeps the slots named, ascending, as slots 0 … keep.length - 1, and gives the memory of whole chunks behind them back.
   * Takes no memory of the core on the way.
   * @throws RangeError on slots that are not there or do not ascend, BusyError where codes are being saved and there is
   * no memory to keep a copy; then nothing changed
   */
  compact(keep: Uint32Array): void;
  /** compact, made ready. @throws as compact does */
  compaction(keep: Uint32Array): Compaction;
  /** Takes slots n … of the last ones away again; cannot fail. */
  truncate(n: number): void;
  /** What a file keeps of the slots named (ascending; default: all): parameters, then codes in pieces. */
  parameters(keep?: Uint32Array): Uint8Array;
  codePieces(keep?: Uint32Array): readonly SnapshotPiece[];
  dispose(): void;
}
