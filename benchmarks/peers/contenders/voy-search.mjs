// Voy: a k-d tree in WebAssembly, saved as a string of JSON. Its module imports WebAssembly as bundlers do; here that is done by hand.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as glue from 'voy-search/voy_search_bg.js';
import { rowsOf } from '../rows.mjs';
import { wasmOf } from '../wasm-file.mjs';

export const installs = ['voy-search'];
export const variants = [{ name: 'k-d tree', settings: [{ name: '' }] }];
export const cannotFilter = true;

const compiled = new WebAssembly.Module(wasmOf('voy-search', 'voy_search_bg.wasm'));
glue.__wbg_set_wasm(new WebAssembly.Instance(compiled, { './voy_search_bg.js': glue }).exports);

const fileIn = (folder) => `${folder}/index.json`;

export async function build({ d, rows, folder }) {
  let index;
  for await (const piece of rows) {
    const embeddings = rowsOf(piece, d).map((vector, i) => {
      const id = String(piece.first + i);
      return { id, title: '', url: '', embeddings: Array.from(vector) };
    });
    if (index === undefined) index = new glue.Voy({ embeddings });
    else index.add({ embeddings });
  }
  return {
    ...answering(index),
    save() {
      mkdirSync(folder, { recursive: true });
      writeFileSync(fileIn(folder), index.serialize());
    },
  };
}

export async function open({ folder }) {
  return answering(glue.Voy.deserialize(readFileSync(fileIn(folder), 'utf8')));
}

function answering(index) {
  return { search: (query, k) => index.search(query, k).neighbors.map(({ id }) => id) };
}
