// Two workers against one, in batches of searches and in encoding: what the runner does in Node and a page in a browser.
//
// Both clients do the same work one after the other, round for round and in turn first and second, so that what else the
// machine does falls on both alike. A ratio is that of one round; the median of all rounds is what counts.
import { RandomStream } from '@sagitta/core-wasm';

const N = 60_000;
const D = 256;
const K = 10;
/** Vectors of an add, queries of a batch. */
const ADDED = 40_000;
const QUERIES = 512;

/** @type {readonly { name: string, build: object, search: object }[]} */
const CASES = [
  { name: 'SAQ 4 bits, flat', build: { metric: 'l2', bits: 4 }, search: {} },
  { name: 'SAQ 4 bits, 64 lists', build: { metric: 'l2', bits: 4, nlist: 64 }, search: { nprobe: 16 } },
  { name: 'float32, flat', build: { metric: 'l2', quantizer: 'none' }, search: {} },
];

export const SETTING = `${N} × ${D}, batches of ${QUERIES} queries, ${ADDED} vectors added`;

/**
 * @typedef {object} Outcome
 * @property {string} name
 * @property {number} one - milliseconds of one worker, the median
 * @property {number} two
 * @property {number} ratio - how many times faster two are, the median of rounds
 */

/**
 * @param {{ SearchClient: object, ShardedClient: object, rounds: number }} clients - of the place, with workers of its own
 * @returns {Promise<Outcome[]>}
 */
export async function contest({ SearchClient, ShardedClient, rounds }) {
  const base = rows(N, 'base');
  const queries = rows(QUERIES, 'query');
  const more = base.subarray(0, ADDED * D);
  const outcomes = [];
  for (const { name, build, search } of CASES) {
    const one = await SearchClient.start();
    const two = await ShardedClient.start({ shards: 2 });
    for (const client of [one, two]) {
      await client.build(base, D, build);
      await client.searchBatch(queries, K, search);
    }
    const searching = (client) => client.searchBatch(queries, K, search);
    outcomes.push({ name: `${name}: batch search`, ...(await alternate(one, two, rounds, searching)) });
    // there is nothing to encode without a quantizer
    if (build.quantizer !== 'none') {
      const adding = (client) => client.add(more);
      outcomes.push({ name: `${name}: encoding`, ...(await alternate(one, two, rounds, adding)) });
    }
    await one.dispose();
    await two.dispose();
  }
  return outcomes;
}

async function alternate(one, two, rounds, work) {
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const isOneFirst = round % 2 === 0;
    const before = await milliseconds(() => work(isOneFirst ? one : two));
    const after = await milliseconds(() => work(isOneFirst ? two : one));
    times.push(isOneFirst ? [before, after] : [after, before]);
  }
  return {
    one: median(times.map(([first]) => first)),
    two: median(times.map(([, second]) => second)),
    ratio: median(times.map(([first, second]) => first / second)),
  };
}

async function milliseconds(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Seeded vectors whose first dimensions vary most. */
function rows(n, name) {
  const random = new RandomStream(42, name);
  return Float32Array.from({ length: n * D }, (_, i) => (random.nextUnit() - 0.5) / (1 + (i % D) / 16));
}
