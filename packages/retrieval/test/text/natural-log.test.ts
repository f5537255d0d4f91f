import { RandomStream } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import { naturalLog } from '../../src/text/natural-log.ts';

it('is the logarithm within a few units in the last place', () => {
  const random = new RandomStream(1, 'log');
  const values = [
    1,
    2,
    0.5,
    3,
    10,
    Number.MIN_VALUE,
    Number.MAX_VALUE,
    Math.SQRT2,
    Math.SQRT1_2,
    1 + 2 ** -52,
  ];
  for (let i = 0; i < 2000; i++)
    values.push((1 + random.nextBelow(2 ** 32 - 1)) / (1 + random.nextBelow(2 ** 20)));
  for (const x of values) {
    const exact = Math.log(x);
    // 4 units of the larger of the value and of ln 2, which the exponent brings in
    expect(Math.abs(naturalLog(x) - exact)).toBeLessThanOrEqual(
      4 * 2 ** -52 * Math.max(Math.abs(exact), x === 1 ? 0 : 2 ** -1),
    );
  }
  expect(naturalLog(1)).toBe(0);
});

it('refuses what has no logarithm', () => {
  for (const x of [0, -1, Number.NaN, Infinity]) expect(() => naturalLog(x)).toThrow(/"x" expected/);
});
