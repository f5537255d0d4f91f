/** What an index takes in a file and in memory: what every one of its method takes, and codes with row numbers. */

import { snapshotIndex } from '../ivf/format.ts';
import type { IvfIndex } from '../ivf/ivf-index.ts';

/** A row number, in both. */
const ROW_NUMBER_BYTES = 4;

/** Holds bytes of a file, head and model in it, and of WebAssembly memory. */
export interface IndexBytes {
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

/** Measures an index that holds no vector yet. used — bytes of its core that were in use before it was made. */
export function emptyIndexBytes(index: IvfIndex, used: number): IndexBytes {
  const memoryBytes = index.core.bytesUsed() - used;
  using file = snapshotIndex(index);
  return { fileBytes: file.byteLength, memoryBytes };
}

/** Computes the bytes of an index of n vectors. empty — what it takes without; bytesPerVector — of codes. */
export function indexBytes(empty: IndexBytes, n: number, bytesPerVector: number): IndexBytes {
  const rows = n * (bytesPerVector + ROW_NUMBER_BYTES);
  return {
    fileBytes: Math.ceil(empty.fileBytes + rows),
    memoryBytes: Math.ceil(empty.memoryBytes + rows),
  };
}
