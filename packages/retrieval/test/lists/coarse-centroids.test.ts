import { CapacityError, type Core, createCore, type Metric } from '@sagitta/core-wasm';
import { clusteredRows, gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { CoarseCentroids } from '../../src/lists/coarse-centroids.ts';
import { ResultHeap } from '../../src/search/result-heap.ts';

const D = 16;

function scoreOf(metric: Metric, query: Float32Array, centroids: Float32Array, list: number): number {
  let score = 0;
  for (let j = 0; j < D; j++) {
    const [a, b] = [query[j] as number, centroids[list * D + j] as number];
    score += metric === 'l2' ? (a - b) ** 2 : -a * b;
  }
  return score;
}

interface Chosen {
  readonly lists: Uint32Array;
  /** -1e30 where a list was not looked at. */
  readonly bases: Float32Array;
}

function choose(
  core: Core,
  coarse: CoarseCentroids,
  nlist: number,
  query: Float32Array,
  { most, isWhole }: { readonly most: number; readonly isWhole: boolean },
): Chosen {
  return core.scope((scope) => {
    const place = scope.reserve(4 * D);
    const bases = scope.reserve(4 * nlist);
    place.f32(0, D).set(query);
    bases.f32(0, nlist).fill(-1e30);
    const nearest = new ResultHeap(core, scope, most);
    coarse.choose(scope, place, bases, nearest, most, isWhole);
    return { lists: nearest.ids(nearest.sort()), bases: bases.f32(0, nlist).slice() };
  });
}

/** All lists from the nearest on. */
function ranked(metric: Metric, query: Float32Array, centroids: Float32Array): number[] {
  const scores = Array.from({ length: centroids.length / D }, (_, list) =>
    scoreOf(metric, query, centroids, list),
  );
  return [...scores.keys()].sort((a, b) => (scores[a] as number) - (scores[b] as number) || a - b);
}

const MANY = 2304;

it.each(['l2', 'cosine'] as const)('looks at near groups of thousands of centroids, %s', (metric) => {
  const core = createCore();
  const centroids = clusteredRows(MANY, D, { seed: 3, clusters: 40, spread: 0.5 });
  const queries = clusteredRows(20, D, { seed: 3, clusters: 40, spread: 0.5, stream: 'queries' });
  using coarse = new CoarseCentroids(core, metric, centroids, D);
  const before = coarse.bytesUsed();
  let found = 0;
  for (let q = 0; q < 20; q++) {
    const query = queries.subarray(q * D, (q + 1) * D);
    const { lists, bases } = choose(core, coarse, MANY, query, { most: 8, isWhole: false });
    const truth = new Set(ranked(metric, query, centroids).slice(0, 8));
    found += lists.filter((list) => truth.has(list)).length;
    const looked = [...bases.keys()].filter((list) => bases[list] !== Math.fround(-1e30));
    expect(looked.length).toBeGreaterThanOrEqual(MANY / 8);
    expect(looked.length).toBeLessThan(MANY / 2);
    for (const list of [...lists, ...looked.slice(0, 50)]) {
      expect(bases[list]).toBeCloseTo(scoreOf(metric, query, centroids, list), 3);
    }
    for (const list of lists) expect(looked).toContain(list);
  }
  expect(found / 160).toBeGreaterThan(0.97);
  // 48 centres and the order of all
  expect(coarse.bytesUsed() - before).toBe(4 * 48 * D + 4 * MANY);
});

it.each([
  ['as a filter wants it', 'l2', MANY, 8, true],
  ['where few are there', 'l2', 2047, 8, false],
  ['where most are wanted', 'l2', MANY, 60, false],
  ['by inner products', 'ip', MANY, 8, false],
] as const)('looks at all of them %s', (_, metric, nlist, most, isWhole) => {
  const core = createCore();
  const centroids = gaussianRows(nlist, D, 5);
  const query = gaussianRows(1, D, 6);
  using coarse = new CoarseCentroids(core, metric, centroids, D);
  const expected = ranked(metric, query, centroids).slice(0, most);
  const check = (): void => {
    const { lists, bases } = choose(core, coarse, nlist, query, { most, isWhole });
    expect([...lists]).toEqual(expected);
    for (const list of [0, 1, nlist - 1]) {
      expect(bases[list]).toBeCloseTo(scoreOf(metric, query, centroids, list), 3);
    }
  };
  check();
  // and again after groups were made
  choose(core, coarse, nlist, query, { most: 8, isWhole: false });
  check();
});

it('is as it was where there is no memory for groups', () => {
  const centroids = gaussianRows(MANY, D, 5);
  const query = gaussianRows(1, D, 6);
  const core = createCore();
  const coarse = new CoarseCentroids(core, 'l2', centroids, D);
  const { allocate } = core;
  const refusing = Object.assign(core, {
    allocate: () => {
      throw new CapacityError(1, 0);
    },
  });
  expect(() => choose(refusing, coarse, MANY, query, { most: 8, isWhole: false })).toThrow(CapacityError);
  Object.assign(core, { allocate });
  const { lists } = choose(core, coarse, MANY, query, { most: 8, isWhole: true });
  expect([...lists]).toEqual(ranked('l2', query, centroids).slice(0, 8));
  expect(choose(core, coarse, MANY, query, { most: 8, isWhole: false }).lists.length).toBe(8);
  coarse.dispose();
});
