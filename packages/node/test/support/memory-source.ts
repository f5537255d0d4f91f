/** A source over rows in memory, in place of a file. */
import type { VectorSource } from '../../src/index.ts';

export interface MemorySource extends VectorSource {
  /** How many times its chunks were asked for. */
  passes(): number;
}

/** `sizes` — rows of the chunks, over and over; without it as many as are asked for. */
export function memorySource(data: Float32Array, d: number, sizes?: readonly number[]): MemorySource {
  let passes = 0;
  return {
    path: 'memory',
    d,
    n: sizes === undefined ? data.length / d : undefined,
    async *chunks(rowsPerChunk) {
      passes++;
      for (let at = 0, i = 0; at < data.length; i++) {
        const rows = Math.min(rowsPerChunk, sizes?.[i % sizes.length] ?? rowsPerChunk);
        yield data.subarray(at, at + rows * d);
        at += rows * d;
      }
    },
    close: async () => undefined,
    passes: () => passes,
  };
}
