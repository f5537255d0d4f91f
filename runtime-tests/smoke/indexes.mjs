// Every quantizer in a flat and an IVF index: built, saved, loaded, searched; and the files that Node built, searched here.
import { QUANTIZER_NAMES } from '@sagitta/quantizers';
import { buildFlat, buildGraph, buildIvf, loadIndex, saveIndex } from '@sagitta/retrieval';
import { hash, skewedRows } from './seeded.mjs';

const NUM_QUERIES = 20;
const K = 10;
const NPROBE = 4;

/** Settings beside the defaults of each name; `isClose: false` where codes are too coarse for a vector to find itself. */
const CASES = [
  { name: 'ivf-saq-l2', d: 72, n: 1500, nlist: 12, options: { metric: 'l2', bits: 3 } },
  { name: 'ivf-saq-cosine', d: 72, n: 1500, nlist: 12, options: { metric: 'cosine', bits: 1.25 } },
  // the largest product is seldom that with the vector itself
  {
    name: 'flat-saq-ip',
    d: 72,
    n: 1500,
    isClose: false,
    options: { metric: 'ip', bits: 8, keepVectors: true },
  },
  // searched by walks, not scans: there are some times more vectors than a walk meets
  ...[
    ['l2', { bits: 5 }],
    ['cosine', { bits: 2 }],
    ['ip', { quantizer: 'lvq', bits: 4 }],
  ].map(([metric, options]) => ({
    name: `graph-${metric}`,
    d: 72,
    n: 1500,
    degree: 12,
    isClose: metric !== 'ip',
    options: { metric, ...options },
  })),
  ...QUANTIZER_NAMES.flatMap((quantizer) => [
    {
      name: `flat-${quantizer}`,
      d: 40,
      n: 500,
      // a projection of other length may have the larger product
      isClose: quantizer !== 'sign' && quantizer !== 'random',
      options: { metric: 'cosine', quantizer },
    },
    { name: `ivf-${quantizer}`, d: 40, n: 500, nlist: 6, options: { metric: 'l2', quantizer } },
  ]),
  ...[
    ['rabitq-optimal', { quantizer: 'rabitq', bits: 4, quantizerOptions: { mode: 'optimal' } }],
    ['pq-4bit', { quantizer: 'pq', bits: 2, quantizerOptions: { nbits: 4 } }],
    ['lvq-two-levels', { quantizer: 'lvq', bits: 4, quantizerOptions: { secondBits: 4, rotate: true } }],
    ['scalar-4', { quantizer: 'scalar', bits: 4 }],
    ['turboquant-2', { quantizer: 'turboquant', bits: 2 }],
  ].map(([name, options]) => ({
    name: `ivf-${name}`,
    d: 40,
    n: 500,
    nlist: 6,
    options: { metric: 'l2', ...options },
  })),
];

/** @returns {Generator<{ name: string, bytes: Uint8Array }>} the file of each case */
export function* buildFiles(core) {
  for (const { name, d, n, nlist, degree, options } of CASES) {
    const rows = skewedRows(n, d, 9);
    const all = { seed: 5, ...options };
    const make = degree ? buildGraph : nlist ? buildIvf : buildFlat;
    const index = make(core, rows, d, { ...all, ...(nlist && { nlist }), ...(degree && { degree }) });
    yield { name, bytes: saveIndex(index) };
    index.dispose();
  }
}

/**
 * @param {(name: string) => Promise<Uint8Array>} input - the files as Node built them, by name
 * @returns {Promise<Record<string, string>>} hashes of the files built here and of what the files from Node answer here
 */
export async function indexHashes(core, input) {
  const hashes = {};
  for (const { name, bytes } of buildFiles(core)) hashes[`${name} file`] = await hash(bytes);
  for (const one of CASES) {
    const index = loadIndex(core, await input(one.name));
    const { ids, scores } = answers(one, index);
    index.dispose();
    hashes[`${one.name} ids`] = await hash(ids);
    hashes[`${one.name} scores`] = await hash(scores);
  }
  return hashes;
}

/** A query is one of the vectors: were it lost, equal hashes everywhere would still be wrong. */
function answers({ name, d, n, isClose = true }, index) {
  const queries = skewedRows(n, d, 9).slice(0, NUM_QUERIES * d);
  const found = index.searchBatch(queries, K, { nprobe: NPROBE });
  for (let q = 0; q < NUM_QUERIES && isClose; q++) {
    if (!found.ids.subarray(K * q, K * q + K).includes(q)) throw new Error(`${name}: vector ${q} is lost`);
  }
  return found;
}
