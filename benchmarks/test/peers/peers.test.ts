import { describe, expect, it } from 'vitest';

const load = (name: string): Promise<Record<string, (...args: never[]) => unknown>> =>
  import(new URL(`../../peers/${name}.mjs`, import.meta.url).href);

const { drawOf } = (await load('rows')) as { drawOf(row: number): number };
const { countHits, K, BELOWS } = (await load('sets')) as unknown as {
  countHits(
    found: number[][],
    first: number,
    set: { n: number; nq: number },
    truth: Uint32Array,
    below?: number,
  ): number;
  K: number;
  BELOWS: (number | undefined)[];
};
const { usualSetting, median } = (await load('measure')) as {
  usualSetting(points: { recall: number }[]): number;
  median(values: number[]): number;
};
const { shownPoint } = (await load('report')) as {
  shownPoint(row: { points: { recall: number; qps: number }[] }): { recall: number; qps: number };
};
const { reachable } = (await load('install-size')) as {
  reachable(packages: object, names: string[]): string[];
};

describe('answers of contenders', () => {
  const set = { n: 1000, nq: 2 };
  const truth = Uint32Array.from({ length: 2 * K }, (_, i) => i);

  it('counts those that are true neighbours of their query, from any query on', () => {
    expect(countHits([[0, 1, 500]], 0, set, truth)).toBe(2);
    expect(countHits([[10, 1], [3]], 1, set, truth)).toBe(2);
    expect(countHits([[]], 3, set, truth)).toBe(0);
  });

  it('refuses answers that no row can have', () => {
    const wrong = [[1000], [-1], [1.5], [3, 3], Array.from({ length: K + 1 }, (_, i) => i)];
    for (const ids of wrong) expect(() => countHits([ids], 0, set, truth)).toThrow(/query 0/);
    const outside = Array.from({ length: 1000 }, (_, row) => row).find((row) => drawOf(row) >= 10) as number;
    expect(() => countHits([[outside]], 0, set, truth, 10)).toThrow(/draw < 10/);
  });

  it('has filters that allow the shares that they are named by', () => {
    const rows = Array.from({ length: 60_000 }, (_, row) => drawOf(row));
    const shares = BELOWS.slice(1).map(
      (below) => rows.filter((draw) => draw < (below as number)).length / 60_000,
    );
    expect(shares[0]).toBeCloseTo(0.1, 3);
    expect(shares[1]).toBeCloseTo(0.01, 3);
  });
});

it('asks filters at the first setting that finds enough, and shows the fastest that does', () => {
  const points = [
    { recall: 0.9, qps: 9 },
    { recall: 0.96, qps: 5 },
    { recall: 0.97, qps: 7 },
  ];
  expect(usualSetting(points)).toBe(1);
  expect(shownPoint({ points }).recall).toBe(0.97);
  expect(usualSetting(points.slice(0, 1))).toBe(0);
  expect(shownPoint({ points: points.slice(0, 1) }).recall).toBe(0.9);
  const low = [
    { recall: 0.8, qps: 9 },
    { recall: 0.916, qps: 5 },
    { recall: 0.92, qps: 1 },
  ];
  expect(shownPoint({ points: low }).qps).toBe(5);
  expect(usualSetting(low)).toBe(1);
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

it('follows a lockfile as Node looks packages up', () => {
  const packages = {
    'node_modules/a': { dependencies: { b: '1', c: '1' } },
    'node_modules/a/node_modules/b': { dependencies: { d: '1' } },
    'node_modules/b': {},
    'node_modules/c': { optionalDependencies: { b: '1', 'not-here': '1' } },
    'node_modules/d': {},
    'node_modules/e': {},
    'node_modules/ours': { link: true, resolved: 'packages/ours' },
    'packages/ours': { dependencies: { e: '1' } },
  };
  expect(reachable(packages, ['a'])).toEqual([
    'node_modules/a',
    'node_modules/a/node_modules/b',
    'node_modules/d',
    'node_modules/c',
    'node_modules/b',
  ]);
  expect(reachable(packages, ['ours'])).toEqual(['node_modules/ours', 'node_modules/e']);
});
