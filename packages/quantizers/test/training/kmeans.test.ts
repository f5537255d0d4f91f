/** k-means: finds clusters, repairs empty lists, repeats byte for byte, refuses what it cannot do. */
import { createCore, RandomStream, type VectorSet } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import { assignToNearest, trainKmeans } from '../../src/training/kmeans.ts';

const core = createCore();

/** Row i lies near (i mod clusters) · 10 in every dimension. */
function clustered(n: number, d: number, clusters: number): VectorSet {
  const random = new RandomStream(7, 'kmeans-test');
  const data = Float32Array.from(
    { length: n * d },
    (_, at) => (Math.floor(at / d) % clusters) * 10 + random.nextUnit(),
  );
  return { data, n, d };
}

it('finds well separated clusters', () => {
  const x = clustered(2000, 12, 16);
  const { centroids, meanDistance } = trainKmeans(core, x, { nlist: 16, seed: 1 });
  const { ids } = assignToNearest(core, x, centroids);
  for (let i = 0; i < x.n; i++) expect(ids[i]).toBe(ids[i % 16]);
  expect(new Set(ids).size).toBe(16);
  expect(meanDistance).toBeLessThan(12 / 6);
});

it('gives the same bytes for the same seed, others for another', () => {
  const x = clustered(3000, 9, 5);
  const run = (seed: number): Float32Array => trainKmeans(core, x, { nlist: 20, seed }).centroids;
  expect(run(3)).toEqual(run(3));
  expect(run(3)).not.toEqual(run(4));
});

it('assigns as an f64 search does', () => {
  const x = clustered(257, 7, 4);
  const { centroids } = trainKmeans(core, x, { nlist: 9, seed: 2 });
  const { ids, distances } = assignToNearest(core, x, centroids);
  for (let i = 0; i < x.n; i++) {
    const to = Array.from({ length: 9 }, (_, c) => {
      let sum = 0;
      for (let t = 0; t < 7; t++)
        sum += ((x.data[i * 7 + t] as number) - (centroids[c * 7 + t] as number)) ** 2;
      return sum;
    });
    expect(to[ids[i] as number]).toBeLessThanOrEqual(Math.min(...to) + 1e-2);
    expect(Math.abs((distances[i] as number) - (to[ids[i] as number] as number))).toBeLessThan(1e-2);
  }
});

it('leaves no list empty while there are distinct points enough', () => {
  const random = new RandomStream(5, 'skew');
  // nine tenths of the points in one place: starts and means crowd there
  const data = Float32Array.from({ length: 400 * 4 }, (_, at) => (at < 1440 ? 1 : 50 * random.nextUnit()));
  const x = { data, n: 400, d: 4 };
  const { centroids } = trainKmeans(core, x, { nlist: 30, seed: 1 });
  expect(new Set(assignToNearest(core, x, centroids).ids).size).toBe(30);
});

it('takes duplicates, n = nlist and no iterations', () => {
  const same = { data: new Float32Array(60).fill(2.5), n: 20, d: 3 };
  expect(Array.from(trainKmeans(core, same, { nlist: 4, seed: 1 }).centroids)).toEqual(
    new Array(12).fill(2.5),
  );
  const x = clustered(6, 3, 6);
  const { centroids } = trainKmeans(core, x, { nlist: 6, seed: 1 });
  expect(new Set(assignToNearest(core, x, centroids).ids).size).toBe(6);
  expect(trainKmeans(core, x, { nlist: 2, seed: 1, iterations: 0 }).iterations).toBe(0);
});

it('refuses fewer rows than lists, NaN and ragged centroids', () => {
  const x = clustered(5, 2, 2);
  expect(() => trainKmeans(core, x, { nlist: 6, seed: 1 })).toThrow(RangeError);
  const bad = { data: Float32Array.of(1, Number.NaN, 2, 3), n: 2, d: 2 };
  expect(() => trainKmeans(core, bad, { nlist: 1, seed: 1 })).toThrow(RangeError);
  expect(() => assignToNearest(core, x, new Float32Array(3))).toThrow(RangeError);
});

it('frees its scratch memory', () => {
  const before = core.bytesUsed();
  trainKmeans(core, clustered(100, 4, 3), { nlist: 3, seed: 1 });
  expect(core.bytesUsed()).toBe(before);
});
