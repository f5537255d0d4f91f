import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { RandomStream } from '../src/random.ts';
import * as twin from '../src/reference/hadamard.ts';
import { describeBuilds, expectSameBits, put } from './kernel-parity.case.ts';

const POWERS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048];
/** Powers of two (no butterfly), just above and just below one, and common embeddings. */
const ROTATED = [16, 32, 48, 64, 80, 112, 128, 144, 240, 256, 272, 768, 784, 1536, 2048];

function randomSigns(d: number, seed: number): Uint32Array {
  const random = new RandomStream(seed, 'signs');
  return Uint32Array.from({ length: 4 * d }, () => (random.nextU32() & 0x80000000) >>> 0);
}

function norm(row: Float32Array): number {
  return Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
}

describeBuilds('hadamardF32Rows', (core) => {
  const run = (rows: Float32Array, n: number, d: number): Float32Array =>
    core.scope((scope) => {
      const block = scope.reserve(rows.byteLength + 64);
      block.f32().fill(7).set(rows);
      core.kernels.hadamardF32Rows(block.at(), n, d);
      expect([...block.f32(rows.byteLength)]).toEqual(new Array(16).fill(7));
      return block.f32().slice(0, rows.length);
    });

  it.each(POWERS)('equals the twin bit for bit at d = %i', (d) => {
    const rows = gaussianRows(3, d, 1);
    const expected = rows.slice();
    twin.hadamardF32Rows(expected, 3, d);
    expectSameBits(run(rows, 3, d), expected);
  });

  it.each(POWERS)('is the matrix of (−1)^popcount(i & j) at d = %i', (d) => {
    // Small integers: every sum is exact.
    const row = Float32Array.from({ length: d }, (_, i) => ((i * 7) % 13) - 6);
    const expected = new Float32Array(d);
    for (let i = 0; i < d; i++) {
      let sum = 0;
      for (let j = 0; j < d; j++) {
        let parity = 0;
        for (let bits = i & j; bits !== 0; bits &= bits - 1) parity ^= 1;
        sum += parity ? -row[j] : row[j];
      }
      expected[i] = sum;
    }
    expect(run(row, 1, d)).toEqual(expected);
  });
});

describeBuilds('rotateF32Rows', (core) => {
  const run = (rows: Float32Array, n: number, stride: number, d: number, first: number): Float32Array =>
    core.scope((scope) => {
      const block = scope.reserve(rows.byteLength + 64);
      block.f32().fill(7).set(rows);
      core.kernels.rotateF32Rows(block.at(first * 4), n, stride, d, put(scope, randomSigns(d, 2)));
      expect([...block.f32(rows.byteLength)]).toEqual(new Array(16).fill(7));
      return block.f32().slice(0, rows.length);
    });

  it.each(ROTATED)('equals the twin bit for bit at d = %i', (d) => {
    const rows = gaussianRows(3, d, 3);
    const expected = rows.slice();
    twin.rotateF32Rows(expected, 3, d, d, randomSigns(d, 2));
    expectSameBits(run(rows, 3, d, d, 0), expected);
  });

  it('rotates a segment inside longer rows and leaves the rest alone', () => {
    const rows = gaussianRows(4, 100, 4);
    const expected = rows.slice();
    twin.rotateF32Rows(expected.subarray(20), 4, 100, 48, randomSigns(48, 2));
    const actual = run(rows, 4, 100, 48, 20);
    expectSameBits(actual, expected);
    expectSameBits(actual.slice(0, 20), rows.slice(0, 20));
    expectSameBits(actual.slice(68, 120), rows.slice(68, 120));
  });

  it.each(ROTATED)('keeps norms and inner products within the stated error at d = %i', (d) => {
    const rows = gaussianRows(2, d, 5);
    const rotated = run(rows, 2, d, d, 0);
    const [a, b] = [rows.subarray(0, d), rows.subarray(d)];
    const [ra, rb] = [rotated.subarray(0, d), rotated.subarray(d)];
    const relative = 4 * (Math.log2(d) + 3) * 2 ** -24;
    expect(Math.abs(norm(ra) - norm(a))).toBeLessThanOrEqual(relative * norm(a));
    const dot = (x: Float32Array, y: Float32Array): number =>
      x.reduce((sum, value, j) => sum + value * y[j], 0);
    expect(Math.abs(dot(ra, rb) - dot(a, b))).toBeLessThanOrEqual(2.1 * relative * norm(a) * norm(b));
  });

  it('spreads a single coordinate over all of them', () => {
    const d = 768;
    const row = new Float32Array(d);
    row[5] = 1;
    const largest = run(row, 1, d, d, 0).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // A Gaussian vector of unit length would reach about 3.6/√d.
    expect(largest).toBeLessThan(8 / Math.sqrt(d));
  });
});
