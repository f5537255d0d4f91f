/** Distances between codes: no bias where norms are kept, in a flat set. */
import { createCore } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { blockCount, type LinearQuantizerOptions, trainQuantizer } from '../src/index.ts';

const D = 128;
const N = 200;
const core = createCore();
const rows = gaussianRows(N, D, 8);

function relativeErrors(options: LinearQuantizerOptions, shift: number): { signed: number; naive: number } {
  const quantizer = trainQuantizer(core, { data: rows, n: N, d: D }, options);
  const origin = quantizer.origin.map((value) => value + shift);
  using encoder = quantizer.createEncoder(core);
  using blocks = core.allocate(blockCount(N) * quantizer.layout.blockBytes);
  encoder.encode(rows, origin, blocks, 0);
  const { rows: codes, lost } = quantizer.codeVectors(core, blocks, N, origin);
  const decoded = quantizer.decode(core, blocks, N, origin);
  const dims = codes.length / N;
  const squared = (data: Float32Array, d: number, a: number, b: number): number => {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += ((data[a * d + j] as number) - (data[b * d + j] as number)) ** 2;
    return sum;
  };
  let signed = 0;
  let naive = 0;
  let pairs = 0;
  for (let a = 0; a < N; a++) {
    for (let b = 0; b < a; b++) {
      const truth = squared(rows, D, a, b);
      const estimate = squared(codes, dims, a, b) + (lost[a] as number) + (lost[b] as number);
      signed += (estimate - truth) / truth;
      naive += (squared(decoded, D, a, b) - truth) / truth;
      pairs++;
    }
  }
  return { signed: signed / pairs, naive: naive / pairs };
}

describe.each([
  ['rabitq 1', { name: 'rabitq', bits: 1 }, 0.4],
  ['rabitq 3', { name: 'rabitq', bits: 3 }, 0.03],
  ['turboquant 2', { name: 'turboquant', bits: 2 }, 0.08],
  ['sign', { name: 'sign' }, 0.2],
] as const)('%s', (_, options, naiveBias) => {
  it('has no bias about the mean, where decoded vectors do', () => {
    const { signed, naive } = relativeErrors({ ...options, metric: 'l2' }, 0);
    expect(Math.abs(signed)).toBeLessThan(0.012);
    expect(Math.abs(naive)).toBeGreaterThan(naiveBias);
  });

  it('counts what residuals have in common short, about a foreign origin', () => {
    // |r|² is 1 + 0.4² a dimension, of which 0.4² is common: at most all of it is missed, twice
    const { signed } = relativeErrors({ ...options, metric: 'l2' }, 0.4);
    expect(signed).toBeGreaterThan(0);
    expect(signed).toBeLessThan(0.4 ** 2);
  });
});

it('of product quantization are those of its codebooks, a little short', () => {
  const { signed, naive } = relativeErrors({ name: 'pq', bits: 1, nbits: 4, metric: 'l2' }, 0);
  expect(Math.abs(signed - naive)).toBeLessThan(1e-5);
  expect(signed).toBeLessThan(0);
});

describe.each([
  ['rabitq 1', { name: 'rabitq', bits: 1 }],
  ['rabitq 4', { name: 'rabitq', bits: 4 }],
  ['turboquant 2', { name: 'turboquant', bits: 2 }],
  ['lvq rotated', { name: 'lvq', bits: 4, rotate: true, ratio: true }],
  ['int8', { name: 'scalar', bits: 8 }],
] as const)('%s, ip and cosine', (_, options) => {
  it.each(['ip', 'cosine'] as const)('has inner products of %s without bias, about any origin', (metric) => {
    // a common part, so that inner products are not about 0
    const shifted = rows.map((value, i) => value + (i % D < 16 ? 1 : 0));
    const quantizer = trainQuantizer(core, { data: shifted, n: N, d: D }, { ...options, metric });
    // the grid of int8 is where training vectors were
    for (const shift of options.name === 'scalar' ? [0] : [0, 0.4]) {
      const origin = quantizer.origin.map((value) => value + shift);
      using encoder = quantizer.createEncoder(core);
      using blocks = core.allocate(blockCount(N) * quantizer.layout.blockBytes);
      encoder.encode(shifted, origin, blocks, 0);
      const { rows: codes, lost } = quantizer.codeVectors(core, blocks, N, origin);
      expect(lost.every((value) => value === 0)).toBe(true);
      let signed = 0;
      let squares = 0;
      let pairs = 0;
      for (let a = 0; a < N; a++) {
        for (let b = 0; b < a; b++) {
          let error = 0;
          for (let j = 0; j < D; j++) {
            error += (codes[a * D + j] as number) * (codes[b * D + j] as number);
            error -= (shifted[a * D + j] as number) * (shifted[b * D + j] as number);
          }
          signed += error;
          squares += error * error;
          pairs++;
        }
      }
      // one rotation for all: errors of pairs share their vectors, so a twentieth of their size is allowed, not 1/√pairs
      expect(Math.abs(signed / pairs)).toBeLessThan(0.05 * Math.sqrt(squares / pairs) + 1e-3);
    }
  });
});
