import { createCore } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { trainPca } from '../../src/training/pca.ts';
import { relevantDims } from '../../src/training/relevant-dims.ts';

const core = createCore();
const D = 100;
const PLANTED = 20;

/** Variances of rows with strengths 3 … 1 in 20 directions and white noise in all. */
function variancesOf(n: number, noise: number): Float64Array {
  const signal = gaussianRows(n, PLANTED, 7);
  const white = gaussianRows(n, D, 8);
  const data = white.map((value, at) => {
    const [i, j] = [Math.floor(at / D), at % D];
    const strength = 3 - (2 * j) / (PLANTED - 1);
    return noise * value + (j < PLANTED ? strength * (signal[i * PLANTED + j] as number) : 0);
  });
  return trainPca(core, { data, d: D }, { center: true }).variances;
}

describe('relevantDims', () => {
  it.each([
    [2000, 0.3],
    [2000, 1],
    [500, 0.3],
    [150, 0.3],
  ])('finds the 20 planted dims of %i rows with noise %d', (n, noise) => {
    expect(relevantDims(variancesOf(n, noise), n)).toBe(PLANTED);
  });

  it('finds none in white noise, all where there is none, and few rows of rank', () => {
    const white = trainPca(core, { data: gaussianRows(2000, 40, 3), d: 40 }, { center: true }).variances;
    expect(relevantDims(white, 2000)).toBe(0);
    expect(relevantDims([5, 3, 1, 0, 0, 0], 100)).toBe(3);
    expect(relevantDims([0, 0, 0], 100)).toBe(0);
  });

  it('refuses what has no answer', () => {
    expect(() => relevantDims([], 5)).toThrow(/"variances length" expected/);
    expect(() => relevantDims([1], 1)).toThrow(/"n" expected an integer from 2/);
  });
});
