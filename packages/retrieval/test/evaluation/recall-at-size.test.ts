/** Recall in a collection read from a sample of it: made distances and estimates, of which the truth is known. */
import { RandomStream } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import {
  candidatesAtSize,
  depthFor,
  type RankTable,
  recallAtSize,
} from '../../src/evaluation/recall-at-size.ts';

const QUERIES = 150;
const K = 10;

/** Rows around each query, distances by the law of `dims` dimensions, estimates off by normal noise. */
function tableOf(n: number, dims: number, noise: number, depth: number, seed: number): RankTable {
  const random = new RandomStream(seed, `rows/${n}`);
  const ranks = new Uint32Array(QUERIES * depth);
  for (let q = 0; q < QUERIES; q++) {
    const exact = Float64Array.from({ length: n }, () => random.nextUnit() ** (1 / dims)).sort();
    const estimates = exact.map((distance) => {
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += random.nextUnit();
      return distance + noise * sum;
    });
    for (let j = 0; j < depth; j++) {
      const own = estimates[j] as number;
      let before = 0;
      for (let i = 0; i < n; i++) if ((estimates[i] as number) < own) before++;
      ranks[q * depth + j] = before;
    }
  }
  return { queries: QUERIES, depth, ranks, n };
}

const plainRecall = ({ ranks, depth, queries }: RankTable, candidates: number): number => {
  let found = 0;
  for (let q = 0; q < queries; q++) {
    for (let j = 0; j < K; j++) if ((ranks[q * depth + j] as number) < candidates) found++;
  }
  return found / (queries * K);
};

describe.each([
  { dims: 8, noise: 0.01, candidates: 10 },
  { dims: 16, noise: 0.01, candidates: 10 },
  { dims: 16, noise: 0.04, candidates: 40 },
])('$dims dimensions, noise $noise, $candidates candidates', ({ dims, noise, candidates }) => {
  const whole = tableOf(6400, dims, noise, K, 1);
  const truth = plainRecall(whole, candidates);
  const sample = tableOf(400, dims, noise, depthFor(400, K), 2);
  const question = { k: K, candidates, size: 6400, seed: 1 };

  it('reads from 400 rows what is found among 6,400', () => {
    const found = recallAtSize(sample, question);
    const { recall, low, high, sure } = found;
    // among 400 rows more is found than among 6,400
    expect(plainRecall(sample, candidates)).toBeGreaterThan(truth + 0.005);
    expect(low).toBeLessThanOrEqual(truth);
    // it errs on the careful side
    expect(recall).toBeGreaterThan(truth - 0.15);
    expect(recall).toBeLessThan(truth + 0.03);
    expect(high).toBeGreaterThanOrEqual(recall);
    // it reads less than one neighbour, where the line is low by itself, and holds
    expect(sure).toBeGreaterThan(low);
    expect(sure).toBeLessThanOrEqual(truth);
    expect(recallAtSize(sample, question)).toEqual(found);
  });

  it('is the plain recall where the collection is what was searched', () => {
    const { recall, low, high, sure } = recallAtSize(whole, { ...question, size: whole.n });
    expect(sure).toBe(low);
    expect(recall).toBeCloseTo(truth, 12);
    expect(high - low).toBeLessThan(0.06);
    const needed = candidatesAtSize(whole, 0.9, { k: K, size: whole.n });
    expect(plainRecall(whole, needed)).toBeGreaterThanOrEqual(0.9);
    if (needed > K) expect(plainRecall(whole, Math.floor(0.98 * needed) - 1)).toBeLessThan(0.9);
  });

  it('needs more candidates of more rows', () => {
    const few = candidatesAtSize(sample, 0.9, { k: K, size: 400 });
    const many = candidatesAtSize(sample, 0.9, { k: K, size: 6400 });
    const actual = candidatesAtSize(whole, 0.9, { k: K, size: 6400 });
    expect(many).toBeGreaterThanOrEqual(few);
    expect(many / actual).toBeGreaterThan(0.7);
    expect(many / actual).toBeLessThan(3);
  });
});

it('is never certain: all found among few is not all found among many', () => {
  const perfect = { queries: 20, depth: 20, n: 100, ranks: new Uint32Array(400) };
  for (let i = 0; i < 400; i++) perfect.ranks[i] = i % 20;
  const question = { k: K, candidates: K, seed: 1 };
  expect(recallAtSize(perfect, { ...question, size: 100 })).toEqual({ recall: 1, low: 1, high: 1, sure: 1 });
  const { recall } = recallAtSize(perfect, { ...question, size: 1_000_000 });
  expect(recall).toBeLessThan(0.95);
});
