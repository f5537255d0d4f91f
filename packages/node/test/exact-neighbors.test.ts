import { createCore, METRICS, type Metric } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { exactNeighbors, NO_ID } from '../src/index.ts';
import { type MemorySource, memorySource } from './support/memory-source.ts';

const D = 9;
const core = createCore();

const source = (data: Float32Array, d = D): MemorySource => memorySource(data, d);
const set = (data: Float32Array, d = D) => ({ data, n: data.length / d, d });

function score(metric: Metric, a: Float32Array, b: Float32Array): number {
  let [squares, product, energyA, energyB] = [0, 0, 0, 0];
  for (let j = 0; j < a.length; j++) {
    const [x, y] = [a[j] as number, b[j] as number];
    squares += (x - y) ** 2;
    product += x * y;
    energyA += x * x;
    energyB += y * y;
  }
  if (metric === 'l2') return squares;
  if (metric === 'ip') return product;
  const norms = Math.sqrt(energyA * energyB);
  return norms > 0 ? product / norms : 0;
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

it.each(METRICS)(
  'are the same over many batches as over one, ties across them included: %s',
  async (metric) => {
    // a batch is 4 MiB: 256 rows of 4,096 values
    const [n, d, k] = [700, 4096, 20];
    const rows = gaussianRows(n, d, 5);
    for (const copy of [255, 256, 511, 512, 699]) rows.copyWithin(copy * d, 3 * d, 4 * d);
    const query = rows.slice(3 * d, 4 * d);
    const seen: number[] = [];
    const { ids, scores } = await exactNeighbors(core, source(rows, d), set(query, d), {
      k,
      metric,
      onProgress: (done) => seen.push(done),
    });
    expect(seen).toEqual([256, 512, 700]);
    expect([...ids.subarray(0, 6)]).toEqual([3, 255, 256, 511, 512, 699]);
    expect(new Set(scores.subarray(0, 6)).size).toBe(1);
    const sign = metric === 'l2' ? 1 : -1;
    const all = Array.from({ length: n }, (_, i) => ({
      i,
      key: sign * score(metric, query, rows.subarray(i * d, (i + 1) * d)),
    }));
    all.sort((x, y) => x.key - y.key || x.i - y.i);
    expect([...ids]).toEqual(all.slice(0, k).map(({ i }) => i));
  },
);

it.each(METRICS)('are those of f64 among rows that float32 cannot tell apart: %s', async (metric) => {
  // one vector, a different value of it moved in its 20th bit: a kernel's rounding is larger than what is between them
  const [n, d, k] = [400, 512, 10];
  const one = gaussianRows(1, d, 8);
  const rows = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    rows.set(one, i * d);
    rows[i * d + i] = (one[i] as number) * (1 + 2 ** -20);
  }
  const queries = gaussianRows(8, d, 9);
  const { ids } = await exactNeighbors(core, source(rows, d), set(queries, d), { k, metric });
  const sign = metric === 'l2' ? 1 : -1;
  for (let q = 0; q < 8; q++) {
    const query = queries.subarray(q * d, (q + 1) * d);
    const all = Array.from({ length: n }, (_, i) => ({
      i,
      key: sign * score(metric, query, rows.subarray(i * d, (i + 1) * d)),
    }));
    all.sort((x, y) => x.key - y.key);
    const worst = all[k - 1]?.key as number;
    // sums of f64 in another order differ by this at most
    const slack = 1e-12 * Math.abs(worst) + 1e-12;
    const found = new Set(ids.subarray(q * k, (q + 1) * k));
    expect(found.size).toBe(k);
    const wrong = all.filter(({ i, key }) => (found.has(i) ? key > worst + slack : key < worst - slack));
    expect(wrong).toEqual([]);
  }
});

it('are right where float32 overflows or underflows', async () => {
  // squares of the large are infinite in float32, products of the small are 0
  for (const scale of [2 ** 100, 2 ** -100]) {
    const rows = gaussianRows(300, D, 6).map((value) => value * scale);
    const queries = gaussianRows(3, D, 7).map((value) => value * scale);
    for (const metric of METRICS) {
      const { ids } = await exactNeighbors(core, source(rows), set(queries), { k: 10, metric });
      const sign = metric === 'l2' ? 1 : -1;
      for (let q = 0; q < 3; q++) {
        const query = queries.subarray(q * D, (q + 1) * D);
        const keys = Array.from({ length: 300 }, (_, i) => ({
          i,
          key: sign * score(metric, query, rows.subarray(i * D, (i + 1) * D)),
        }));
        keys.sort((x, y) => x.key - y.key);
        expect([...ids.subarray(q * 10, (q + 1) * 10)], `${metric}, ${scale}`).toEqual(
          keys.slice(0, 10).map(({ i }) => i),
        );
      }
    }
  }
});

it('of nothing are nothing', async () => {
  const none = await exactNeighbors(core, source(new Float32Array(D)), set(new Float32Array(D)), {
    k: 2,
    metric: 'l2',
    limit: 0,
  });
  expect(none.n).toBe(0);
  expect([...none.ids]).toEqual([NO_ID, NO_ID]);
});

it('refuse queries of another dimension and k below 1', async () => {
  const rows = gaussianRows(5, D, 3);
  await expect(
    exactNeighbors(core, source(rows), set(gaussianRows(1, 4, 1), 4), { k: 1, metric: 'l2' }),
  ).rejects.toThrow(/"queries" expected d = 9, got 4/);
  await expect(exactNeighbors(core, source(rows), set(rows), { k: 0, metric: 'l2' })).rejects.toThrow(/"k"/);
  expect(core.bytesUsed()).toBe(0);
});
