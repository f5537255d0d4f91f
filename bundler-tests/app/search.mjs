// The ten-line app: an index of 500 vectors, and the three nearest of one of them.
import { createCore } from '@sagitta/core-wasm';
import { buildFlat } from '@sagitta/retrieval';

export function search() {
  const core = createCore();
  const vectors = Float32Array.from({ length: 500 * 64 }, (_, i) => (Math.imul(i, i + 97) % 1009) / 1009);
  const index = buildFlat(core, vectors, 64, { metric: 'cosine', bits: 4 });
  const { ids, scores } = index.search(vectors.subarray(7 * 64, 8 * 64), 3);
  return [...ids, ...scores].join();
}
