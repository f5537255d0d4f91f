import { expect, it } from 'vitest';
import { bitsAboveBound } from '../src/index.ts';

/** The error halves with every bit. */
const ruler = [0, 1, 2, 3].map((bits) => ({ bits, averageRelativeError: 0.8 / 2 ** bits }));

it('is what is spent less what the bound needs for the same error', () => {
  expect(bitsAboveBound(ruler, 2.5, 0.2)).toBeCloseTo(0.5, 12);
  expect(bitsAboveBound(ruler, 2, 0.2)).toBeCloseTo(0, 12);
  // between points, on a scale of ratios
  expect(bitsAboveBound(ruler, 2, 0.4 / Math.SQRT2)).toBeCloseTo(0.5, 12);
  // data that are not normal may lie below
  expect(bitsAboveBound(ruler, 1, 0.2)).toBeCloseTo(-1, 12);
});

it('is not there beyond the ends of the ruler', () => {
  expect(bitsAboveBound(ruler, 9, 0.01)).toBeUndefined();
  expect(bitsAboveBound(ruler, 9, 0.9)).toBeUndefined();
  expect(bitsAboveBound(ruler, 9, 0)).toBeUndefined();
});
