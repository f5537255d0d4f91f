import { createCore, METRICS, type Metric } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { exactNeighbors, NO_ID, type VectorSource } from '../src/index.ts';

const D = 9;
const core = createCore();

function source(data: Float32Array, d = D): VectorSource {
  return {
    path: 'memory',
    d,
    n: data.length / d,
    async *chunks(rows) {
      for (let at = 0; at < data.length; at += rows * d) yield data.subarray(at, at + rows * d);
    },
    close: async () => undefined,
  };
}

const set = (data: Float32Array, d = D) => ({ data, n: data.length / d, d });

function score(metric: Metric, a: Float32Array, b: Float32Array): number {
  const sum = (of: (x: number, y: number) => number): number =>
    a.reduce((total, x, j) => total + of(x, b[j] as number), 0);
  if (metric === 'l2') return sum((x, y) => (x - y) ** 2);
  const norms = Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
  if (metric === 'ip') return sum((x, y) => x * y);
  return norms > 0 ? sum((x, y) => x * y) / norms : 0;
}

describe.each(METRICS)('exact neighbours by %s', (metric) => {
  const n = 3000;
  const rows = gaussianRows(n, D, 1);
  // copies and a zero vector: ties, and a cosine that is 0 by definition
  rows.copyWithin(2000 * D, 7 * D, 8 * D);
  rows.copyWithin(2500 * D, 7 * D, 8 * D);
  rows.fill(0, 100 * D, 101 * D);
  const queries = gaussianRows(70, D, 2);
  queries.set(rows.subarray(7 * D, 8 * D), 0);
  queries.fill(0, D, 2 * D);

  it('are those of a plain f64 loop, ties to the lower row', async () => {
    const k = 12;
    const found = await exactNeighbors(core, source(rows), set(queries), { k, metric });
    expect(found.n).toBe(n);
    const sign = metric === 'l2' ? 1 : -1;
    for (let q = 0; q < 70; q++) {
      const query = queries.subarray(q * D, (q + 1) * D);
      const all = Array.from({ length: n }, (_, i) => ({
        i,
        score: score(metric, query, rows.subarray(i * D, (i + 1) * D)),
      }));
      all.sort((a, b) => sign * (a.score - b.score) || a.i - b.i);
      for (let j = 0; j < k; j++) {
        expect(found.scores[q * k + j]).toBeCloseTo(all[j]?.score as number, 10);
      }
      // sums in another order may swap what differs in the last bit only
      const ids = [...found.ids.subarray(q * k, (q + 1) * k)];
      expect(ids.sort()).toEqual(
        all
          .slice(0, k)
          .map(({ i }) => i)
          .sort(),
      );
    }
    if (metric !== 'ip') expect([...found.ids.subarray(0, 3)]).toEqual([7, 2000, 2500]);
    // the zero query ties with everything by ip and cosine
    if (metric !== 'l2') expect([...found.ids.subarray(k, k + 3)]).toEqual([0, 1, 2]);
  });

  it('end in NO_ID where k is more than n', async () => {
    const few = await exactNeighbors(core, source(rows.subarray(0, 3 * D)), set(queries.subarray(0, D)), {
      k: 5,
      metric,
    });
    expect([...few.ids.subarray(3)]).toEqual([NO_ID, NO_ID]);
    expect([...few.scores.subarray(3)]).toEqual(
      metric === 'l2' ? [Infinity, Infinity] : [-Infinity, -Infinity],
    );
    expect(new Set(few.ids.subarray(0, 3))).toEqual(new Set([0, 1, 2]));
  });
});

it('stop at the limit and tell how far they are', async () => {
  const rows = gaussianRows(500, D, 3);
  const seen: number[] = [];
  const found = await exactNeighbors(core, source(rows), set(rows.subarray(400 * D, 401 * D)), {
    k: 1,
    metric: 'l2',
    limit: 300,
    onProgress: (done) => seen.push(done),
  });
  expect(found.n).toBe(300);
  expect(found.ids[0]).toBeLessThan(300);
  expect(seen.at(-1)).toBe(300);
});

it('do not lose a neighbour to f32: distances that differ in the 9th digit keep their order', async () => {
  // far from the origin squared distances of near rows cancel; f64 tells them apart
  const rows = new Float32Array(200 * D).fill(1000);
  for (let i = 0; i < 200; i++) rows[i * D] = 1000 + (200 - i) / 64;
  const query = new Float32Array(D).fill(1000);
  const { ids } = await exactNeighbors(core, source(rows), set(query), { k: 200, metric: 'l2' });
  expect([...ids]).toEqual(Array.from({ length: 200 }, (_, i) => 199 - i));
});

it('refuse queries of another dimension and k below 1', async () => {
  const rows = gaussianRows(5, D, 3);
  await expect(
    exactNeighbors(core, source(rows), set(gaussianRows(1, 4, 1), 4), { k: 1, metric: 'l2' }),
  ).rejects.toThrow(/"queries" expected d = 9, got 4/);
  await expect(exactNeighbors(core, source(rows), set(rows), { k: 0, metric: 'l2' })).rejects.toThrow(/"k"/);
  expect(core.bytesUsed()).toBe(0);
});
