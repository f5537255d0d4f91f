/** Vectors in memory where a file is expected. */
import { type VectorSetInput, vectorSet } from '@sagitta/core-wasm';
import type { VectorSource } from './vector-source.ts';

/** Chunks are views of the set's data. @throws TypeError, RangeError on data that are no vectors of d finite numbers */
export function memorySource(set: VectorSetInput): VectorSource {
  const { data, n, d } = vectorSet(set.data, set.d);
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
