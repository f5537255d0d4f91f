import { readFileSync } from 'node:fs';
import { createCore } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { controlledMean } from '../../src/evaluation/control-variate.ts';
import {
  estimateRecall,
  estimateRecallFrom,
  type RecallEstimateOptions,
} from '../../src/evaluation/index.ts';
import { overlapOf } from '../../src/evaluation/recall.ts';
import { CONFIDENCES, studentQuantile } from '../../src/evaluation/student-quantile.ts';
import { buildFlat, buildIvf, NO_ID } from '../../src/index.ts';

interface Golden {
  readonly controlVariate: {
    readonly truth: readonly number[];
    readonly proxyOfSameQueries: readonly number[];
    readonly proxyOfAllQueries: readonly number[];
    readonly plain: number;
    readonly estimate: number;
    readonly correlation: number;
    readonly standardError: number;
    readonly plainStandardError: number;
  };
}

const golden = (
  JSON.parse(readFileSync(new URL('../golden/kin-golden.json', import.meta.url), 'utf8')) as Golden
).controlVariate;
const all = golden.proxyOfAllQueries;
const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const proxy = {
  sample: Float64Array.from(golden.proxyOfSameQueries),
  mean: meanOf(all),
};

describe('a mean with control variates', () => {
  it('is the golden one', () => {
    const mean = controlledMean(Float64Array.from(golden.truth), [proxy], all.length);
    expect(mean.estimate).toBeCloseTo(golden.estimate, 12);
    expect(mean.standardError).toBeCloseTo(golden.standardError, 12);
    expect(mean.correlation).toBeCloseTo(golden.correlation, 12);
    expect(mean.plain.estimate).toBeCloseTo(golden.plain, 12);
    expect(mean.plain.standardError).toBeCloseTo(golden.plainStandardError, 12);
  });

  it('takes the proxy that says more, a second one only where it says something new, and no constant', () => {
    const values = Float64Array.from(golden.truth);
    const constant = { sample: new Float64Array(8).fill(0.3), mean: 0.3 };
    const unrelated = { sample: Float64Array.of(1, 0, 1, 1, 0, 1, 0, 1), mean: 0.5 };
    const doubled = { sample: proxy.sample.map((value) => 2 * value), mean: 2 * proxy.mean };
    const mean = controlledMean(values, [constant, unrelated, proxy, doubled], all.length);
    expect(mean.taken[0]).toBe(2);
    expect(mean.taken).not.toContain(3);
    expect(mean.taken).not.toContain(0);
    // what the first leaves is what the second is
    const rest = values.map((value, i) => value - (proxy.sample[i] as number));
    const exact = controlledMean(values, [proxy, { sample: rest, mean: 0.01 }], all.length);
    expect(exact.taken).toHaveLength(2);
    expect(exact.correlation).toBeCloseTo(1, 9);
    expect(exact.estimate).toBeCloseTo(meanOf(all) + 0.01, 9);
    expect(controlledMean(values, [constant], all.length)).toMatchObject({
      taken: [],
      estimate: mean.plain.estimate,
      standardError: mean.plain.standardError,
    });
  });

  it("has Student's quantiles", () => {
    const table: Readonly<Record<number, readonly number[]>> = {
      8: [1.8595, 2.306, 3.3554],
      30: [1.6973, 2.0423, 2.75],
      98: [1.6606, 1.9845, 2.6269],
    };
    for (const [degrees, row] of Object.entries(table)) {
      CONFIDENCES.forEach((confidence, i) => {
        expect(Math.abs(studentQuantile(confidence, Number(degrees)) - (row[i] as number))).toBeLessThan(
          0.002,
        );
      });
    }
  });
});

const N = 4000;
const D = 16;
const NQ = 600;
const K = 10;

