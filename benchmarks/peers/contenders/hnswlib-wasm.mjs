// hnswlib-wasm: hnswlib in WebAssembly, made for browsers: it looks for `window`, and saves to IndexedDB alone, so that here it answers in
// the process that built it.

import { EFS, GRAPH } from '../graph-settings.mjs';
import { drawOf, rowsOf } from '../rows.mjs';

export const installs = ['hnswlib-wasm'];
export const variants = [{ name: 'M 16', settings: EFS }];

globalThis.window = globalThis;
const { loadHnswlib } = await import('hnswlib-wasm/dist/hnswlib.js');
const library = await loadHnswlib();

export async function build({ n, d, rows }) {
  const index = new library.HierarchicalNSW('l2', d, '');
  index.initIndex(n, GRAPH.m, GRAPH.efConstruction, 100);
  for await (const piece of rows) {
    for (const [i, vector] of rowsOf(piece, d).entries()) index.addPoint(vector, piece.first + i, false);
  }
  return {
    use: ({ ef }) => index.setEfSearch(ef),
    search: (query, k, below) =>
      index.searchKnn(query, k, below === undefined ? undefined : (row) => drawOf(row) < below).neighbors,
  };
}
