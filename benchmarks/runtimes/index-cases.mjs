// Encoding and searching 384-d vectors, through the public packages. A case is one entry.
import { loadIndex } from '@sagitta/retrieval';
import { D, vectors } from './vectors.mjs';

const NUM_QUERIES = 16;
const K = 10;
const BATCH = 256;

const SEARCHES = [
  { name: 'flat, SAQ 4 bits', input: 'flat-saq-4' },
  { name: 'flat, RaBitQ 1 bit', input: 'flat-rabitq-1' },
  { name: 'flat, float32', input: 'flat-float32' },
  { name: 'IVF 100, nprobe 8, SAQ 2 bits', input: 'ivf-saq-2', options: { nprobe: 8 } },
  { name: 'graph, SAQ 4 bits, ef 64', input: 'graph-saq-4', options: { ef: 64 } },
];

const ENCODINGS = [
  { name: 'SAQ 4 bits', input: 'flat-saq-4' },
  { name: 'RaBitQ 1 bit', input: 'flat-rabitq-1' },
];

/** @returns {Promise<import('./kernel-cases.mjs').Case[]>} over 10,000 vectors in an index that another Node built */
export async function searchCases(core, input) {
  const queries = vectors(NUM_QUERIES);
  return Promise.all(
    SEARCHES.map(async ({ name, input: file, options }) => {
      const index = loadIndex(core, await input(file));
      let found;
      return {
        name,
        group: 'search of 10,000 × 384, k = 10',
        unit: 'query',
        units: NUM_QUERIES,
        call: () => {
          found = index.searchBatch(queries, K, options);
        },
        answer: () => concat(found.ids, found.scores),
        dispose: () => index.dispose(),
      };
    }),
  );
}

/** Adding to the index: rotation, codes and factors. The answer is what a search finds in the first batch added. */
export async function encodeCases(core, input) {
  const rows = vectors(BATCH);
  return Promise.all(
    ENCODINGS.map(async ({ name, input: file }) => {
      const index = loadIndex(core, await input(file));
      index.add(rows);
      const { ids, scores } = index.search(rows.subarray(0, D), K);
      return {
        name,
        group: 'encoding of 384-d vectors',
        unit: 'vector',
        units: BATCH,
        call: () => {
          index.add(rows);
        },
        answer: () => concat(ids, scores),
        dispose: () => index.dispose(),
      };
    }),
  );
}

function concat(...arrays) {
  const out = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    out.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return out;
}
