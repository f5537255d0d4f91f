// USearch, native: a graph over float32. The width of a search is fixed when an index is made, so each has an index of its own.
import { mkdirSync } from 'node:fs';
import { Index } from 'usearch';
import { EFS, GRAPH } from '../graph-settings.mjs';

export const installs = ['usearch'];
export const variants = [{ name: 'M 16', settings: EFS }];
/** There is no filter in JavaScript. */
export const cannotFilter = true;

const fileIn = (folder) => `${folder}/index.usearch`;
const ALL_CORES = 0;

function make(d, ef) {
  return new Index({
    dimensions: d,
    metric: 'l2sq',
    quantization: 'f32',
    connectivity: GRAPH.m,
    expansion_add: GRAPH.efConstruction,
    expansion_search: ef,
    multi: false,
  });
}

export async function build({ d, rows, folder, threads = ALL_CORES }) {
  const index = make(d, EFS[0].ef);
  for await (const { first, count, vectors } of rows) {
    index.add(
      BigUint64Array.from({ length: count }, (_, i) => BigInt(first + i)),
      vectors,
      threads,
    );
  }
  return {
    save() {
      mkdirSync(folder, { recursive: true });
      index.save(fileIn(folder));
    },
  };
}

export async function open({ d, folder }) {
  const opened = new Map();
  const opening = (ef) => {
    const index = opened.get(ef) ?? make(d, ef);
    if (!opened.has(ef)) index.load(fileIn(folder));
    opened.set(ef, index);
    return index;
  };
  let index = opening(EFS[0].ef);
  return {
    use({ ef }) {
      index = opening(ef);
    },
    search: (query, k) => index.search(query, k, 1).keys,
    batch(queries, k) {
      const { keys } = index.search(queries, k, ALL_CORES);
      return Array.from({ length: queries.length / d }, (_, q) => keys.subarray(q * k, (q + 1) * k));
    },
  };
}
