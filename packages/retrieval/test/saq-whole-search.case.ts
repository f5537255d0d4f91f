/** With gamma large enough nothing is given up: a search returns the best of all estimates, whatever the plan. */
import { createCore, type Metric } from '@sagitta/core-wasm';
import { clusteredRows, gaussianRows } from '@sagitta/testing';
import { expect } from 'vitest';
import { buildFlat, buildIvf, type IvfIndex } from '../src/index.ts';

const N = 400;
const K = 10;
const QUERIES = 12;
export const DIMS = [1, 8, 16, 17, 32, 64, 128] as const;
const BITS = [0.25, 1, 2, 4, 6, 8, 9.5, 12] as const;

/** The k best of every score, ties to the lower id. */
function best(index: IvfIndex, query: Float32Array): { ids: number[]; scores: number[] } {
  const { ids, scores } = index.estimates(query, index.nlist);
  const sign = index.metric === 'l2' ? 1 : -1;
  const order = Array.from(ids.keys()).sort(
    (a, b) =>
      sign * ((scores[a] as number) - (scores[b] as number)) || (ids[a] as number) - (ids[b] as number),
  );
  const kept = order.slice(0, K);
  // results give distances that come out below 0 as 0, in their order
  const floor = index.metric === 'l2' ? 0 : Number.NEGATIVE_INFINITY;
  return {
    ids: kept.map((i) => ids[i] as number),
    scores: kept.map((i) => Math.max(floor, scores[i] as number)),
  };
}

export function checkWholeSearch(metric: Metric, d: number): void {
  using core = createCore();
  for (const [seed, data, queries] of [
    [1, gaussianRows(N, d, 1), gaussianRows(QUERIES, d, 2)],
    [
      7,
      clusteredRows(N, d, { seed: 7, clusters: 9, spread: 0.4 }),
      clusteredRows(QUERIES, d, { seed: 7, clusters: 9, spread: 0.4, stream: 'query' }),
    ],
  ] as const) {
    for (const bits of BITS) {
      const options = { metric, bits, seed };
      for (const nlist of [1, 6]) {
        using index =
          nlist === 1
            ? buildFlat(core, data, d, options)
            : buildIvf(core, data, d, { ...options, nlist, iterations: 3 });
        for (let q = 0; q < QUERIES; q++) {
          const query = queries.subarray(q * d, (q + 1) * d);
          const expected = best(index, query);
          for (const gamma of [1000, 1e6]) {
            const { ids, scores } = index.search(query, K, { nprobe: nlist, gamma });
            expect({ ids: [...ids], scores: [...scores] }).toEqual(expected);
          }
        }
      }
    }
  }
}
