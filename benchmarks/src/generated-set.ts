/** A large collection that has clusters, made rather than read: the same vectors from the same seed on every machine. */
import { createCore, RandomStream } from '@sagitta/core-wasm';
import type { VectorSet } from '@sagitta/node';
import { buildFlat } from '@sagitta/retrieval';
import type { DataSet } from './data-set.ts';
import { normal } from './normal.ts';

const CLUSTERS = 1000;
/** Directions in which a cluster is wide. */
const DIRECTIONS = 12;
const TRUTH_WIDTH = 10;

/**
 * n vectors of d numbers in clusters: centres whose variance falls with the dimension as 1/(1 + j/8), about them 12 directions,
 * one of a thousand sets of them, ever less wide, and a little of everything. `queries` more are drawn alike and held out; their true
 * neighbours are searched for in float32 when they are first asked for.
 */
export function generatedSet(
  name: string,
  n: number,
  d: number,
  queries: number,
  clusters = CLUSTERS,
): DataSet {
  const random = new RandomStream(1, `bench/${name}`);
  const fill = (length: number, deviationAt: (j: number) => number): Float32Array =>
    Float32Array.from({ length }, (_, i) => deviationAt(i % d) * normal(random));
  const centres = fill(clusters * d, (j) => 1 / Math.sqrt(1 + j / 8));
  const directions = fill(CLUSTERS * DIRECTIONS * d, () => 1 / Math.sqrt(d));
  const rows = new Float32Array((n + queries) * d);
  for (let at = 0; at < rows.length; at += d) {
    const cluster = random.nextBelow(clusters);
    const row = rows.subarray(at, at + d);
    for (let j = 0; j < d; j++) {
      row[j] = (centres[cluster * d + j] as number) + 0.1 * (random.nextUnit() - 0.5);
    }
    for (let t = 0; t < DIRECTIONS; t++) {
      const width = (3 / (1 + t / 4)) * normal(random);
      const from = ((cluster % CLUSTERS) * DIRECTIONS + t) * d;
      for (let j = 0; j < d; j++) row[j] = (row[j] as number) + width * (directions[from + j] as number);
    }
  }
  const base = { data: rows.subarray(0, n * d), n, d };
  const held = { data: rows.slice(n * d), n: queries, d };
  let truth: Uint32Array | undefined;
  return {
    name,
    base,
    queries: held,
    get truth() {
      truth ??= neighbours(base, held.data);
      return truth;
    },
    truthWidth: TRUTH_WIDTH,
  };
}

function neighbours({ data, d }: VectorSet, queries: Float32Array): Uint32Array {
  using core = createCore();
  using exact = buildFlat(core, data, d, { metric: 'l2', quantizer: 'none' });
  return Uint32Array.from(exact.searchBatch(queries, TRUTH_WIDTH).ids);
}
