// A native binding of hnswlib: a graph over float32.
import { mkdirSync } from 'node:fs';
import hnswlib from 'hnswlib-node';
import { EFS, GRAPH } from '../graph-settings.mjs';
import { drawOf, rowsOf } from '../rows.mjs';

export const installs = ['hnswlib-node'];
export const variants = [{ name: 'M 16', settings: EFS }];

const fileIn = (folder) => `${folder}/index.hnsw`;
const make = (d) => new hnswlib.HierarchicalNSW('l2', d);

export async function build({ n, d, rows, folder }) {
  const index = make(d);
  index.initIndex(n, GRAPH.m, GRAPH.efConstruction, 100);
  for await (const piece of rows) {
    for (const [i, row] of rowsOf(piece, d).entries()) index.addPoint(Array.from(row), piece.first + i);
  }
  return {
    ...answering(index),
    save() {
      mkdirSync(folder, { recursive: true });
      index.writeIndexSync(fileIn(folder));
    },
  };
}

export async function open({ d, folder }) {
  const index = make(d);
  index.readIndexSync(fileIn(folder));
  return answering(index);
}

function answering(index) {
  return {
    use: ({ ef }) => index.setEf(ef),
    form: (query) => Array.from(query),
    search: (query, k, below) =>
      index.searchKnn(query, k, below === undefined ? undefined : (row) => drawOf(row) < below).neighbors,
  };
}
