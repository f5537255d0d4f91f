/** Vectors in memory where a file is expected. */
import type { VectorSet } from '@sagitta/core-wasm';
import type { VectorSource } from './vector-source.ts';

/** Chunks are views of the set's data. */
export function memorySource(set: VectorSet): VectorSource {
  const { data, n, d } = set;
  return {
    path: 'memory',
    d,
    n,
    async *chunks(rowsPerChunk) {
      for (let first = 0; first < n; first += rowsPerChunk) {
        yield data.subarray(first * d, Math.min(n, first + rowsPerChunk) * d);
      }
    },
    close: async () => undefined,
  };
}
