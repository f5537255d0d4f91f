/** What intrinsic dimension predicts, and whether advised bits hold: `SAGITTA_DATA=… npx vitest run --config vitest.slow.config.ts kin/diagnosis`. */
import { createCore, RandomStream, type VectorSet } from '@sagitta/core-wasm';
import { gatherRows } from '@sagitta/quantizers/training';
import { buildFlat, buildIvf, recallAtK } from '@sagitta/retrieval';
import { diagnose, localDimensions } from '@sagitta/retrieval/diagnosis';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { loadDataSet } from '../../src/data-set.ts';
import { loadTexts } from '../../src/quality/text-collection.ts';
import { textView } from '../../src/quality/views.ts';

const root = process.env['SAGITTA_DATA'];
const N = 6000;
const NQ = 300;
const K = 10;

/** The inverse of the mean inverse, of rows that say something. */
function pooled(local: Float64Array): number {
  const own = local.filter((value) => value > 0);
  return own.length / own.reduce((sum, value) => sum + 1 / value, 0);
}

function spearman(a: readonly number[], b: readonly number[]): number {
  const ranks = (values: readonly number[]): number[] =>
    values.map(
      (value) =>
        values.filter((other) => other < value).length +
        (values.filter((other) => other === value).length - 1) / 2,
    );
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length - 1) / 2;
  const sum = (f: (i: number) => number): number => a.reduce((all, _, i) => all + f(i), 0);
  const cross = sum((i) => ((x[i] as number) - mean) * ((y[i] as number) - mean));
  return (
    cross / Math.sqrt(sum((i) => ((x[i] as number) - mean) ** 2) * sum((i) => ((y[i] as number) - mean) ** 2))
  );
}

async function collections(): Promise<Map<string, VectorSet>> {
  const sets = new Map<string, VectorSet>();
  for (const dims of [4, 8, 16, 32, 64]) {
    const normals = gaussianRows(N + NQ, dims, dims);
    const data = new Float32Array((N + NQ) * 96);
    for (let i = 0; i < N + NQ; i++) data.set(normals.subarray(i * dims, (i + 1) * dims), i * 96);
    sets.set(`normal ${dims}`, { data, n: N + NQ, d: 96 });
  }
  const draw = (set: VectorSet): VectorSet => {
    const order = Uint32Array.from({ length: set.n }, (_, i) => i);
    new RandomStream(3, 'collections').shuffle(order);
    return gatherRows(set, order.subarray(0, N + NQ));
  };
  for (const name of ['fashion-mnist', 'sift-photos-200k', 'cifar10-mobilenetv2'] as const) {
    const normalise = name === 'cifar10-mobilenetv2';
    sets.set(name, draw((await loadDataSet(root as string, name, { queryLimit: 1, normalise })).base));
  }
  const { texts } = await loadTexts(root as string, 'ir-vaswani');
  const { base, d } = textView(texts, [], 256);
  sets.set('abstracts', draw({ data: base, n: texts.length, d }));
  return sets;
}

describe.skipIf(!root)('diagnose on nine collections', () => {
  it('ranks them by dimension as lists find them, and its bits hold on other rows', async () => {
    using core = createCore();
    const dimensions: number[] = [];
    const recalls: number[] = [];
    for (const [name, { data, d }] of await collections()) {
      const queries = data.subarray(N * d);
      const base = data.subarray(0, N * d);
      using exact = buildFlat(core, base, d, { metric: 'l2', quantizer: 'float32' });
      using lists = buildIvf(core, base, d, { metric: 'l2', quantizer: 'float32', nlist: 64 });
      const truth = exact.searchBatch(queries, K).ids;
      const recall = recallAtK(lists.searchBatch(queries, K, { nprobe: 4 }).ids, K, truth, K, K);
      const dimension = pooled(localDimensions(core, { data: base, d }, { k: 100 }));
      const start = performance.now();
      const found = diagnose(core, { data: base.subarray(0, 4000 * d), d }, { metric: 'l2' });
      const spent = performance.now() - start;
      dimensions.push(dimension);
      recalls.push(recall);
      const bits = found.advice.find(({ what }) => what === 'bits');
      const [, advised, method] = /^(\d+) bits? a dimension \((\w+)/.exec(bits?.text ?? '') ?? [];
      // other rows of the same collection, as many, and queries that the advice has not seen
      const others = base.subarray(2200 * d);
      using plain = buildFlat(core, others, d, { metric: 'l2', quantizer: 'float32' });
      using coded = buildFlat(core, others, d, {
        metric: 'l2',
        quantizer: method === 'SAQ' ? 'saq' : 'rabitq',
        bits: Number(advised),
      });
      const own = plain.searchBatch(queries, K).ids;
      const reached = recallAtK(coded.searchBatch(queries, K).ids, K, own, K, K);
      process.stdout.write(
        `${name}: MLE k=100 ${dimension.toFixed(1)}, k=20 ${found.intrinsic.mle.toFixed(1)}, TwoNN ${found.intrinsic.twonn.toFixed(1)}, ` +
          `trees ${found.intrinsic.phd.toFixed(1)}, contrast ${found.neighbours.contrast.toFixed(2)}, hubness ${found.neighbours.hubness.toFixed(1)}, ` +
          `lists ${recall.toFixed(3)}; ${advised} bits of ${method} promise ${bits?.figure.toFixed(3)}, reach ${reached.toFixed(3)}; ${spent.toFixed(0)} ms\n`,
      );
      expect(Math.abs(reached - (bits?.figure as number))).toBeLessThan(0.03);
    }
    const correlation = spearman(dimensions, recalls);
    process.stdout.write(`rank correlation of dimension and recall of lists: ${correlation.toFixed(2)}\n`);
    expect(correlation).toBeLessThanOrEqual(-0.8);
  });
});
