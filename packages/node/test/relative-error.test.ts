import { createCore } from '@sagitta/core-wasm';
import { buildFlat, buildIvf, type IvfIndex } from '@sagitta/retrieval';
import { clusteredRows, gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { type RelativeError, relativeError } from '../src/index.ts';
import { memorySource } from './support/memory-source.ts';

const N = 600;
const D = 24;
const NQ = 12;
const DATA = { seed: 11, clusters: 9, spread: 0.4 };
const core = createCore();
const base = clusteredRows(N, D, DATA);
const queryRows = clusteredRows(NQ, D, { ...DATA, stream: 'query' });
const queries = { data: queryRows, n: NQ, d: D };

const row = (set: Float32Array, i: number, d = D): Float32Array => set.subarray(i * d, (i + 1) * d);

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, j) => sum + value * (b[j] as number), 0);
}

function squared(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, j) => sum + (value - (b[j] as number)) ** 2, 0);
}

/** 2 − 2·similarity, with similarity 0 for zero vectors. */
function unitDistance(a: Float32Array, b: Float32Array): number {
  const norms = Math.sqrt(dot(a, a) * dot(b, b));
  return 2 - 2 * (norms > 0 ? dot(a, b) / norms : 0);
}

interface Expected extends RelativeError {
  /** The average over all pairs at once, which the measure is not. */
  readonly pooled: number;
  /** How much sums of f64 in another order may change an error. */
  readonly slack: number;
}

/** The definition, from index.estimates. */
function byHand(index: IvfIndex, rows: Float32Array, asked: Float32Array, nprobe: number): Expected {
  const { d } = index;
  const isCosine = index.metric === 'cosine';
  const averages: number[] = [];
  const errors: number[] = [];
  let leftOut = 0;
  let slack = 0;
  // of a true distance: relative to itself for l2, to the terms of 2 − 2s, at most 4, for cosine
  const rounding = 2 * (d + 3) * 2 ** -53;
  for (let q = 0; q < asked.length / d; q++) {
    const { ids, scores } = index.estimates(row(asked, q, d), nprobe);
    const own: number[] = [];
    for (const [i, id] of ids.entries()) {
      const truth = (isCosine ? unitDistance : squared)(row(asked, q, d), row(rows, id, d));
      const estimate = isCosine ? 2 - 2 * (scores[i] as number) : (scores[i] as number);
      if (truth <= (isCosine ? 1e-12 : 0)) {
        leftOut++;
        continue;
      }
      const error = Math.abs(estimate - truth) / truth;
      slack = Math.max(slack, (1 + error) * rounding * (isCosine ? 4 / truth : 1));
      own.push(error);
    }
    if (own.length > 0) averages.push(own.reduce((sum, error) => sum + error, 0) / own.length);
    errors.push(...own);
  }
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    averageRelativeError: mean(averages),
    maxRelativeError: Math.max(...errors),
    pairs: errors.length,
    leftOut,
    pooled: mean(errors),
    slack,
  };
}

function expectSame(got: RelativeError, expected: RelativeError, slack: number): void {
  expect(Math.abs(got.averageRelativeError - expected.averageRelativeError)).toBeLessThanOrEqual(slack);
  expect(Math.abs(got.maxRelativeError - expected.maxRelativeError)).toBeLessThanOrEqual(slack);
  expect([got.pairs, got.leftOut]).toEqual([expected.pairs, expected.leftOut]);
}

function expectDefinition(got: RelativeError, expected: Expected): void {
  // an error so small that rounding explains it would prove nothing
  expect(expected.averageRelativeError).toBeGreaterThan(1000 * expected.slack);
  expectSame(got, expected, expected.slack);
}

