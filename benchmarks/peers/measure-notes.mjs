// node benchmarks/peers/measure-notes.mjs, after `npm run build` and `npm ci` in this folder: queries a second of the three note
// searches of docs/comparison.md, in turn, one query a call. Every library gets the query as it wants it beforehand.

import { create, insertMultiple, searchVector } from '@orama/orama';
import { createCore, createVectorIndex, saveIndex } from '@sagitta/node';
import hnswlib from 'hnswlib-node';
import { d, embed, notes, rowsOf } from '../../examples/notes.mjs';

const [QUERIES, K, ROUNDS] = [500, 10, 7];
const texts = notes.slice(0, QUERIES).map(({ text }) => text.split('.')[0]);
const vectors = embed(texts);
const typed = texts.map((_, q) => vectors.slice(q * d, (q + 1) * d));
const plain = typed.map((vector) => [...vector]);
const { vectors: all } = rowsOf(notes);
const rows = notes.map((_, i) => [...all.subarray(i * d, (i + 1) * d)]);

const core = createCore();
const makeSagitta = (options) => {
  const index = createVectorIndex(core, { d, metric: 'cosine', indexed: ['folder'], ...options });
  index.add(rowsOf(notes));
  return index;
};
const exact = makeSagitta({});
const coded = makeSagitta({ bits: 4, trainAt: 2500 });
const hnsw = new hnswlib.HierarchicalNSW('cosine', d);
hnsw.initIndex({ maxElements: notes.length });
rows.forEach((row, i) => hnsw.addPoint(row, i));
hnsw.setEf(40);
const orama = create({ schema: { folder: 'enum', mtime: 'number', vector: `vector[${d}]` } });
await insertMultiple(
  orama,
  notes.map((note, i) => ({ ...note, vector: rows[i] })),
);

const filter = { folder: 'music' };
const askOrama = async (value, where) => {
  const options = { vector: { value, property: 'vector' }, limit: K, similarity: 0, includeVectors: true };
  const { hits } = await searchVector(orama, { ...options, ...(where && { where }) });
  return hits.map(({ id }) => id);
};
const askHnsw = (query, test) => hnsw.searchKnn(query, K, test).neighbors.map((label) => notes[label].id);
const isMusic = (label) => notes[label].folder === 'music';
const CONTENDERS = {
  sagitta: (q) => exact.search(typed[q], K).map(({ id }) => id),
  'sagitta, 4 bits': (q) => coded.search(typed[q], K).map(({ id }) => id),
  hnswlib: (q) => askHnsw(plain[q]),
  orama: (q) => askOrama(plain[q]),
  'sagitta, filtered': (q) => exact.search(typed[q], K, { filter }).map(({ id }) => id),
  'sagitta, 4 bits, filtered': (q) => coded.search(typed[q], K, { filter }).map(({ id }) => id),
  'hnswlib, filtered': (q) => askHnsw(plain[q], isMusic),
  'orama, filtered': (q) => askOrama(plain[q], { folder: { eq: 'music' } }),
};

const times = Object.fromEntries(Object.keys(CONTENDERS).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, ask] of Object.entries(CONTENDERS)) {
    const start = performance.now();
    for (let q = 0; q < QUERIES; q++) await ask(q);
    times[name].push(performance.now() - start);
  }
}
for (const [name, ask] of Object.entries(CONTENDERS)) {
  const truth = CONTENDERS[name.includes('filtered') ? 'sagitta, filtered' : 'sagitta'];
  let found = 0;
  for (let q = 0; q < QUERIES; q++) {
    const wanted = new Set(truth(q));
    for (const id of await ask(q)) if (wanted.has(id)) found++;
  }
  const median = times[name].sort((a, b) => a - b)[ROUNDS >> 1];
  const recall = (found / (QUERIES * K)).toFixed(3);
  console.log(`${name.padEnd(28)} ${Math.round((1000 * QUERIES) / median)} queries/s, recall@10 ${recall}`);
}
console.log(`bytes of the file: ${saveIndex(exact).length}, with 4 bits ${saveIndex(coded).length}`);
