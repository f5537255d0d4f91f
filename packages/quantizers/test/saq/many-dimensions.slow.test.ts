/** 9,000 vectors of 4,096 dimensions at 4 bits: trained, coded and estimated, with an error that is neither lost nor too good. */
import { createCore } from '@sagitta/core-wasm';
import { skewedRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { SaqEstimator, trainSaq } from '../../src/index.ts';
import { saqLayout } from '../../src/saq/layout.ts';
import { quotaBits } from '../../src/saq/train.ts';
import { asSet, codeList, estimateList, row, trueScores } from '../coded-set.ts';

const core = createCore();
const D = 4096;
const BEST = 10;

/** Ids of the least scores. */
const best = (scores: ArrayLike<number>): readonly number[] =>
  Array.from(scores, (_, i) => i)
    .sort((a, b) => (scores[a] as number) - (scores[b] as number))
    .slice(0, BEST);

it('9,000 × 4,096 at 4 bits', () => {
  const rows = skewedRows(9000, D, { seed: 1 });
  const queries = skewedRows(5, D, { seed: 1, stream: 'query' });
  const model = trainSaq(core, asSet(rows, D), { metric: 'l2', bits: 4 });
  expect(model.reflections?.dims).toBe(D);
  expect(saqLayout(model.plan).bytesPerVector * 8).toBeLessThanOrEqual(quotaBits(4, D));
  const list = codeList(core, model, rows);
  using estimator = new SaqEstimator(core, model);
  let error = 0;
  let found = 0;
  for (let q = 0; q < 5; q++) {
    const query = row(queries, q, D).slice();
    const exact = trueScores(model, rows, query);
    const scores = estimateList(core, estimator, list, query);
    for (let i = 0; i < scores.length; i++) {
      error += Math.abs((scores[i] as number) / (exact[i] as number) - 1);
    }
    const true10 = new Set(best(exact));
    found += best(scores).filter((id) => true10.has(id)).length;
  }
  list.blocks.dispose();
  const percent = (100 * error) / (5 * 9000);
  const recall = found / (5 * BEST);
  // .106 % and .9 when this was written; without the directions it is .3 %
  expect(percent).toBeGreaterThan(0.05);
  expect(percent).toBeLessThan(0.115);
  expect(recall).toBeGreaterThanOrEqual(0.8);
});