describe('recall of a search', () => {
  let shallow: Uint32Array[] = [];
  let deep: Uint32Array[] = [];
  let exact: Uint32Array[] = [];
  let recall = 0;

  beforeAll(() => {
    const shape = { seed: 8, clusters: 30, spread: 1 };
    const base = clusteredRows(N, D, shape);
    const queries = clusteredRows(NQ, D, { ...shape, stream: 'query' });
    using core = createCore();
    using lists = buildIvf(core, base, D, { metric: 'l2', quantizer: 'float32', nlist: 64 });
    using flat = buildFlat(core, base, D, { metric: 'l2', quantizer: 'float32' });
    const rows = (ids: Uint32Array): Uint32Array[] =>
      Array.from({ length: NQ }, (_, q) => ids.slice(q * K, (q + 1) * K));
    shallow = rows(lists.searchBatch(queries, K, { nprobe: 2 }).ids);
    deep = rows(lists.searchBatch(queries, K, { nprobe: 8 }).ids);
    exact = rows(flat.searchBatch(queries, K).ids);
    recall = meanOf(shallow.map((ids, q) => overlapOf(ids, exact[q] as Uint32Array, K)));
  });

  const optionsOf = (given: Partial<RecallEstimateOptions> = {}): RecallEstimateOptions => ({
    n: NQ,
    k: K,
    found: (query) => shallow[query] as Uint32Array,
    deeper: (query) => deep[query] as Uint32Array,
    truth: (queries) => Array.from(queries, (query) => exact[query] as Uint32Array),
    ...given,
  });

  it('lies in 95 of 100 intervals, which are narrower than plain ones, and its mean is right', () => {
    expect(recall).toBeGreaterThan(0.5);
    expect(recall).toBeLessThan(0.95);
    const redraws = 1000;
    let covered = 0;
    let sum = 0;
    let worth = 0;
    for (let seed = 0; seed < redraws; seed++) {
      const { recall: found, low, high, worth: truths } = estimateRecall(optionsOf({ seed }));
      if (low <= recall && recall <= high) covered++;
      sum += found;
      worth += truths / 100;
    }
    // .92 asked; of 1,000 draws at .95 the share has a standard deviation of .007
    expect(covered / redraws).toBeGreaterThanOrEqual(0.92);
    expect(Math.abs(sum / redraws - recall)).toBeLessThan(0.001);
    expect(worth / redraws).toBeGreaterThan(2);
  });

  it('is exact where every truth is known', () => {
    const estimate = estimateRecall(optionsOf({ truths: NQ }));
    expect(estimate.recall).toBeCloseTo(recall, 12);
    expect(estimate.high - estimate.low).toBeLessThan(1e-12);
    expect(estimate.truths).toBe(NQ);
  });

  it('asks for 25 truths more until the interval is narrow, each query once', () => {
    const asked: number[] = [];
    const sizes: number[] = [];
    const truth = (queries: Uint32Array): Uint32Array[] => {
      asked.push(...queries);
      sizes.push(queries.length);
      return Array.from(queries, (query) => exact[query] as Uint32Array);
    };
    const { low, high, truths } = estimateRecall(optionsOf({ truth, truths: 20, halfWidth: 0.012 }));
    expect((high - low) / 2).toBeLessThanOrEqual(0.012);
    expect(sizes[0]).toBe(20);
    expect(sizes.length).toBeGreaterThan(1);
    expect(new Set(sizes.slice(1))).toEqual(new Set([25]));
    expect(asked).toHaveLength(truths);
    expect(new Set(asked).size).toBe(truths);
    // not the first ones
    expect(Math.max(...asked.slice(0, 20))).toBeGreaterThan(100);
  });

  it('is the same of truths that take a while to come, and of another seed another', async () => {
    const options = optionsOf({ halfWidth: 0.02, confidence: 0.99 });
    const direct = estimateRecall(options);
    const awaited = await estimateRecallFrom({
      ...options,
      truth: async (queries) => options.truth(queries),
    });
    expect(awaited).toEqual(direct);
    expect(estimateRecall(optionsOf({ seed: 2 })).recall).not.toBe(estimateRecall(optionsOf()).recall);
  });

  it('bounds what it did not see where nothing was missed', () => {
    const found = (query: number): Uint32Array => exact[query] as Uint32Array;
    const { recall: all, low, high } = estimateRecall(optionsOf({ found, truths: 60 }));
    expect([all, high]).toEqual([1, 1]);
    expect(low).toBeCloseTo(1 - (-Math.log(0.05) / (60 * K)) * (1 - 60 / NQ), 12);
  });

  it('refuses options out of range and answers that are missing, by name', () => {
    const refused = (given: Partial<RecallEstimateOptions>): (() => void) => {
      return () => void estimateRecall(optionsOf(given));
    };
    expect(refused({ n: 9 })).toThrow(/"n" expected an integer from 10/);
    expect(refused({ truths: 9 })).toThrow(/"truths" expected an integer from 10/);
    expect(refused({ k: 0 })).toThrow(/"k" expected/);
    expect(refused({ confidence: 0.8 as 0.9 })).toThrow(
      /"confidence" expected one of 0.9, 0.95, 0.99, got 0.8/,
    );
    expect(refused({ truth: () => [] })).toThrow(/"truth" expected an answer to each of 100 queries, got 0/);
    expect(refused({ proxies: [() => Number.NaN] })).toThrow(/"proxies" expected finite numbers, got NaN/);
    expect(refused({ width: 1 } as Partial<RecallEstimateOptions>)).toThrow(
      /"options" expected known options/,
    );
  });
});

describe('overlap', () => {
  it('counts ids once and NO_ID never', () => {
    expect(overlapOf([1, 2, 3], [3, 1, 9, 2], 3)).toBe(2 / 3);
    expect(overlapOf([1, 1, NO_ID], [1, 4, NO_ID], 3)).toBe(1 / 2);
    expect(overlapOf([], [1], 1)).toBe(0);
    expect(overlapOf([5], [NO_ID], 1)).toBe(1);
  });
});
