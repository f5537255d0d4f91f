/** Codes of two parts under LeanVec: scores are those of what the codes decode to, all parts of it. */
import { createCore, NO_PTR } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { afterAll, expect, it } from 'vitest';
import { type QuantizerOptions, trainQuantizer } from '../../src/index.ts';

const D = 32;
const N = 40;
const core = createCore();
afterAll(() => core.dispose());
const data = clusteredRows(N, D, { seed: 1, clusters: 5, spread: 0.5 });

it.each([
  { bits: 8 },
  { bits: 12 },
  { bits: 4, secondBits: 4 },
  { bits: 4, secondBits: 4, means: 3 },
  { bits: 3, primary: 'turboquant', sketch: true },
] satisfies Partial<QuantizerOptions>[])('%o', (options) => {
  const made = { name: 'leanvec', metric: 'ip', dims: D, ...options } as const;
  const quantizer = trainQuantizer(core, { data, n: N, d: D }, made);
  core.scope((scope) => {
    const blocks = scope.reserve(2 * quantizer.layout.blockBytes);
    const out = scope.reserve(4 * 64);
    using encoder = quantizer.createEncoder(core);
    encoder.encode(data, quantizer.origin, blocks, 0);
    const decoded = quantizer.decode(core, blocks, N, quantizer.origin);
    using estimator = quantizer.createEstimator(core);
    const query = data.subarray(0, D);
    estimator.setQuery(query);
    estimator.scores(blocks.at(), N, NO_PTR, 0, out.at());
    const scores = out.f32(0, N);
    for (let i = 0; i < N; i++) {
      let product = 0;
      let size = 0;
      for (let j = 0; j < D; j++) {
        const term = (query[j] as number) * (decoded[i * D + j] as number);
        product += term;
        size += Math.abs(term);
      }
      // the query is rounded to 16 bits
      expect(Math.abs((scores[i] as number) + product)).toBeLessThan(2e-3 * size);
    }
  });
});
