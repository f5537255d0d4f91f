import { normalizeRows } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { ConceptSpace } from '../../src/evaluation/index.ts';

const [D, COUNT] = [128, 50];
const names = Array.from({ length: COUNT }, (_, j) => `c${j}`);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] as number), 0);

/** Concepts of length 1, and 2·c3 + c7 with noise of .1 a value. */
function draw(seed: number): { data: Float32Array; row: Float32Array } {
  const data = normalizeRows(gaussianRows(COUNT, D, 2 * seed), D);
  const noise = gaussianRows(1, D, 2 * seed + 1);
  const row = noise.map(
    (value, i) => 2 * (data[3 * D + i] as number) + (data[7 * D + i] as number) + 0.1 * value,
  );
  return { data, row };
}

describe.each([{ nonNegative: false }, { nonNegative: true }])('named concepts, %o', (options) => {
  it('finds the two planted ones in at least 99 % of 1,000 draws', () => {
    let found = 0;
    for (let seed = 1; seed <= 1000; seed++) {
      const { data, row } = draw(seed);
      const weights = new ConceptSpace(names, { data, d: D }, options).coordinates(row);
      weights.sort((a, b) => b.weight - a.weight);
      if (weights[0]?.name === 'c3' && weights[1]?.name === 'c7') found++;
    }
    expect(found).toBeGreaterThanOrEqual(990);
  });

  it('splits a product into parts that sum to it', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { data, row } = draw(seed);
      const query = gaussianRows(1, D, 90_000 + seed);
      const space = new ConceptSpace(names, { data, d: D }, options);
      const told = space.explain(query, row);
      const parts = space
        .coordinates(query)
        .map(({ name, weight }, j) => ({ name, share: weight * dot(data.slice(j * D, (j + 1) * D), row) }));
      const explained = parts.reduce((sum, { share }) => sum + share, 0);
      const shown = told.shares.reduce((sum, { share }) => sum + share, 0);
      expect(Math.abs(shown + told.others + told.unexplained - dot(query, row))).toBeLessThan(1e-6);
      expect(told.unexplained).toBeCloseTo(dot(query, row) - explained, 6);
      const expected = parts
        .filter(({ share }) => Math.abs(share) > 0.1 * Math.abs(explained))
        .sort((a, b) => Math.abs(b.share) - Math.abs(a.share))
        .slice(0, 5);
      expect(told.shares.map(({ name }) => name)).toEqual(expected.map(({ name }) => name));
    }
  });

  it('says how much of rows it covers', () => {
    const { data } = draw(1);
    const space = new ConceptSpace(names.slice(0, 2), { data: data.slice(0, 2 * D), d: D }, options);
    expect(space.coverage(data.slice(0, 2 * D))).toBeGreaterThan(0.98);
    // two of 128 directions
    expect(space.coverage(gaussianRows(500, D, 7))).toBeLessThan(0.03);
  });
});

it('is exact where concepts are the axes', () => {
  const vectors = { data: [1, 0, 0, 0, 2, 0], d: 3 };
  const ridge = new ConceptSpace(['x', 'y'], vectors, { ridge: 1e-6 });
  expect(ridge.coordinates([3, -4, 5]).map(({ weight }) => weight)).toEqual([
    expect.closeTo(3, 4),
    expect.closeTo(-2, 4),
  ]);
  expect(ridge.coverage([3, 4, 5])).toBeCloseTo(0.5, 6);
  const pursuit = new ConceptSpace(['x', 'y'], vectors, { nonNegative: true });
  expect(pursuit.coordinates([3, -4, 5])).toEqual([
    { name: 'x', weight: 3 },
    { name: 'y', weight: 0 },
  ]);
  expect(pursuit.explain([3, 4, 5], [1, 1, 1])).toEqual({
    product: 12,
    shares: [
      { name: 'y', share: 4 },
      { name: 'x', share: 3 },
    ],
    others: 0,
    unexplained: 5,
  });
});

it('keeps a copy of its concepts', () => {
  const data = Float32Array.of(1, 0, 0, 1);
  const space = new ConceptSpace(['x', 'y'], { data, d: 2 }, { nonNegative: true });
  data.fill(9);
  expect(space.coordinates([5, 6]).map(({ weight }) => weight)).toEqual([5, 6]);
});

it('refuses what it cannot explain with', () => {
  const vectors = { data: [1, 0, 0, 1], d: 2 };
  const make = (given: unknown, of: unknown = vectors, options = {}) => {
    return () => new ConceptSpace(given as string[], of as typeof vectors, options);
  };
  expect(make(['x', 'x'])).toThrow('"names" expected each name once, got x twice');
  expect(make(['x'])).toThrow('"names" expected length of vectors = 2, got 1');
  expect(make('xy')).toThrow(new TypeError('"names" expected an array of strings, got string'));
  expect(make(['x', 1])).toThrow(new TypeError('"names" expected strings, got number'));
  expect(make([], { data: [], d: 2 })).toThrow(/"vectors" expected an integer from 1/);
  expect(make(['x'], { data: [0, 0], d: 2 })).toThrow(/not zero, got zeros of x/);
  expect(make(['x'], { data: [Number.NaN, 0], d: 2 })).toThrow(/"vectors" expected finite/);
  expect(make(['x', 'y'], undefined, { ridge: 0 })).toThrow(/"ridge"/);
  expect(make(['x', 'y'], undefined, { rigde: 1 })).toThrow(/did you mean "ridge"/);
  const space = make(['x', 'y'])();
  expect(() => space.coordinates([1])).toThrow('"row" expected length d = 2, got 1');
  expect(() => space.explain([1, Number.NaN], [1, 2])).toThrow(/"query" expected finite/);
  expect(() => space.explain([1, 2], [1])).toThrow(/"row"/);
  expect(() => space.coverage([0, 0])).toThrow(/"rows" expected a row that is not zero/);
  expect(() => space.coverage([])).toThrow(/"rows"/);
});
