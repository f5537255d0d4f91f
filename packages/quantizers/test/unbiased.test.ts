/** What quantizers say of themselves: no bias over the rotation, and a bound that holds as often as stated. */
import { createCore, NO_PTR } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { blockCount, type QuantizerOptions, trainQuantizer } from '../src/index.ts';

const core = createCore();
const D = 64;
const CASES: Omit<QuantizerOptions, 'metric'>[] = [
  { name: 'rabitq', bits: 1 },
  { name: 'rabitq', bits: 3 },
  { name: 'turboquant', bits: 1 },
  { name: 'turboquant', bits: 2 },
  { name: 'turboquant', bits: 2, sketch: true },
  { name: 'turboquant', bits: 4, sketch: true },
  { name: 'lvq', bits: 3, rotate: true, ratio: true },
];

/** Errors of <q, x> over rotations for one pair at a cosine of about 0.6, in units of |q|·|x|. */
function errorsOverSeeds(options: Omit<QuantizerOptions, 'metric'>, seeds: number): Float64Array {
  const x = gaussianRows(1, D, 1);
  const query = gaussianRows(1, D, 2).map((value, j) => 0.6 * (x[j] as number) + 0.8 * value);
  const length = (v: Float32Array): number => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
  const truth = query.reduce((sum, value, j) => sum + value * (x[j] as number), 0);
  const unit = length(x) * length(query);
  const sample = { data: gaussianRows(20, D, 3), n: 20, d: D };
  return Float64Array.from({ length: seeds }, (_, seed) => {
    const quantizer = trainQuantizer(core, sample, { ...options, metric: 'ip', seed });
    if (seed === 0) expect(quantizer.isUnbiased).toBe(true);
    using encoder = quantizer.createEncoder(core);
    using estimator = quantizer.createEstimator(core);
    using blocks = core.allocate(quantizer.layout.blockBytes);
    using out = core.allocate(128);
    encoder.encode(x, new Float32Array(D), blocks, 0);
    estimator.setQuery(query);
    estimator.scores(blocks.at(), 1, NO_PTR, 0, out.at());
    return (-(out.f32()[0] as number) - truth) / unit;
  });
}

describe.each(
  CASES.map(
    (options) => [`${options.name} ${options.bits}${options.sketch ? ' sketch' : ''}`, options] as const,
  ),
)('%s', (_, options) => {
  it('has no bias over rotations', () => {
    // the more bits, and not of a sketch, the fewer rotations tell a bias of under 1 %
    const seeds = (options.bits as number) - (options.sketch ? 1 : 0) > 1 ? 500 : 1500;
    const errors = errorsOverSeeds(options, seeds);
    const mean = errors.reduce((sum, error) => sum + error, 0) / seeds;
    const variance = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / seeds;
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(variance / seeds));
    // and the spread is not nothing, so that a bias would be seen: 4 standard errors are under 1 % of |q|·|x|
    expect(variance).toBeGreaterThan(0);
    expect(4 * Math.sqrt(variance / seeds)).toBeLessThan(0.012);
  });
});

it('a biased quantizer says so', () => {
  const sample = { data: gaussianRows(300, D, 3), n: 300, d: D };
  for (const name of ['pq', 'opq', 'scalar', 'sign', 'pca', 'float16', 'latent'] as const) {
    const rounds = name === 'pq' || name === 'opq' ? { iterations: 1, nbits: 4 as const } : {};
    expect(trainQuantizer(core, sample, { name, metric: 'ip', ...rounds }).isUnbiased).toBe(false);
  }
  expect(trainQuantizer(core, sample, { name: 'lvq', metric: 'ip' }).isUnbiased).toBe(false);
  expect(trainQuantizer(core, sample, { name: 'turboquant', metric: 'ip', ratio: false }).isUnbiased).toBe(
    false,
  );
});

it.each([
  [1, 'l2'],
  [2, 'l2'],
  [4, 'l2'],
  [1, 'ip'],
  [3, 'ip'],
] as const)(
  'the bound of rabitq at %i bits and of %s is passed by 2 to 4 %% of random pairs on a side',
  (bits, metric) => {
    const d = 256;
    const n = 2000;
    const rows = gaussianRows(n, d, 5);
    const quantizer = trainQuantizer(core, { data: rows, n, d }, { name: 'rabitq', metric, bits });
    expect(quantizer.hasErrorBound).toBe(true);
    using encoder = quantizer.createEncoder(core);
    using estimator = quantizer.createEstimator(core);
    using blocks = core.allocate(blockCount(n) * quantizer.layout.blockBytes);
    using out = core.allocate(blockCount(n) * 128);
    encoder.encode(rows, quantizer.origin, blocks, 0);
    let above = 0;
    let below = 0;
    const queries = gaussianRows(10, d, 6);
    for (let q = 0; q < 10; q++) {
      const query = queries.subarray(q * d, (q + 1) * d);
      const base = query.reduce((sum, value, j) => sum + (value - (quantizer.origin[j] as number)) ** 2, 0);
      estimator.setQuery(query);
      // of inner products the exact score of the origin, 0, is -<q, 0>
      estimator.scores(blocks.at(), n, NO_PTR, metric === 'l2' ? base : 0, out.at());
      const bounds = estimator.errors?.(blocks, n, Math.sqrt(base)) as Float32Array;
      const scores = out.f32(0, n);
      for (let i = 0; i < n; i++) {
        let truth = 0;
        for (let j = 0; j < d; j++) {
          const [x, y] = [rows[i * d + j] as number, query[j] as number];
          truth += metric === 'l2' ? (x - y) ** 2 : -x * y;
        }
        const off = (scores[i] as number) - truth;
        if (off > (bounds[i] as number)) above++;
        if (off < -(bounds[i] as number)) below++;
      }
    }
    // ε₀ = 1.9 standard deviations of a nearly normal error: 2.9 % a side
    for (const share of [above / (10 * n), below / (10 * n)]) {
      expect(share).toBeGreaterThan(0.02);
      expect(share).toBeLessThan(0.04);
    }
  },
);
