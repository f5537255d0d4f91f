import { RandomStream } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { evaluateRankings, type Measure, parseMeasure } from '../../src/evaluation/index.ts';
import { averagePrecisionOf, ndcgOf, recallOf, reciprocalRankOf } from '../../src/evaluation/measures.ts';

// three relevant documents, one of grade 2; "d" is judged irrelevant and "e" worse than that
const judgements = new Map([
  ['a', 2],
  ['b', 1],
  ['c', 1],
  ['d', 0],
  ['e', -1],
]);
const ranking = ['d', 'b', 'x', 'a', 'e'];

describe('one ranking, by hand', () => {
  it('recall counts relevant ones among the first k of all relevant ones', () => {
    expect(recallOf(ranking, judgements, 1)).toBe(0);
    expect(recallOf(ranking, judgements, 2)).toBe(1 / 3);
    expect(recallOf(ranking, judgements, 100)).toBe(2 / 3);
  });

  it('nDCG discounts by log2 of the rank and knows grades', () => {
    // gains 0 1 0 2 at ranks 1…4; the best order is 2 1 1
    const gained = 1 / Math.log2(3) + 2 / Math.log2(5);
    expect(ndcgOf(ranking, judgements, 5)).toBeCloseTo(gained / (2 + 1 / Math.log2(3) + 1 / 2), 14);
    // cut at 2 the best order is 2 1
    expect(ndcgOf(ranking, judgements, 2)).toBeCloseTo(1 / Math.log2(3) / (2 + 1 / Math.log2(3)), 14);
    // 2^2 - 1 = 3
    const exponential = 1 / Math.log2(3) + 3 / Math.log2(5);
    expect(ndcgOf(ranking, judgements, 5, 'exponential')).toBeCloseTo(
      exponential / (3 + 1 / Math.log2(3) + 1 / 2),
      14,
    );
    expect(ndcgOf(['a', 'c', 'b'], judgements, 10)).toBe(1);
  });

  it('MRR looks at the first relevant one', () => {
    expect(reciprocalRankOf(ranking, judgements)).toBe(1 / 2);
    expect(reciprocalRankOf(ranking, judgements, 1)).toBe(0);
    expect(reciprocalRankOf(['x', 'y'], judgements)).toBe(0);
  });

  it('average precision is over all relevant ones, found or not', () => {
    expect(averagePrecisionOf(ranking, judgements)).toBeCloseTo((1 / 2 + 2 / 4) / 3, 15);
    expect(averagePrecisionOf(ranking, judgements, 3)).toBeCloseTo(1 / 2 / 3, 15);
  });

  it('refuses what has no answer', () => {
    const nothing = new Map([['a', 0]]);
    for (const measure of [recallOf, ndcgOf, reciprocalRankOf, averagePrecisionOf]) {
      expect(() => measure(ranking, nothing, 10)).toThrow(/"judgements" expected at least one document/);
      expect(() => measure(['a', 'b', 'a'], judgements, 10)).toThrow(
        /"ranking" expected each document once, got a/,
      );
      expect(() => measure(ranking, judgements, 0)).toThrow(/"k" expected an integer from 1/);
    }
  });
});

describe('a collection', () => {
  const qrels = new Map([
    ['q1', judgements],
    ['q2', new Map([['x', 1]])],
    ['unjudged', new Map([['x', 0]])],
  ]);

  it('averages over queries with a relevant document; one without a ranking counts as 0', () => {
    const rankings = new Map([
      ['q1', ranking],
      ['q3', ['x']],
    ]);
    const { queries, means, byQuery } = evaluateRankings(rankings, qrels, ['recall@2', 'mrr', 'map@3']);
    expect(queries).toBe(2);
    expect(means).toEqual({ 'recall@2': 1 / 6, mrr: 1 / 4, 'map@3': 1 / 2 / 3 / 2 });
    expect([...(byQuery.get('mrr') as ReadonlyMap<string, number>)]).toEqual([
      ['q1', 1 / 2],
      ['q2', 0],
    ]);
  });

  it('reads measures and refuses others', () => {
    expect(parseMeasure('ndcg@10')).toBe('ndcg@10');
    expect(parseMeasure('map')).toBe('map');
    for (const bad of ['ndcg', 'recall', 'recall@0', 'p@10', 'ndcg@x', '', 'NDCG@10']) {
      expect(() => parseMeasure(bad)).toThrow(RangeError);
    }
    expect(() => evaluateRankings(new Map(), new Map(), ['map'])).toThrow(/"qrels" expected a query/);
  });
});

/** Straight from the definitions, one rank at a time and without any sharing. */
function naive(
  measure: string,
  k: number,
  ids: readonly string[],
  grades: ReadonlyMap<string, number>,
): number {
  const grade = (id: string | undefined): number => Math.max(0, grades.get(id ?? '') ?? 0);
  const total = [...grades.values()].filter((value) => value > 0).length;
  const hitsUpTo = (rank: number): number => ids.slice(0, rank).filter((id) => grade(id) > 0).length;
  if (measure === 'recall') return hitsUpTo(k) / total;
  if (measure === 'mrr') {
    for (let rank = 1; rank <= Math.min(k, ids.length); rank++) if (grade(ids[rank - 1]) > 0) return 1 / rank;
    return 0;
  }
  if (measure === 'map') {
    let sum = 0;
    for (let rank = 1; rank <= Math.min(k, ids.length); rank++) {
      if (grade(ids[rank - 1]) > 0) sum += hitsUpTo(rank) / rank;
    }
    return sum / total;
  }
  const sorted = [...grades.keys()].sort((a, b) => grade(b) - grade(a));
  const dcg = (list: readonly string[]): number => {
    let sum = 0;
    for (let rank = 1; rank <= k; rank++) sum += (grade(list[rank - 1]) * Math.LN2) / Math.log(rank + 1);
    return sum;
  };
  return dcg(ids) / dcg(sorted);
}

it('equals the definitions on random rankings', () => {
  const random = new RandomStream(5, 'measures');
  const qrels = new Map<string, Map<string, number>>();
  const rankings = new Map<string, string[]>();
  for (let q = 0; q < 40; q++) {
    const grades = new Map<string, number>([['d0', 1 + random.nextBelow(3)]]);
    for (let i = 1; i < 30; i++) if (random.nextBelow(2) === 0) grades.set(`d${i}`, random.nextBelow(5) - 1);
    const order = Uint32Array.from({ length: 40 }, (_, i) => i);
    random.shuffle(order);
    qrels.set(`q${q}`, grades);
    rankings.set(
      `q${q}`,
      Array.from(order.subarray(0, 5 + random.nextBelow(35)), (i) => `d${i}`),
    );
  }
  const measures: Measure[] = ['recall@7', 'recall@30', 'ndcg@10', 'ndcg@3', 'mrr@5', 'map@20'];
  const { byQuery, means } = evaluateRankings(rankings, qrels, measures);
  for (const measure of measures) {
    const [name, k] = measure.split('@') as [string, string];
    let sum = 0;
    for (const [query, grades] of qrels) {
      const expected = naive(name, Number(k), rankings.get(query) as string[], grades);
      expect(byQuery.get(measure)?.get(query)).toBeCloseTo(expected, 12);
      sum += expected;
    }
    expect(means[measure]).toBeCloseTo(sum / qrels.size, 12);
  }
});
