/**
 * Walks over codes whose second segment is wide: `SAGITTA_DATA=… npx vitest run --config vitest.slow.config.ts wide-segments`. Before heads took
 * such a segment in, the first two found .718 and .512.
 */
import { createCore } from '@sagitta/core-wasm';
import { buildFlat, buildGraph, recallAtK } from '@sagitta/retrieval';
import { expect, it } from 'vitest';
import { firstRows, loadDataSet } from '../../src/data-set.ts';

const root = process.env.SAGITTA_DATA;
const K = 10;

it.skipIf(!root).each([
  ['fashion-mnist', 'l2', 15_000, 8, 0.97],
  ['cifar10-mobilenetv2', 'cosine', 10_000, 10, 0.91],
  // a plan of narrow segments, as it was before
  ['fashion-mnist', 'l2', 15_000, 4, 0.97],
] as const)(
  '%s by %s, %i rows at %i bits: a walk of ef 16 finds %f',
  async (name, metric, n, bits, least) => {
    const { base, queries } = await loadDataSet(root as string, name, {
      queryLimit: 300,
      normalise: metric === 'cosine',
    });
    const { data, d } = firstRows(base, n);
    using core = createCore();
    using exact = buildFlat(core, data, d, { metric, quantizer: 'none' });
    using graph = buildGraph(core, data, d, { metric, bits, seed: 1 });
    const truth = exact.searchBatch(queries.data, K).ids;
    const found = graph.searchBatch(queries.data, K, { ef: 16 }).ids;
    const recall = recallAtK(found, K, truth, K, K);
    console.log(`${name}, ${bits} bits: recall@10 ${recall.toFixed(4)} at ef 16`);
    expect(recall).toBeGreaterThan(least);
  },
);
