/** The eigensolver beyond pca.test.ts: residuals, hard spectra, ml-matrix as the oracle of subspaces, fixed bytes. */
import { crc32, RandomStream } from '@sagitta/core-wasm';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { symmetricEigen } from '../../src/training/symmetric-eigen.ts';

function randomSymmetric(d: number, seed: number): Float64Array {
  const random = new RandomStream(seed, 'symmetric');
  const matrix = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) matrix[i * d + j] = matrix[j * d + i] = random.nextUnit() - 0.5;
  }
  return matrix;
}

/** max |A·v - λ·v| over all pairs. */
function worstResidual(matrix: Float64Array, d: number): number {
  const { values, vectors } = symmetricEigen(matrix, d);
  let worst = 0;
  for (let k = 0; k < d; k++) {
    for (let i = 0; i < d; i++) {
      let sum = -(values[k] as number) * (vectors[k * d + i] as number);
      for (let j = 0; j < d; j++) sum += (matrix[i * d + j] as number) * (vectors[k * d + j] as number);
      worst = Math.max(worst, Math.abs(sum));
    }
  }
  return worst;
}

describe('symmetricEigen', () => {
  it.each([2, 7, 33, 100, 150])('solves A·v = λ·v at d = %i and leaves A alone', (d) => {
    const matrix = randomSymmetric(d, d);
    const before = matrix.slice();
    expect(worstResidual(matrix, d)).toBeLessThan(1e-12 * d);
    expect(matrix).toEqual(before);
  });

  it('solves equal, clustered, graded and scaled spectra', () => {
    const d = 40;
    const spectra: readonly ((i: number) => number)[] = [
      (i) => (i < 20 ? 3 : 1),
      (i) => 1 + i * 1e-9,
      (i) => 2 ** -i,
      (i) => (i === 0 ? 1e12 : 1),
    ];
    for (const [index, value] of spectra.entries()) {
      // V·diag·Vᵀ with the eigenvectors of a random matrix
      const { vectors } = symmetricEigen(randomSymmetric(d, 90 + index), d);
      const matrix = new Float64Array(d * d);
      for (let k = 0; k < d; k++) {
        for (let i = 0; i < d; i++) {
          for (let j = 0; j < d; j++) {
            matrix[i * d + j] =
              (matrix[i * d + j] as number) +
              value(k) * (vectors[k * d + i] as number) * (vectors[k * d + j] as number);
          }
        }
      }
      const expected = Array.from({ length: d }, (_, k) => value(k)).sort((a, b) => b - a);
      const largest = expected[0] as number;
      const { values } = symmetricEigen(matrix, d);
      for (let k = 0; k < d; k++) {
        expect(Math.abs((values[k] as number) - (expected[k] as number))).toBeLessThan(1e-13 * d * largest);
      }
      expect(worstResidual(matrix, d)).toBeLessThan(1e-13 * d * largest);
    }
  });

  it('spans what the eigenvectors of ml-matrix span', () => {
    const d = 60;
    const matrix = randomSymmetric(d, 5);
    const ours = symmetricEigen(matrix, d);
    const rows = Array.from({ length: d }, (_, i) => Array.from(matrix.subarray(i * d, (i + 1) * d)));
    const oracle = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true });
    const order = oracle.realEigenvalues.map((_, i) => i);
    order.sort((i, j) => (oracle.realEigenvalues[j] as number) - (oracle.realEigenvalues[i] as number));
    for (const [k, column] of order.entries()) {
      let product = 0;
      for (let i = 0; i < d; i++) {
        product += (ours.vectors[k * d + i] as number) * oracle.eigenvectorMatrix.get(i, column);
      }
      expect(Math.abs(Math.abs(product) - 1)).toBeLessThan(1e-9);
    }
  });

  it('gives the same bytes on every engine', () => {
    const { values, vectors } = symmetricEigen(randomSymmetric(31, 8), 31);
    const hash = (array: Float64Array): number => crc32(new Uint8Array(array.buffer));
    expect([hash(values), hash(vectors)]).toEqual([3489290458, 188316186]);
  });

  it('refuses a matrix that is not square and entries that are not finite', () => {
    expect(() => symmetricEigen(new Float64Array(5), 2)).toThrow(RangeError);
    expect(() => symmetricEigen(Float64Array.of(1, Number.POSITIVE_INFINITY, 0, 1), 2)).toThrow(RangeError);
  });
});
