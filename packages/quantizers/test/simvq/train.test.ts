/** The point of the paper: nearly every entry of a large codebook is used, where plain gradient descent leaves most dead. */
import { createCore } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { type CodebookReport, codebookReport, trainGradientVq } from '../../src/simvq/index.ts';
import { trainKmeans } from '../../src/training/index.ts';

const core = createCore();
const D = 4;
const N = 15_000;
/** Small, far from the origin, of unequal variances: what latents of a trained encoder look like. */
const data = skewedRows(N, D, { seed: 1, knee: 1 }).map((value) => 0.1 * value + 2);
const x = { data, n: N, d: D };

it('uses most entries where plain gradient descent leaves nearly all dead; 4,096 are in the slow suite', () => {
  const [plain, sim] = (['plain', 'simvq'] as const).map((method) =>
    codebookReport(core, x, trainGradientVq(core, x, { entries: 1024, method }).codebook),
  ) as [CodebookReport, CodebookReport];
  expect(sim.utilisation).toBeGreaterThanOrEqual(0.8);
  expect(plain.utilisation).toBeLessThan(0.05);
  expect(sim.relativeError).toBeLessThan(plain.relativeError / 5);
  // k-means is what gradient descent is measured against: it uses all, and errs less
  const means = trainKmeans(core, x, { nlist: 1024, seed: 1, iterations: 5, sampleSize: 8_000 });
  const best = codebookReport(core, x, means.centroids);
  expect(best.utilisation).toBe(1);
  expect(sim.relativeError).toBeGreaterThan(best.relativeError);
});

it('is a function of the seed', () => {
  const few = { data: data.subarray(0, 1000 * D), n: 1000, d: D };
  const options = { entries: 64, method: 'simvq', steps: 20 } as const;
  const one = trainGradientVq(core, few, options).codebook;
  expect(trainGradientVq(core, few, options).codebook).toEqual(one);
  expect(trainGradientVq(core, few, { ...options, seed: 2 }).codebook).not.toEqual(one);
});

it('counts entries, shares and errors', () => {
  // two of three entries are used, three times and once
  const rows = Float32Array.of(0, 0, 0.1, 0, 0, 0.1, 4, 4);
  const report = codebookReport(core, { data: rows, n: 4, d: 2 }, Float32Array.of(0, 0, 4, 4, 9, 9));
  expect(report.utilisation).toBeCloseTo(2 / 3, 12);
  expect(report.perplexity).toBeCloseTo(Math.exp(-(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25))), 12);
  // errors 0, .01, .01, 0 over the variance about (1.025, 1.025)
  const variance = [...rows].reduce((sum, value) => sum + (value - 1.025) ** 2, 0);
  expect(report.relativeError).toBeCloseTo(0.02 / variance, 6);
});

it('refuses bad arguments by name', () => {
  expect(() =>
    trainGradientVq(core, { data: new Float32Array(0), n: 0, d: 3 }, { entries: 4, method: 'plain' }),
  ).toThrow(/"sample.n"/);
  expect(() => trainGradientVq(core, x, { entries: 0, method: 'plain' })).toThrow(/"entries"/);
  expect(core.bytesUsed()).toBe(0);
});
