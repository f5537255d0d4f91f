// EdgeVec: a graph over float32 in WebAssembly. The width of its searches is fixed when an index is made (`efSearch` of a search changes
// nothing in 0.9.0). It saves to IndexedDB alone, so that here it answers in the process that built it; its stream of bytes, which
// nothing reads outside of browsers, says how large it is.
import { mkdirSync, writeFileSync } from 'node:fs';
import init, { EdgeVec, EdgeVecConfig } from 'edgevec';
import { GRAPH } from '../graph-settings.mjs';
import { rowsOf } from '../rows.mjs';
import { wasmOf } from '../wasm-file.mjs';

export const installs = ['edgevec'];
const EF = 128;
export const variants = [{ name: 'M 16', settings: [{ name: `ef ${EF}` }] }];

await init({ module_or_path: wasmOf('edgevec', 'edgevec_bg.wasm') });

export async function build({ d, rows, folder }) {
  const config = new EdgeVecConfig(d);
  config.metric = 'l2';
  config.m = GRAPH.m;
  config.m0 = 2 * GRAPH.m;
  config.ef_construction = GRAPH.efConstruction;
  config.ef_search = EF;
  const index = new EdgeVec(config);
  const rowOf = new Map();
  for await (const piece of rows) {
    for (const [i, vector] of rowsOf(piece, d).entries()) {
      rowOf.set(index.insertWithMetadata(vector, { draw: piece.draws[i] }), piece.first + i);
    }
  }
  return {
    search(query, k, below) {
      const hits =
        below === undefined
          ? index.search(query, k)
          : JSON.parse(index.searchFiltered(query, k, JSON.stringify({ filter: `draw < ${below}` }))).results;
      return hits.map(({ id }) => rowOf.get(id));
    },
    save() {
      mkdirSync(folder, { recursive: true });
      const stream = index.save_stream();
      for (let chunk = stream.next_chunk(); chunk !== undefined; chunk = stream.next_chunk()) {
        writeFileSync(`${folder}/index.edgevec`, chunk, { flag: 'a' });
      }
    },
  };
}
