/** Long rows and extreme values for assembly/hadamard.ts; dims of common segments are in hadamard.test.ts. */
import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { RandomStream } from '../src/random.ts';
import * as twin from '../src/reference/hadamard.ts';
import { describeBuilds, expectSameBits, put } from './kernel-parity.case.ts';

const LONG_POWERS = [4_096, 16_384, 65_536];
/** A power of two, just above it, just below twice it, and the longest. */
const LONG_ROTATED = [4_096, 4_112, 8_176, 10_240, 49_152, 65_520, 65_536];

function randomSigns(d: number, seed: number): Uint32Array {
  const random = new RandomStream(seed, 'signs');
  return Uint32Array.from({ length: 4 * d }, () => (random.nextU32() & 0x80000000) >>> 0);
}

describeBuilds('hadamardF32Rows on long rows', (core) => {
  const run = (row: Float32Array): Float32Array =>
    core.scope((scope) => {
      const block = scope.reserve(row.byteLength);
      block.f32().set(row);
      core.kernels.hadamardF32Rows(block.at(), 1, row.length);
      return block.f32().slice();
    });

  it.each(LONG_POWERS)('equals the twin bit for bit at d = %i', (d) => {
    const row = gaussianRows(1, d, 1);
    const expected = row.slice();
    twin.hadamardF32Rows(expected, 1, d);
    expectSameBits(run(row), expected);
  });

  it.each(LONG_POWERS)('sums d equal integers exactly into the first place at d = %i', (d) => {
    // 255·65,536 < 2²⁴: every intermediate sum is an integer that f32 holds
    const actual = run(new Float32Array(d).fill(255));
    expect(actual[0]).toBe(255 * d);
    expect(actual.subarray(1).every((value) => value === 0)).toBe(true);
  });

  it.each(LONG_POWERS)('applied twice gives d times a unit row, exactly, at d = %i', (d) => {
    // ±1 everywhere after the first transform; integers up to d after the second
    const row = new Float32Array(d);
    row[d - 1] = 1;
    const twice = run(run(row));
    expect(twice[d - 1]).toBe(d);
    expect(twice.subarray(0, d - 1).every((value) => value === 0)).toBe(true);
  });
});

describeBuilds('rotateF32Rows on long rows', (core) => {
  const run = (row: Float32Array, signs: Uint32Array): Float32Array =>
    core.scope((scope) => {
      const block = scope.reserve(row.byteLength);
      block.f32().set(row);
      core.kernels.rotateF32Rows(block.at(), 1, row.length, row.length, put(scope, signs));
      return block.f32().slice();
    });

  it.each(LONG_ROTATED)('equals the twin bit for bit and keeps the norm at d = %i', (d) => {
    const row = gaussianRows(1, d, 2);
    const signs = randomSigns(d, 3);
    const expected = row.slice();
    twin.rotateF32Rows(expected, 1, d, d, signs);
    const actual = run(row, signs);
    expectSameBits(actual, expected);
    const norm = (x: Float32Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
    expect(Math.abs(norm(actual) - norm(row))).toBeLessThanOrEqual(
      4 * (Math.log2(d) + 3) * 2 ** -24 * norm(row),
    );
  });

  it.each([2 ** -100, 2 ** 100])('commutes with a scale of %f bit for bit', (scale) => {
    const d = 784;
    const row = gaussianRows(1, d, 4);
    const signs = randomSigns(d, 5);
    expectSameBits(
      run(
        row.map((x) => x * scale),
        signs,
      ),
      run(row, signs).map((x) => x * scale),
    );
  });

  it('rotates the worst row for a Hadamard block, all equal, into no large coordinate', () => {
    // without the sign flips one coordinate would get everything
    const d = 1024;
    const actual = run(new Float32Array(d).fill(1 / 32), randomSigns(d, 6));
    expect(actual.reduce((most, x) => Math.max(most, Math.abs(x)), 0)).toBeLessThan(8 / Math.sqrt(d));
  });

  it('leaves a zero row zero', () => {
    expect(run(new Float32Array(80), randomSigns(80, 7)).every((x) => x === 0)).toBe(true);
  });
});
