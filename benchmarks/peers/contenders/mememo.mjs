// mememo: a graph in JavaScript over arrays of numbers; here without its IndexedDB. Its file is the graph as JSON, vectors beside it.
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { HNSW } from 'mememo';
import { EFS, GRAPH } from '../graph-settings.mjs';
import { readFloats, rowsOf } from '../rows.mjs';

export const installs = ['mememo'];
export const variants = [{ name: 'M 16', settings: EFS }];
export const cannotFilter = true;

function squaredDistance(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}

const make = () => new HNSW({ distanceFunction: squaredDistance, useIndexedDB: false, seed: 1, ...GRAPH });

export async function build({ d, rows, folder }) {
  const index = make();
  mkdirSync(folder, { recursive: true });
  const vectorsOut = openSync(`${folder}/vectors.f32`, 'w');
  for await (const piece of rows) {
    const keys = Array.from({ length: piece.count }, (_, i) => String(piece.first + i));
    await index.bulkInsert(
      keys,
      rowsOf(piece, d).map((vector) => Array.from(vector)),
    );
    writeSync(vectorsOut, piece.vectors);
  }
  closeSync(vectorsOut);
  return {
    ...answering(index),
    save: () => writeFileSync(`${folder}/graph.json`, JSON.stringify(index.exportIndex())),
  };
}

export async function open({ n, d, folder }) {
  const index = make();
  index.loadIndex(JSON.parse(readFileSync(`${folder}/graph.json`, 'utf8')));
  const vectors = readFloats(`${folder}/vectors.f32`, 0, n * d);
  await index.bulkInsertSkipIndex(
    Array.from({ length: n }, (_, i) => String(i)),
    rowsOf({ vectors, count: n }, d).map((vector) => Array.from(vector)),
  );
  return answering(index);
}

function answering(index) {
  let width;
  return {
    use({ ef }) {
      width = ef;
    },
    form: (query) => Array.from(query),
    search: async (query, k) => (await index.query(query, k, width)).keys,
  };
}
