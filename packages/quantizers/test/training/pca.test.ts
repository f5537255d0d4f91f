/** PCA and its eigensolver: against ml-matrix, against the covariance, on degenerate data, byte for byte. */
import { createCore, RandomStream, type VectorSet } from '@sagitta/core-wasm';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { trainPca } from '../../src/training/pca.ts';
import { symmetricEigen } from '../../src/training/symmetric-eigen.ts';

const core = createCore();

function randomSet(n: number, d: number, seed: number): VectorSet {
  const random = new RandomStream(seed, 'pca-test');
  const data = Float32Array.from({ length: n * d }, (_, i) => (random.nextUnit() - 0.3) / (1 + (i % d)));
  return { data, n, d };
}

function worstProductError(components: ArrayLike<number>, d: number): number {
  let worst = 0;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let t = 0; t < d; t++)
        dot += (components[i * d + t] as number) * (components[j * d + t] as number);
      worst = Math.max(worst, Math.abs(dot - (i === j ? 1 : 0)));
    }
  }
  return worst;
}

describe('symmetricEigen', () => {
  it.each([1, 2, 3, 4, 5, 17, 64, 130])('agrees with ml-matrix at d = %i', (d) => {
    const random = new RandomStream(d, 'eigen');
    const matrix = new Float64Array(d * d);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) matrix[i * d + j] = matrix[j * d + i] = random.nextUnit() - 0.5;
    }
    const { values, vectors } = symmetricEigen(matrix, d);
    const rows = Array.from({ length: d }, (_, i) => Array.from(matrix.subarray(i * d, (i + 1) * d)));
    const oracle = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true }).realEigenvalues;
    oracle.sort((a, b) => b - a);
    for (let i = 0; i < d; i++) expect(values[i]).toBeCloseTo(oracle[i] as number, 10);
    expect(worstProductError(vectors, d)).toBeLessThan(1e-12);
  });

  it('takes zero, identity and rank-one matrices', () => {
    const d = 9;
    for (const entry of [() => 0, (i: number, j: number) => (i === j ? 1 : 0), () => 1e-30]) {
      const matrix = Float64Array.from({ length: d * d }, (_, at) => entry(Math.floor(at / d), at % d));
      expect(worstProductError(symmetricEigen(matrix, d).vectors, d)).toBeLessThan(1e-12);
    }
  });

  it('refuses NaN', () => {
    expect(() => symmetricEigen(Float64Array.of(Number.NaN), 1)).toThrow(RangeError);
  });
});

describe('trainPca', () => {
  it.each([true, false])('gives orthonormal components that rebuild the moments, center %s', (center) => {
    const x = randomSet(5000, 24, 3);
    const { d, n, data } = x;
    const { components, variances, mean } = trainPca(core, x, { center });
    expect(worstProductError(components, d)).toBeLessThan(1e-6);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) {
        let moment = 0;
        for (let r = 0; r < n * d; r += d) {
          moment +=
            ((data[r + i] as number) - (mean[i] as number)) * ((data[r + j] as number) - (mean[j] as number));
        }
        let rebuilt = 0;
        for (let t = 0; t < d; t++) {
          rebuilt +=
            (variances[t] as number) * (components[t * d + i] as number) * (components[t * d + j] as number);
        }
        expect(Math.abs(rebuilt - moment / n)).toBeLessThan(1e-6);
      }
    }
  });

  it('gives the same bytes twice, and nearly the same from a stream', () => {
    const x = randomSet(900, 16, 4);
    const first = trainPca(core, x, { center: true });
    expect(trainPca(core, x, { center: true })).toEqual(first);
    const half = 450 * 16;
    const parts = [x.data.subarray(0, half), x.data.subarray(half)].map((data) => ({ data, n: 450, d: 16 }));
    const streamed = trainPca(core, parts, { center: true });
    for (let i = 0; i < 16; i++) {
      expect(Math.abs((streamed.variances[i] as number) - (first.variances[i] as number))).toBeLessThan(1e-6);
    }
  });

  it('takes a single vector, fewer vectors than dimensions, and constant dimensions', () => {
    const single = trainPca(core, randomSet(1, 8, 5), { center: true });
    expect(Array.from(single.variances)).toEqual(new Array(8).fill(0));
    const few = trainPca(core, randomSet(3, 20, 6), { center: true });
    expect(worstProductError(few.components, 20)).toBeLessThan(1e-6);
    expect(few.variances[2]).toBeLessThan(1e-7);
    const flat = trainPca(core, { data: new Float32Array(40).fill(7), n: 10, d: 4 }, { center: true });
    expect(Array.from(flat.variances)).toEqual([0, 0, 0, 0]);
  });

  it('refuses no vectors, mixed dimensions and values whose squares overflow', () => {
    expect(() => trainPca(core, randomSet(0, 4, 1), { center: true })).toThrow(RangeError);
    expect(() => trainPca(core, [randomSet(2, 4, 1), randomSet(2, 5, 1)], { center: true })).toThrow(
      RangeError,
    );
    const huge = { data: Float32Array.of(3e38, -3e38), n: 2, d: 1 };
    expect(() => trainPca(core, huge, { center: false })).toThrow(RangeError);
  });
});
