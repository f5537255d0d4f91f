import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { type BlockWeightOptions, evaluateRankings, learnBlockWeights } from '../../src/evaluation/index.ts';

const BLOCKS = [16, 16, 16];
const [N, D] = [400, 48];

/** Rankings of the base by the product of queries, all of it. */
function rank(queries: Float32Array, base: Float32Array, weights: readonly number[]): Map<string, string[]> {
  const rankings = new Map<string, string[]>();
  for (let q = 0; q < queries.length / D; q++) {
    const scores = Float64Array.from({ length: N }, (_, row) => {
      let sum = 0;
      for (let i = 0; i < D; i++) {
        const weight = weights[Math.floor(i / 16)] as number;
        sum += weight * (queries[q * D + i] as number) * (base[row * D + i] as number);
      }
      return sum;
    });
    const order = Array.from(scores, (_, row) => row).sort(
      (a, b) => (scores[b] as number) - (scores[a] as number),
    );
    rankings.set(String(q), order.map(String));
  }
  return rankings;
}

/** Judgements by those weights: grades 3, 2 and 1 of the first three. */
function judged(seed: number, truth: readonly number[], count = 60): BlockWeightOptions {
  const base = gaussianRows(N, D, 3 * seed);
  const queries = gaussianRows(count, D, 3 * seed + 1);
  const qrels = new Map(
    [...rank(queries, base, truth)].map(([q, order]) => [
      q,
      new Map(order.slice(0, 3).map((id, at) => [id, 3 - at])),
    ]),
  );
  return {
    queries: { data: queries, d: D },
    base: { data: base, d: D },
    blocks: BLOCKS,
    qrels,
    measure: 'ndcg@10',
  };
}

describe('weights of blocks', () => {
  it('are 0 of a block of noise, and better on queries not seen', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const learned = learnBlockWeights(judged(seed, [1, 0.25, 0]));
      expect(learned.isLearned).toBe(true);
      expect(learned.weights[0]).toBe(1);
      expect(learned.weights[1]).toBeGreaterThan(0.1);
      expect(learned.weights[1]).toBeLessThan(0.6);
      expect(learned.weights[2]).toBe(0);
      expect(learned.learned).toBeGreaterThan(learned.equal + 0.2);
      for (const fold of learned.folds) expect(fold.learned).toBeGreaterThan(fold.equal);
      // queries of other draws
      const fresh = judged(seed, [1, 0.25, 0], 100);
      const queries = gaussianRows(100, D, 3 * seed + 2);
      const base = fresh.base.data as Float32Array;
      const truth = new Map(
        [...rank(queries, base, [1, 0.25, 0])].map(([q, order]) => [q, new Map([[order[0] as string, 1]])]),
      );
      const scaled = Float32Array.from(
        Array.from({ length: 100 }, (_, q) => [
          ...learned.scale(queries.subarray(q * D, (q + 1) * D)),
        ]).flat(),
      );
      const mrrOf = (by: Float32Array): number =>
        evaluateRankings(rank(by, base, [1, 1, 1]), truth, ['mrr']).means['mrr'] as number;
      expect(mrrOf(scaled)).toBeGreaterThan(mrrOf(queries) + 0.2);
    }
  });

  it('are equal where equal ones are best, and where judgements are random', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const right = learnBlockWeights(judged(seed, [1, 1, 1]));
      expect(right).toMatchObject({ isLearned: false, weights: [1, 1, 1], equal: 1 });
    }
    let learnedFromNoise = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const other = judged(seed + 100, [1, 1, 1], 30).qrels;
      const { isLearned, weights, learned, equal } = learnBlockWeights({
        ...judged(seed, [1, 1, 1], 30),
        qrels: other,
      });
      if (isLearned) {
        learnedFromNoise++;
        expect(learned).toBeGreaterThan(equal);
      } else expect(weights).toEqual([1, 1, 1]);
    }
    expect(learnedFromNoise).toBeLessThanOrEqual(1);
  });

  it('holds out each query once, and tells means that its folds have', () => {
    const options = judged(3, [1, 0.5, 0], 53);
    const { folds, learned, equal, weights } = learnBlockWeights(options);
    expect(folds.map(({ queries }) => queries).sort()).toEqual([10, 10, 11, 11, 11]);
    const mean = (of: 'learned' | 'equal'): number =>
      folds.reduce((sum, fold) => sum + fold.queries * fold[of], 0) / 53;
    expect(learned).toBeCloseTo(mean('learned'), 12);
    expect(equal).toBeCloseTo(mean('equal'), 12);
    const rankings = rank(options.queries.data as Float32Array, options.base.data as Float32Array, [1, 1, 1]);
    expect(equal).toBeCloseTo(
      evaluateRankings(rankings, options.qrels, ['ndcg@10']).means['ndcg@10'] as number,
      6,
    );
    expect(learnBlockWeights(options).weights).toEqual(weights);
  });

  it('takes ids and other measures', () => {
    const plain = judged(2, [1, 0, 0], 20);
    const queryIds = Array.from({ length: 20 }, (_, q) => `q${q}`);
    const baseIds = Array.from({ length: N }, (_, row) => `doc ${row}`);
    const qrels = new Map(
      [...plain.qrels].map(([q, of]) => [
        `q${q}`,
        new Map([...of].map(([id, grade]) => [`doc ${id}`, grade])),
      ]),
    );
    for (const measure of ['ndcg@10', 'mrr'] as const) {
      const named = learnBlockWeights({ ...plain, qrels, queryIds, baseIds, measure });
      expect(named.weights).toEqual(learnBlockWeights({ ...plain, measure }).weights);
      expect(named.weights).toEqual([1, 0, 0]);
    }
  });

  it('refuses what it cannot learn from', () => {
    const good = judged(1, [1, 1, 1], 20);
    const bad = (change: object) => () => learnBlockWeights({ ...good, ...change });
    expect(bad({ blocks: [48] })).toThrow(/"blocks.length" expected an integer from 2 to 8, got 1/);
    expect(bad({ blocks: [16, 16] })).toThrow('"blocks" expected dimensions that sum to d = 48, got 32');
    expect(bad({ blocks: [0, 48] })).toThrow(/"blocks\[0\]"/);
    expect(bad({ blocks: 3 })).toThrow(TypeError);
    expect(bad({ base: undefined })).toThrow(new TypeError('"base" expected { data, d }, got undefined'));
    expect(bad({ queries: { data: [1, 2], d: 2 } })).toThrow(
      '"queries.d" expected length of base.d = 48, got 2',
    );
    expect(bad({ queries: { data: new Float32Array(D).fill(Number.NaN), d: D } })).toThrow(
      /"queries" expected finite/,
    );
    expect(bad({ qrels: new Map() })).toThrow(/"qrels" expected at least 10 .*, got 0/);
    expect(bad({ qrels: [] })).toThrow(new TypeError('"qrels" expected a Map, got object'));
    expect(bad({ measure: 'ndcg' })).toThrow(/"measure"/);
    expect(bad({ baseIds: ['a'] })).toThrow('"baseIds" expected length of rows = 400, got 1');
    expect(bad({ queryIds: new Array(20).fill('a') })).toThrow(/"queryIds" expected each id once/);
    expect(bad({ wieghts: 1 })).toThrow(/"options" expected known options/);
    expect(() => learnBlockWeights(judged(1, [1, 0, 0], 20)).scale([1])).toThrow(
      '"query" expected length d = 48, got 1',
    );
  });
});
