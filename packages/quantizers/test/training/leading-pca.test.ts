/** Leading directions against the whole decomposition: by columns, by rows, by subspace iteration and by halves. */
import { createCore, RandomStream } from '@sagitta/core-wasm';
import { gaussianRows, skewedRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { symmetricEigen } from '../../src/index.ts';
import { leadingEigen, orthonormalise } from '../../src/training/leading-eigen.ts';
import { principalDirections, trainLeadingPca } from '../../src/training/leading-pca.ts';
import { trainPca } from '../../src/training/pca.ts';
import { addRowProducts } from '../../src/training/row-products.ts';
import { asSet } from '../coded-set.ts';

const core = createCore();

/** Greatest |<row i, row j> - δ_ij|. */
function worstProduct(rows: Float32Array, d: number): number {
  const n = rows.length / d;
  let worst = 0;
  for (let i = 0; i < n; i += 3) {
    for (let j = 0; j <= i; j += 2) {
      let sum = i === j ? -1 : 0;
      for (let t = 0; t < d; t++) sum += (rows[i * d + t] as number) * (rows[j * d + t] as number);
      worst = Math.max(worst, Math.abs(sum));
    }
  }
  return worst;
}

/** Σ of the variance of x along rows. */
function captured(x: Float32Array, mean: Float32Array, rows: Float32Array, d: number): number {
  let sum = 0;
  const n = x.length / d;
  for (let i = 0; i < n; i++) {
    for (let r = 0; r < rows.length; r += d) {
      let dot = 0;
      for (let t = 0; t < d; t++)
        dot += (rows[r + t] as number) * ((x[i * d + t] as number) - (mean[t] as number));
      sum += (dot * dot) / n;
    }
  }
  return sum;
}

it('products of rows in integers are those of f64 within 1e-4 of their lengths', () => {
  for (const [a, b, columns] of [
    [1, 1, 1],
    [5, 9, 33],
    [130, 260, 40],
    [3, 4, 4100],
  ] as const) {
    const left = { data: gaussianRows(a, columns, 1), rows: a, columns };
    const right = { data: gaussianRows(b, columns, 2), rows: b, columns };
    const out = new Float32Array(a * b).fill(1);
    addRowProducts(core, left, right, out, 0.5);
    for (let i = 0; i < a; i++) {
      for (let j = 0; j < b; j++) {
        let dot = 0;
        for (let t = 0; t < columns; t++) {
          dot += (left.data[i * columns + t] as number) * (right.data[j * columns + t] as number);
        }
        expect(Math.abs((out[i * b + j] as number) - 1 - dot / 2)).toBeLessThan(3e-4 * Math.sqrt(columns));
      }
    }
  }
});

describe.each([
  ['more rows than dims', 300, 96],
  ['fewer rows than dims', 60, 96],
])('%s', (_, n, d) => {
  const x = skewedRows(n, d, { seed: 4 });

  it.each([true, false])('are the components of the covariance, centred: %s', (center) => {
    const dims = 24;
    const { mean, components, variances, total } = trainLeadingPca(core, asSet(x, d), {
      center,
      dims,
      seed: 1,
    });
    const exact = trainPca(core, asSet(x, d), { center });
    expect(worstProduct(components, d)).toBeLessThan(1e-3);
    for (let i = 0; i < dims; i++) {
      expect(variances[i] as number).toBeCloseTo(exact.variances[i] as number, 3);
    }
    expect(total).toBeCloseTo(
      exact.variances.reduce((sum, value) => sum + value, 0),
      3,
    );
    for (let j = 0; j < d; j++) expect(mean[j] as number).toBeCloseTo(exact.mean[j] as number, 5);
    const best = exact.variances.subarray(0, dims).reduce((sum, value) => sum + value, 0);
    expect(captured(x, mean, components, d)).toBeGreaterThan(0.9999 * best);
  });
});

it('subspace iteration finds nearly all of what the first directions have', () => {
  const d = 520;
  const count = 96;
  const x = { data: skewedRows(d, 600, { seed: 5, knee: 30 }), rows: d, columns: 600 };
  const matrix = new Float32Array(d * d);
  addRowProducts(core, x, x, matrix, 1 / 600);
  const { vectors, values } = leadingEigen(core, matrix, d, count, new RandomStream(1, 'test'));
  const exact = symmetricEigen(Float64Array.from(matrix), d);
  expect(worstProduct(vectors, d)).toBeLessThan(1e-3);
  const sum = (of: Float64Array, n: number): number =>
    of.subarray(0, n).reduce((all, value) => all + value, 0);
  for (const [n, least] of [
    [24, 0.99],
    [48, 0.98],
    [96, 0.96],
  ] as const) {
    expect(sum(values, n) / sum(exact.values, n)).toBeGreaterThan(least);
  }
  expect(values).toEqual(values.slice().sort((a, b) => b - a));
  // most of them: by halves, which together are the whole
  const most = leadingEigen(core, matrix, d, 500, new RandomStream(2, 'test'));
  expect(worstProduct(most.vectors, d)).toBeLessThan(1e-3);
  expect(sum(most.values, 500) / sum(exact.values, 500)).toBeGreaterThan(0.999);
});

it('rows that depend on each other become orthonormal rows', () => {
  const d = 300;
  const rows = gaussianRows(280, d, 6);
  for (let i = 40; i < 120; i++) rows.copyWithin(i * d, (i % 7) * d, ((i % 7) + 1) * d);
  rows.fill(0, 200 * d, 210 * d);
  orthonormalise(core, rows, d, new RandomStream(1, 'test'));
  expect(worstProduct(rows, d)).toBeLessThan(1e-3);
});

it('one vector, and equal ones, have directions of no variance; values that are not finite are refused', () => {
  const d = 70;
  for (const n of [1, 4]) {
    const x = new Float32Array(n * d).fill(3);
    const found = trainLeadingPca(core, asSet(x, d), { center: true, dims: 64, seed: 1 });
    expect(worstProduct(found.components, d)).toBeLessThan(1e-3);
    expect(found.total).toBe(0);
    expect(found.variances.every((value) => value === 0)).toBe(true);
  }
  const huge = asSet(new Float32Array(2 * d).fill(1e20), d);
  expect(() => trainLeadingPca(core, huge, { center: false, dims: 3, seed: 1 })).toThrow(/squares/);
});

it('up to 1,024 dims they are those of trainPca, to the byte', () => {
  const x = asSet(skewedRows(50, 40, { seed: 8 }), 40);
  const exact = trainPca(core, x, { center: true });
  const { components } = principalDirections(core, x, { center: true, dims: 7, seed: 1 });
  expect(components).toEqual(exact.components.slice(0, 7 * 40));
});
