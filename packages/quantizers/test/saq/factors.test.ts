/** The 16-bit factor: error, order and ends of its range. */
import { describe, expect, it } from 'vitest';
import { LARGEST_FACTOR, packFactor, powerOfTwoBelow, unpackFactor } from '../../src/saq/factors.ts';
import { readFactor } from '../reference/saq-estimates.ts';

describe('a packed factor', () => {
  it('comes back from every one of the 65,536 codes, as the format says, in rising order', () => {
    let last = -1;
    const bad: number[] = [];
    for (let half = 0; half <= 0xffff; half++) {
      const value = unpackFactor(half);
      const isRight = value === readFactor(half) && value > last && packFactor(value) === half;
      if (!isRight) bad.push(half);
      last = value;
    }
    expect(bad).toEqual([]);
    expect(last).toBe(LARGEST_FACTOR);
  });

  it('errs by at most 2^-12 of a value and never breaks the order', () => {
    let last = 0;
    const bad: number[] = [];
    for (let value = 2 ** -14; value < 100_000; value *= 1.000_37) {
      const packed = unpackFactor(packFactor(value));
      // what is no number is bad too
      if (!(Math.abs(packed - value) <= value * 2 ** -12 && packed >= last)) bad.push(value);
      last = packed;
    }
    expect(last).toBeGreaterThan(99_000);
    expect(bad).toEqual([]);
  });

  it('rounds ties to even', () => {
    const ulp = 2 ** -11;
    expect(unpackFactor(packFactor(1 + ulp / 2))).toBe(1);
    expect(unpackFactor(packFactor(1 + 1.5 * ulp))).toBe(1 + 2 * ulp);
  });

  it('takes zero, negative numbers, NaN and what is too small for 0', () => {
    for (const value of [0, -0, -1, Number.NaN, 2 ** -15, 1e-30]) expect(packFactor(value)).toBe(0);
    expect(packFactor(2 ** -15 * (1 + 2 ** -11))).toBe(1);
  });

  it('refuses what is too large', () => {
    expect(packFactor(LARGEST_FACTOR)).toBe(0xffff);
    expect(packFactor(131_055)).toBe(0xffff);
    for (const value of [131_056, 1e30, Number.POSITIVE_INFINITY]) {
      expect(() => packFactor(value)).toThrow(RangeError);
    }
  });
});

it('the unit is the power of two at or below a value', () => {
  for (const [value, unit] of [
    [1, 1],
    [1.99, 1],
    [2, 2],
    [0.75, 0.5],
    [1e-10, 2 ** -34],
    [1e18, 2 ** 59],
  ] as const) {
    expect(powerOfTwoBelow(value)).toBe(unit);
  }
  for (const value of [0, -3, Number.NaN, Number.POSITIVE_INFINITY]) expect(powerOfTwoBelow(value)).toBe(1);
  expect(powerOfTwoBelow(1e-300)).toBe(2 ** -120);
});
