import { expect, it } from 'vitest';
import { waterLevel } from '../src/index.ts';

it('of equal variances is 2^-2R', () => {
  const variances = new Float64Array(10).fill(3);
  for (const bits of [0.5, 1, 2, 8]) {
    const { level, distortion } = waterLevel(variances, 10 * bits);
    expect(distortion).toBeCloseTo(30 * 4 ** -bits, 9);
    expect(level).toBeCloseTo(3 * 4 ** -bits, 9);
  }
});

it('gives nothing to what lies below the water', () => {
  // 1 bit: the large variance goes from 16 to 4, which is above the small one
  expect(waterLevel([16, 1], 1).distortion).toBeCloseTo(5, 9);
  // 2 bits: both are at 1; 4 bits: both at 1/2
  expect(waterLevel([16, 1], 2).level).toBeCloseTo(1, 9);
  expect(waterLevel([16, 1], 3).level).toBeCloseTo(0.5, 9);
});

it('of no bits is all of it, and of no variance nothing', () => {
  expect(waterLevel([4, 2], 0)).toEqual({ level: 4, distortion: 6 });
  expect(waterLevel([0, 0], 5)).toEqual({ level: 0, distortion: 0 });
});
