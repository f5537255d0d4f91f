import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { integerSteps } from '../src/index.ts';

it.each([
  [7, 255],
  [768, 255],
  [4096, 128],
])('a query of %i dims times codes up to %i stays in i32, and is no coarser than it must be', (d, limit) => {
  for (const query of [
    gaussianRows(1, d, 2),
    new Float32Array(d).fill(3e-20),
    new Float32Array(d).fill(-1e12),
  ]) {
    const steps = integerSteps(query, limit);
    let [most, sum] = [0, 0];
    for (const value of query) {
      const rounded = Math.abs(Math.round(value * steps));
      most = Math.max(most, rounded);
      sum += rounded;
    }
    expect(most).toBeLessThanOrEqual(32_767);
    expect(sum * limit).toBeLessThan(2 ** 31);
    expect(most > 32_700 || sum * limit > 2 ** 31 * 0.99 - d * limit).toBe(true);
  }
});

it('a zero query has no steps', () => {
  expect(integerSteps(new Float32Array(4), 255)).toBe(0);
});
