// The sets: base and queries written as float32 for the processes of contenders, and the true neighbours, which are ours: float32, every
// vector, by squared distance and by cosine, all rows and those that filters allow.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCore } from '@sagitta/core-wasm';
import { buildFlat } from '@sagitta/retrieval';
import { loadDataSet } from '../src/data-set.ts';
import { generatedSet } from '../src/generated-set.ts';
import { DRAWS, drawOf } from './rows.mjs';

export const K = 10;
/** Filters are `draw < below`; undefined: no filter. */
export const BELOWS = [undefined, DRAWS / 10, DRAWS / 100];
const QUERIES = 1000;

const real =
  (name, normalise = false) =>
  (root, queries) => {
    if (!root) throw new Error(`SAGITTA_DATA: expected the folder that holds ${name}, got nothing`);
    return loadDataSet(root, name, { queryLimit: queries, normalise });
  };
const made =
  (name, n, d, most = QUERIES) =>
  (_, queries) =>
    generatedSet(name, n, d, Math.min(queries, most));

export const SETS = {
  smoke: { title: '2,000 × 64, generated', load: made('peers-smoke', 2000, 64, 100) },
  cold: { title: '10,000 × 384, generated', load: made('peers-cold', 10_000, 384, 100) },
  'fashion-mnist': { title: 'Fashion-MNIST, 60,000 × 784', load: real('fashion-mnist') },
  'cifar10-mobilenetv2': {
    title: 'cifar10-mobilenetv2, 20,000 × 1,280, length 1',
    load: real('cifar10-mobilenetv2', true),
  },
  'clusters-1m': { title: '1,000,000 × 128, generated', load: made('clusters-1m', 1_000_000, 128, 500) },
  'clusters-1m-384': { title: '1,000,000 × 384, generated', load: made('peers-1m-384', 1_000_000, 384, 200) },
};

/**
 * @returns the set as the processes get it ({ base, queries: files; n, d, nq }), and truth(metric, below): nq × K row numbers;
 * fewer rows than K end in a number that no row has. Truth is searched for when it is first asked for.
 */
export async function prepareSet(name, { root, folder, limit, queries = QUERIES }) {
  mkdirSync(folder, { recursive: true });
  const { base, queries: asked } = await SETS[name].load(root, queries);
  const n = Math.min(base.n, limit ?? base.n);
  const { d } = base;
  const data = base.data.subarray(0, n * d);
  const set = { base: join(folder, 'base.f32'), queries: join(folder, 'queries.f32'), n, d, nq: asked.n };
  if (!existsSync(set.base)) writeFileSync(set.base, data);
  writeFileSync(set.queries, asked.data);
  const truths = new Map();
  const truth = (metric, below) => {
    if (!truths.has(metric)) truths.set(metric, neighbours(data, asked.data, d, metric));
    return truths.get(metric).get(below);
  };
  return { set, truth };
}

/** The true neighbours under every filter. */
function neighbours(data, queries, d, metric) {
  const core = createCore();
  const exact = buildFlat(core, data, d, { metric, quantizer: 'none' });
  const found = BELOWS.map((below) => {
    const allowed = below === undefined ? undefined : allowedRows(data.length / d, below);
    return [below, exact.searchBatch(queries, K, { ...(allowed && { allowed }) }).ids];
  });
  core.dispose();
  return new Map(found);
}

function allowedRows(n, below) {
  const words = new Uint32Array(Math.ceil(n / 32));
  let count = 0;
  for (let row = 0; row < n; row++) {
    if (drawOf(row) >= below) continue;
    words[row >>> 5] |= 1 << (row & 31);
    count++;
  }
  return { words, count };
}

/**
 * How many of the true neighbours answers have. An answer that no row can have is an error: of a row that is not there, twice
 * the same, more than were asked for, or what the filter does not allow.
 */
export function countHits(found, first, { n, nq }, truth, below) {
  let hits = 0;
  for (const [i, ids] of found.entries()) {
    const q = (first + i) % nq;
    const given = new Set(ids);
    const isWrong = (id) =>
      !Number.isInteger(id) || id < 0 || id >= n || (below !== undefined && drawOf(id) >= below);
    const wrong = ids.find(isWrong);
    if (wrong !== undefined || given.size !== ids.length || ids.length > K) {
      throw new Error(
        `query ${q}: expected at most ${K} different rows${below ? ` of draw < ${below}` : ''}, got ${ids}`,
      );
    }
    for (let j = 0; j < K; j++) if (given.has(truth[q * K + j])) hits++;
  }
  return hits;
}
