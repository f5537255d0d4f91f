// @ruvector/rabitq-wasm: 1-bit codes of all vectors in WebAssembly, then float32 vectors that it keeps. It is built of the whole matrix
// at once, with the number of those that it scores exactly, and saves nothing.
import { initSync, RabitqIndex } from '@ruvector/rabitq-wasm';
import { wasmOf } from '../wasm-file.mjs';

export const installs = ['@ruvector/rabitq-wasm'];
export const variants = [5, 20, 80].map((rerank) => ({
  name: `rerank ${rerank}`,
  rerank,
  settings: [{ name: '' }],
}));
export const cannotFilter = true;

initSync({ module: wasmOf('@ruvector/rabitq-wasm', 'ruvector_rabitq_wasm_bg.wasm') });

export async function build({ n, d, rows }, { rerank }) {
  const matrix = new Float32Array(n * d);
  for await (const { first, vectors } of rows) matrix.set(vectors, first * d);
  const index = RabitqIndex.build(matrix, d, 1n, rerank);
  return {
    search: (query, k) =>
      index.search(query, k).map((hit) => {
        const { id } = hit;
        hit.free();
        return id;
      }),
  };
}
