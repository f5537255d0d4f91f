/** K = 4,096 by plain gradient descent, SimVQ and k-means on one set: entries in use, and error. */
import { createCore } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { codebookReport, trainGradientVq } from '../../src/simvq/index.ts';
import { trainKmeans } from '../../src/training/index.ts';

it('SimVQ uses 99 % where plain descent uses under half; k-means uses as many and errs least', () => {
  const core = createCore();
  const d = 4;
  const n = 150_000;
  const data = skewedRows(n, d, { seed: 1, knee: 1 }).map((value) => 0.1 * value + 2);
  const x = { data, n, d };
  const [plain, sim] = (['plain', 'simvq'] as const).map((method) =>
    codebookReport(core, x, trainGradientVq(core, x, { entries: 4096, method }).codebook),
  ) as [ReturnType<typeof codebookReport>, ReturnType<typeof codebookReport>];
  const means = trainKmeans(core, x, { nlist: 4096, seed: 1, iterations: 10, sampleSize: n });
  const best = codebookReport(core, x, means.centroids);
  expect(plain.utilisation).toBeLessThan(0.5);
  expect(sim.utilisation).toBeGreaterThanOrEqual(0.99);
  expect(best.utilisation).toBeGreaterThanOrEqual(0.99);
  expect(best.relativeError).toBeLessThan(sim.relativeError);
  expect(sim.relativeError).toBeLessThan(plain.relativeError / 5);
  // SimVQ's entries are a random cloud turned and stretched, k-means' are where vectors are
  expect(sim.relativeError / best.relativeError).toBeLessThan(3);
  expect(sim.perplexity).toBeLessThan(best.perplexity);
  expect(sim.perplexity).toBeGreaterThan(2500);
}, 300_000);
