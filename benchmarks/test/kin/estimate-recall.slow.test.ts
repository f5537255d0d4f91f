/** Recall from few truths on real vectors: `SAGITTA_DATA=… npx vitest run --config vitest.slow.config.ts estimate-recall`. */
import { createCore } from '@sagitta/core-wasm';
import { buildFlat, buildIvf } from '@sagitta/retrieval';
import { estimateRecall } from '@sagitta/retrieval/evaluation';
import { describe, expect, it } from 'vitest';
import { firstRows, loadDataSet } from '../../src/data-set.ts';

const root = process.env['SAGITTA_DATA'];
const K = 10;
const REDRAWS = 1000;

describe.skipIf(!root)('recall estimated on SIFT vectors of other photographs', () => {
  it('covers what it says, at a third of the truths or fewer', async () => {
    const set = await loadDataSet(root as string, 'sift-photos-200k', { queryLimit: 1000 });
    const base = firstRows(set.base, 40_000);
    const { data: queries, n, d } = set.queries;
    using core = createCore();
    using flat = buildFlat(core, base.data, d, { metric: 'l2', quantizer: 'float32' });
    using lists = buildIvf(core, base.data, d, { metric: 'l2', quantizer: 'float32', nlist: 160 });
    const row =
      (ids: Uint32Array) =>
      (query: number): Uint32Array =>
        ids.subarray(query * K, (query + 1) * K);
    const exact = row(flat.searchBatch(queries, K).ids);
    for (const [nprobe, deeper] of [
      [2, 8],
      [4, 8],
      [4, 16],
    ] as const) {
      const [found, deep] = [nprobe, deeper].map((width) =>
        row(lists.searchBatch(queries, K, { nprobe: width }).ids),
      ) as [ReturnType<typeof row>, ReturnType<typeof row>];
      const options = {
        n,
        k: K,
        found,
        deeper: deep,
        truth: (asked: Uint32Array) => Array.from(asked, exact),
      };
      const { recall } = estimateRecall({ ...options, truths: n });
      const sums = { covered: 0, worth: 0, estimate: 0, correlation: 0, plain: 0, squares: 0 };
      for (let seed = 0; seed < REDRAWS; seed++) {
        const one = estimateRecall({ ...options, seed });
        if (one.low <= recall && recall <= one.high) sums.covered++;
        sums.worth += one.worth / one.truths;
        sums.estimate += one.recall;
        sums.correlation += one.correlation;
        sums.squares += (one.recall - recall) ** 2;
        sums.plain += (one.plain.recall - recall) ** 2;
      }
      const [covered, worth, mean] = [sums.covered, sums.worth, sums.estimate].map(
        (sum) => sum / REDRAWS,
      ) as [number, number, number];
      process.stdout.write(
        `nprobe ${nprobe} and ${deeper}: recall ${recall.toFixed(4)}, correlation ${(sums.correlation / REDRAWS).toFixed(3)}, ` +
          `sd ${Math.sqrt(sums.plain / REDRAWS).toFixed(4)} → ${Math.sqrt(sums.squares / REDRAWS).toFixed(4)}, ` +
          `worth ${worth.toFixed(1)}×, coverage ${covered.toFixed(3)}, bias ${(mean - recall).toFixed(5)}\n`,
      );
      expect(covered).toBeGreaterThanOrEqual(0.92);
      expect(Math.abs(mean - recall)).toBeLessThan(0.001);
      if (recall >= 0.7 && recall <= 0.95) expect(worth).toBeGreaterThanOrEqual(3);
    }
  });
});
