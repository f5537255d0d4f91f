import { expect, it } from 'vitest';
import { fuseRankings } from '../../src/evaluation/index.ts';

it('adds 1 / (60 + rank) of every ranking', () => {
  const fused = fuseRankings([
    ['a', 'b', 'c'],
    ['c', 'a'],
  ]);
  expect(fused).toEqual([
    { id: 'a', score: 1 / 61 + 1 / 62 },
    { id: 'c', score: 1 / 63 + 1 / 61 },
    { id: 'b', score: 1 / 62 },
  ]);
});

it('takes weights, an offset and a depth, and typed arrays of ids', () => {
  const rankings = [Uint32Array.of(7, 8), Uint32Array.of(8, 7, 9)];
  expect(fuseRankings(rankings, { offset: 0, weights: [1, 3], depth: 1 })).toEqual([
    { id: 8, score: 3 },
    { id: 7, score: 1 },
  ]);
});

it('gives ties to the document seen first', () => {
  expect(
    fuseRankings([
      ['x', 'y'],
      ['y', 'x'],
    ]).map(({ id }) => id),
  ).toEqual(['x', 'y']);
  expect(fuseRankings([['p'], ['o']]).map(({ id }) => id)).toEqual(['p', 'o']);
});

it('refuses a document twice in a ranking and numbers that mean nothing', () => {
  expect(() => fuseRankings([['a', 'a']])).toThrow(/"rankings" expected each document once/);
  expect(() => fuseRankings([['a']], { weights: [] })).toThrow(/"weights" expected length/);
  expect(() => fuseRankings([['a']], { weights: [-1] })).toThrow(/"weight" expected a number from 0/);
  expect(() => fuseRankings([['a']], { offset: Number.NaN })).toThrow(/"offset"/);
  expect(() => fuseRankings([['a']], { depth: 0 })).toThrow(/"depth"/);
});
