/** Queries from elsewhere: the sphering projection against the principal directions of the vectors. */
import { createCore } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import { identityProjection, spheringProjection } from '../../src/leanvec/index.ts';
import { FrameTransform } from '../../src/linear/frame.ts';
import { normalRows } from '../normal-rows.ts';

const D = 256;
const core = createCore();

/**
 * Rows of variance (i + 1)^-1.3 along the axes of a random basis; how much sphering gains depends on the spectrum: at
 * exponents of 1, 1.3 and 1.6 it loses .68, .42 and .21 of what PCA loses at 64 of 256 dims.
 */
function spectrumRows(n: number, seed: number, basis: Float32Array): Float32Array {
  const rows = normalRows(n, D, seed);
  for (let i = 0; i < rows.length; i++) rows[i] = (rows[i] as number) / ((i % D) + 1) ** 0.65;
  const out = new Float32Array(n * D);
  for (let i = 0; i < n; i++) {
    for (let t = 0; t < D; t++) {
      const value = rows[i * D + t] as number;
      for (let j = 0; j < D; j++)
        out[i * D + j] = (out[i * D + j] as number) + value * (basis[t * D + j] as number);
    }
  }
  return out;
}

function randomBasis(seed: number): Float32Array {
  const basis = normalRows(D, D, seed);
  for (let i = 0; i < D; i++) {
    const row = basis.subarray(i * D, (i + 1) * D);
    for (let j = 0; j < i; j++) {
      const other = basis.subarray(j * D, (j + 1) * D);
      const dot = row.reduce((sum, value, t) => sum + value * (other[t] as number), 0);
      for (let t = 0; t < D; t++) row[t] = (row[t] as number) - dot * (other[t] as number);
    }
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    for (let t = 0; t < D; t++) row[t] = (row[t] as number) / norm;
  }
  return basis;
}

const own = randomBasis(1);
const foreign = randomBasis(2);
const vectors = spectrumRows(2000, 3, own);
/** Half of the queries' covariance is foreign. */
function queriesOf(seed: number): Float32Array {
  const a = spectrumRows(1000, seed, own);
  const b = spectrumRows(1000, seed + 1, foreign);
  return a.map((value, i) => Math.SQRT1_2 * (value + (b[i] as number)));
}
const training = queriesOf(10);
const tests = queriesOf(20);

/** Σ(<q, x> - <Aq, Bx>)²/Σ<q, x>² over 200 × 400 pairs. */
function errorEnergy(frame: ReturnType<typeof identityProjection>): number {
  using data = new FrameTransform(core, frame, 'data');
  using query = new FrameTransform(core, frame, 'query');
  const b = data.apply(vectors.subarray(0, 400 * D));
  const a = query.apply(tests.subarray(0, 200 * D));
  let lost = 0;
  let all = 0;
  for (let q = 0; q < 200; q++) {
    for (let i = 0; i < 400; i++) {
      let exact = 0;
      let reduced = 0;
      for (let j = 0; j < D; j++) exact += (tests[q * D + j] as number) * (vectors[i * D + j] as number);
      for (let t = 0; t < frame.dims; t++) {
        reduced += (a[q * frame.dims + t] as number) * (b[i * frame.dims + t] as number);
      }
      lost += (exact - reduced) ** 2;
      all += exact * exact;
    }
  }
  return lost / all;
}

// specification 3.2: error energies .0168 → .0076 at 64 of 256 dims, .0070 → .0023 at 128
it.each([
  [64, 0.0076 / 0.0168],
  [128, 0.0023 / 0.007],
])(
  'at %i of 256 dims sphering loses at most the share of PCA that the specification gives',
  (dims, share) => {
    const x = { data: vectors, n: 2000, d: D };
    const pca = errorEnergy(identityProjection(core, x, dims));
    const sphering = errorEnergy(spheringProjection(core, x, { data: training, n: 1000, d: D }, dims));
    expect(pca).toBeGreaterThan(0);
    expect(sphering / pca).toBeLessThan(share);
  },
);

it('with queries like the vectors sphering is PCA', () => {
  const x = { data: vectors, n: 2000, d: D };
  const frame = spheringProjection(core, x, x, 64);
  const ratio = errorEnergy(frame) / errorEnergy(identityProjection(core, x, 64));
  expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
});

it('at full rank nothing is lost', () => {
  const x = { data: vectors, n: 2000, d: D };
  expect(errorEnergy(spheringProjection(core, x, { data: training, n: 1000, d: D }, D))).toBeLessThan(1e-8);
  expect(core.bytesUsed()).toBe(0);
});
