import { clusteredRows, dotErrorBound, gaussianRows, PARITY_DIMS } from '@sagitta/testing';
import { expect, it } from 'vitest';
import * as l2Twin from '../src/reference/l2.ts';
import * as twin from '../src/reference/matmul.ts';
import { describeBuilds, expectSameBits, Output, put } from './kernel-parity.case.ts';

/** Tiles are 4 × 8, blocks 64 rows × 128 steps: every rest of each, and shapes that cross a block. */
const SHAPES: readonly (readonly [number, number, number])[] = [
  [1, 1, 1],
  [3, 7, 5],
  [4, 8, 16],
  [5, 9, 17],
  [7, 15, 127],
  [8, 16, 128],
  [9, 17, 129],
  [2, 12, 300],
  [63, 4, 64],
  [65, 8, 33],
  [130, 20, 257],
  [4, 0, 4],
  [0, 4, 4],
];

describeBuilds('matmulF32', (core) => {
  const run = (a: Float32Array, b: Float32Array, m: number, n: number, k: number): Float32Array =>
    core.scope((scope) => {
      const c = new Output(scope, m * n * 4);
      core.kernels.matmulF32(put(scope, a), put(scope, b), m, n, k, c.at());
      return c.f32();
    });

  it.each(SHAPES)('equals the twin bit for bit, %i × %i over %i', (m, n, k) => {
    const a = gaussianRows(m, k, 1);
    const b = gaussianRows(k, n, 2);
    const expected = new Float32Array(m * n);
    twin.matmulF32(a, b, m, n, k, expected);
    expectSameBits(run(a, b, m, n, k), expected);
  });

  it.each(PARITY_DIMS)('equals the twin bit for bit with inner dimension %i', (k) => {
    const a = gaussianRows(5, k, 3);
    const b = gaussianRows(k, 11, 4);
    const expected = new Float32Array(55);
    twin.matmulF32(a, b, 5, 11, k, expected);
    expectSameBits(run(a, b, 5, 11, k), expected);
  });

  it('gives zeros for an empty inner dimension', () => {
    expectSameBits(run(new Float32Array(0), new Float32Array(0), 3, 5, 0), new Float32Array(15));
  });

  it('stays within the f32 bound of the exact product', () => {
    const k = 1534;
    const a = gaussianRows(1, k, 5);
    const b = gaussianRows(k, 1, 6);
    let exact = 0;
    for (let s = 0; s < k; s++) exact += a[s] * b[s];
    expect(Math.abs(run(a, b, 1, 1, k)[0] - exact)).toBeLessThanOrEqual(dotErrorBound(a, b, k));
  });
});

describeBuilds('gramF32', (core) => {
  it.each([1, 3, 7, 8, 9, 12, 15, 16, 17, 33, 65])('adds to the twin bit for bit at d = %i', (d) => {
    for (const n of [0, 1, 5, 128, 130]) {
      const rows = gaussianRows(n, d, 7);
      const expected = new Float32Array(d * d);
      twin.gramF32(gaussianRows(2, d, 8), 2, d, expected);
      const start = expected.slice();
      twin.gramF32(rows, n, d, expected);
      core.scope((scope) => {
        const out = put(scope, start);
        core.kernels.gramF32(put(scope, rows), n, d, out);
        const result = new Output(scope, d * d * 4);
        // Read back through a product with the identity, which is exact.
        const identity = Float32Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0));
        core.kernels.matmulF32(out, put(scope, identity), d, d, d, result.at());
        expectSameBits(result.f32(), expected);
      });
    }
  });
});

describeBuilds('nearestF32', (core) => {
  const run = (
    rows: Float32Array,
    n: number,
    d: number,
    centroids: Float32Array,
    nlist: number,
  ): { ids: Uint32Array; distances: Float32Array; norms: Float32Array } =>
    core.scope((scope) => {
      const norms = new Float32Array(nlist);
      l2Twin.normF32Rows(centroids, nlist, d, norms);
      const ids = new Output(scope, n * 4);
      const distances = new Output(scope, n * 4);
      core.kernels.nearestF32(
        put(scope, rows),
        n,
        d,
        put(scope, centroids),
        put(scope, norms),
        nlist,
        ids.at(),
        distances.at(),
      );
      return { ids: ids.u32(), distances: distances.f32(), norms };
    });

  it.each(PARITY_DIMS)('equals the twin bit for bit at d = %i', (d) => {
    for (const [n, nlist] of [
      [1, 1],
      [2, 4],
      [3, 5],
      [33, 7],
      [35, 16],
    ]) {
      const rows = gaussianRows(n, d, 9);
      const centroids = gaussianRows(nlist, d, 10);
      const actual = run(rows, n, d, centroids, nlist);
      const ids = new Uint32Array(n);
      const distances = new Float32Array(n);
      twin.nearestF32(rows, n, d, centroids, actual.norms, nlist, ids, distances);
      expect(actual.ids).toEqual(ids);
      expectSameBits(actual.distances, distances);
    }
  });

  it('finds the nearest by direct distances on clustered data', () => {
    const d = 96;
    const rows = clusteredRows(70, d, { seed: 11, clusters: 9, spread: 0.2 });
    const centroids = gaussianRows(9, d, 11);
    const { ids, distances } = run(rows, 70, d, centroids, 9);
    for (let i = 0; i < 70; i++) {
      const row = rows.subarray(i * d, (i + 1) * d);
      const exact = Array.from({ length: 9 }, (_, c) => l2Twin.l2F32(row, centroids.subarray(c * d), d));
      expect(ids[i]).toBe(exact.indexOf(Math.min(...exact)));
      expect(distances[i]).toBeCloseTo(exact[ids[i]], 3);
    }
  });

  it('gives ties to the lower id, in a tile, across tiles and in the rest', () => {
    const d = 24;
    const centroid = gaussianRows(1, d, 12);
    const far = gaussianRows(1, d, 13).map((value) => value * 100);
    const centroids = new Float32Array(11 * d);
    for (let c = 0; c < 11; c++) centroids.set(c === 0 ? far : centroid, c * d);
    const rows = new Float32Array(3 * d);
    for (let i = 0; i < 3; i++) rows.set(centroid, i * d);
    expect(run(rows, 3, d, centroids, 11).ids).toEqual(Uint32Array.of(1, 1, 1));
  });

  it('never reports a negative distance', () => {
    const rows = gaussianRows(40, 257, 14);
    for (const distance of run(rows, 40, 257, rows, 40).distances) expect(distance).toBeGreaterThanOrEqual(0);
  });
});