describe.each(['l2', 'cosine'] as const)('the relative error by %s', (metric) => {
  const index = buildIvf(core, base, D, { metric, bits: 2, nlist: 10 });

  it.each([1, 3, 10])('is that of the definition, %i lists', async (nprobe) => {
    const expected = byHand(index, base, queryRows, nprobe);
    const got = await relativeError(index, memorySource(base, D), queries, { nprobe });
    expectDefinition(got, expected);
    // lists differ in size, so that the order of averaging shows
    if (nprobe < 10)
      expect(Math.abs(expected.pooled / expected.averageRelativeError - 1)).toBeGreaterThan(1e-6);
  });

  it('does not depend on chunks of the base, rows behind those of the index, or groups of queries', async () => {
    const expected = await relativeError(index, memorySource(base, D), queries, { nprobe: 3 });
    const more = new Float32Array(base.length + 5 * D).fill(9);
    more.set(base);
    expectSame(
      await relativeError(index, memorySource(more, D, [7, 1, 90]), queries, { nprobe: 3 }),
      expected,
      1e-14,
    );
    // with no memory to spare every query is a group of its own, and the base is read for each
    const source = memorySource(base, D);
    expectSame(await relativeError(index, source, queries, { nprobe: 3, memoryBytes: 0 }), expected, 1e-14);
    expect(source.passes()).toBe(NQ);
  });

  it('leaves out true distances of 0, and queries that have no other', async () => {
    const copies = new Float32Array(40 * D);
    for (let i = 0; i < 40; i++) copies.set(row(base, i % 2), i * D);
    const two = buildIvf(core, copies, D, { metric, bits: 1, nlist: 2 });
    // the first query meets copies of itself only
    const asked = Float32Array.from([...row(base, 0), ...row(queryRows, 0)]);
    const got = await relativeError(two, memorySource(copies, D), { data: asked, n: 2, d: D }, { nprobe: 1 });
    expectDefinition(got, byHand(two, copies, asked, 1));
    expect([got.pairs, got.leftOut]).toEqual([20, 20]);
    const none = await relativeError(
      two,
      memorySource(copies, D),
      { data: row(base, 1), n: 1, d: D },
      { nprobe: 1 },
    );
    expect(none).toEqual({ averageRelativeError: 0, maxRelativeError: 0, pairs: 0, leftOut: 20 });
    two.dispose();
  });

  it('falls as bits are added, and next to nothing is left without codes', async () => {
    const errors: number[] = [];
    for (const bits of [1, 2, 4, 8]) {
      using other = buildIvf(core, base, D, { metric, bits, nlist: 10 });
      errors.push(
        (await relativeError(other, memorySource(base, D), queries, { nprobe: 5 })).averageRelativeError,
      );
    }
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    using plain = buildFlat(core, base, D, { metric, quantizer: 'float32' });
    const { averageRelativeError, pairs } = await relativeError(plain, memorySource(base, D), queries, {
      nprobe: 1,
    });
    expect(pairs).toBe(N * NQ);
    expect(averageRelativeError).toBeLessThan(errors[3] as number);
  });
});

it('gives a zero vector similarity 0, distance 2', async () => {
  const rows = base.slice(0, 50 * D).fill(0, 7 * D, 8 * D);
  using index = buildFlat(core, rows, D, { metric: 'cosine', bits: 4 });
  const asked = Float32Array.from([...row(queryRows, 0), ...new Float32Array(D)]);
  const got = await relativeError(index, memorySource(rows, D), { data: asked, n: 2, d: D }, { nprobe: 1 });
  expectDefinition(got, byHand(index, rows, asked, 1));
  expect(got.pairs).toBe(100);
});

it('reads a base of several batches, and tells how far it is', async () => {
  // a batch is 8 MiB: 2,048 rows of 1,024 values
  const [n, d] = [2500, 1024];
  const rows = gaussianRows(n, d, 3);
  using index = buildIvf(core, rows, d, { metric: 'l2', quantizer: 'float32', nlist: 4, iterations: 2 });
  const asked = gaussianRows(2, d, 4);
  const seen: (readonly [number, number])[] = [];
  const got = await relativeError(
    index,
    memorySource(rows, d),
    { data: asked, n: 2, d },
    { nprobe: 4, onProgress: (queriesEstimated, done) => seen.push([queriesEstimated, done]) },
  );
  expectDefinition(got, byHand(index, rows, asked, 4));
  expect(got.pairs).toBe(2 * n);
  expect(seen).toEqual([
    [1, 0],
    [2, 0],
    [2, 2048],
    [2, 2500],
  ]);
});

it('refuses what it cannot compare', async () => {
  using index = buildFlat(core, base, D, { metric: 'l2', bits: 1 });
  using ip = buildFlat(core, base, D, { metric: 'ip', bits: 1 });
  const source = memorySource(base, D);
  const narrow = { data: new Float32Array(8), n: 1, d: 8 };
  const options = { nprobe: 1 };
  await expect(relativeError(ip, source, queries, options)).rejects.toThrow(/"index" .*got ip/);
  await expect(relativeError(index, memorySource(base, 8), queries, options)).rejects.toThrow(
    /"base" expected d = 24, got 8/,
  );
  await expect(relativeError(index, source, narrow, options)).rejects.toThrow(
    /"queries" expected d = 24, got 8/,
  );
  await expect(relativeError(index, source, queries, { nprobe: 0 })).rejects.toThrow(/"nprobe"/);
  await expect(
    relativeError(index, memorySource(base.subarray(0, 599 * D), D), queries, options),
  ).rejects.toThrow(/"base" expected at least the 600 vectors of the index, got 599/);
});
