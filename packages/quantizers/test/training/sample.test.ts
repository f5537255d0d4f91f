/** Samples: distinct, ascending, uniform, repeatable. */
import { RandomStream } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import {
  gatherRows,
  RowReservoir,
  reservoirRows,
  sampleIndices,
  sampleRows,
} from '../../src/training/sample.ts';

/** Pearson's χ² of counts that should be equal. */
function chiSquare(counts: ArrayLike<number>): number {
  const values = Array.from(counts);
  const mean = values.reduce((sum, count) => sum + count, 0) / values.length;
  return values.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
}

/**
 * Counts of 4,000 draws of 5 of 20 without replacement: each has variance 4,000·p·(1 - p), p = 1/4, so χ²·19/(20·3/4)
 * has 19 degrees of freedom: 99.8 % lie between 5.41 and 43.8.
 */
function expectUniform(counts: ArrayLike<number>): void {
  const scaled = (chiSquare(counts) * 19) / 15;
  expect(scaled).toBeGreaterThan(5.41);
  expect(scaled).toBeLessThan(43.8);
}

describe('sampleIndices', () => {
  it('gives distinct rows in ascending order, all rows when asked for too many', () => {
    for (const [n, count] of [
      [1, 1],
      [10, 3],
      [1000, 999],
      [5, 9],
      [7, 0],
    ] as const) {
      const rows = sampleIndices(n, count, new RandomStream(1, 'sample'));
      expect(rows.length).toBe(Math.min(n, count));
      for (let i = 1; i < rows.length; i++) expect(rows[i]).toBeGreaterThan(rows[i - 1] as number);
      for (const row of rows) expect(row).toBeLessThan(n);
    }
  });

  it('takes every row equally often', () => {
    const counts = new Uint32Array(20);
    const random = new RandomStream(2, 'sample');
    for (let trial = 0; trial < 4000; trial++) {
      for (const row of sampleIndices(20, 5, random)) counts[row] = (counts[row] as number) + 1;
    }
    expectUniform(counts);
  });

  it('refuses a count that is no number of rows', () => {
    for (const count of [-1, 1.5, Number.NaN]) {
      expect(() => sampleIndices(3, count, new RandomStream(1, 'x'))).toThrow(RangeError);
    }
  });
});

it('copies rows in the order asked for', () => {
  const x = { data: Float32Array.of(1, 2, 3, 4, 5, 6), n: 3, d: 2 };
  expect(gatherRows(x, Uint32Array.of(2, 0, 2))).toEqual({
    data: Float32Array.of(5, 6, 1, 2, 5, 6),
    n: 3,
    d: 2,
  });
  const sample = sampleRows(x, 2, new RandomStream(1, 'rows'));
  expect(sample.n).toBe(2);
  sample.data.fill(0);
  expect(x.data[0]).toBe(1);
});

describe('a reservoir', () => {
  const stream = (n: number, d = 1): { data: Float32Array; n: number; d: number } => ({
    data: Float32Array.from({ length: n * d }, (_, i) => i),
    n,
    d,
  });

  it('keeps everything until it is full and counts what it saw', () => {
    const reservoir = new RowReservoir(4, new RandomStream(1, 'r'));
    reservoir.add(stream(3, 2));
    expect(reservoir.rows(2)).toEqual(stream(3, 2));
    reservoir.add(stream(9, 2));
    expect([reservoir.seen, reservoir.rows(2).n]).toEqual([12, 4]);
  });

  it('keeps every row of the stream equally often, however it is cut', () => {
    const counts = new Uint32Array(20);
    const random = new RandomStream(3, 'r');
    for (let trial = 0; trial < 4000; trial++) {
      const reservoir = new RowReservoir(5, random);
      const all = stream(20);
      reservoir.add({ data: all.data.subarray(0, 7), n: 7, d: 1 });
      reservoir.add({ data: all.data.subarray(7), n: 13, d: 1 });
      for (const value of reservoir.rows(1).data) counts[value] = (counts[value] as number) + 1;
    }
    expectUniform(counts);
  });

  it('gives the same rows for the same seed and copies what it keeps', () => {
    const run = (seed: number): Float32Array => {
      const reservoir = new RowReservoir(6, new RandomStream(seed, 'r'));
      const x = stream(100);
      reservoir.add(x);
      x.data.fill(-1);
      return reservoir.rows(1).data;
    };
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
    expect(Math.min(...run(1))).toBeGreaterThanOrEqual(0);
  });

  it('keeps the rows that reservoirRows names, in its order', () => {
    for (const [n, capacity] of [
      [0, 3],
      [2, 3],
      [500, 7],
      [500, 500],
    ] as const) {
      const reservoir = new RowReservoir(capacity, new RandomStream(9, 'r'));
      reservoir.add(stream(n));
      const named = reservoirRows(n, capacity, new RandomStream(9, 'r'));
      expect([...named]).toEqual([...reservoir.rows(1).data]);
    }
    expect(() => reservoirRows(2 ** 32 + 1, 1, new RandomStream(1, 'r'))).toThrow('"n" expected');
    expect(() => reservoirRows(1, 0, new RandomStream(1, 'r'))).toThrow('"capacity" expected');
  });

  it('refuses no room and rows of another dimension', () => {
    expect(() => new RowReservoir(0, new RandomStream(1, 'r'))).toThrow(RangeError);
    const reservoir = new RowReservoir(2, new RandomStream(1, 'r'));
    reservoir.add(stream(2, 3));
    expect(() => reservoir.rows(2)).toThrow(RangeError);
  });
});
