/** The integer projection of queries against float64, with a bound for each coordinate, and at the ends of its range. */
import { createCore } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueryProjection } from '../../src/saq/query-projection.ts';

const core = createCore();

function project(d: number, projection: Float32Array, mean: Float32Array, query: Float32Array): Float32Array {
  using queries = new QueryProjection(core, { d, mean, projection });
  const kept = projection.length / d;
  return core.scope((scope) => {
    const out = scope.reserve(4 * kept);
    queries.apply(query, out);
    return out.f32(0, kept).slice();
  });
}

/** What 1 stands for: the largest entry fits i16, and 32 dims in a row are at most 46,336 long. */
function unitOf(row: Float32Array): number {
  let unit = 0;
  for (let first = 0; first < row.length; first += 32) {
    const run = row.subarray(first, first + 32);
    unit = Math.max(unit, Math.hypot(...run) / 46_336, ...run.map((value) => Math.abs(value) / 32_767));
  }
  return unit;
}

/** Expects each coordinate as near to float64 as the roundings of both sides allow. */
function expectNear(d: number, projection: Float32Array, mean: Float32Array, query: Float32Array): void {
  const actual = project(d, projection, mean, query);
  const x = query.map((value, j) => value - (mean[j] as number));
  const unit = unitOf(x);
  for (const [i, value] of actual.entries()) {
    const row = projection.subarray(i * d, (i + 1) * d);
    const own = unitOf(row);
    let sum = 0;
    let size = 0;
    let bound = 0;
    for (let j = 0; j < d; j++) {
      const [p, q] = [Math.abs(row[j] as number), Math.abs(x[j] as number)];
      sum += (row[j] as number) * (x[j] as number);
      size += p * q;
      // both are off by half a unit, and 32,767 roundings of 2^-24
      bound += 0.502 * (unit * p + own * q) + 0.26 * unit * own;
    }
    // two roundings a run, three of the units
    bound += (2 * Math.ceil(d / 32) + 3) * 2 ** -24 * (size + bound);
    if (!(Math.abs(value - sum) <= bound)) expect.fail(`${i}: expected ${sum} within ${bound}, got ${value}`);
  }
}

const KINDS = ['normal', 'one huge', 'parallel', 'one run', 'alternating'] as const;

/** A query of the kinds that press the ranges of integers hardest. */
function queryOf(kind: (typeof KINDS)[number], d: number, row: Float32Array, seed: number): Float32Array {
  const normal = gaussianRows(1, d, seed);
  if (kind === 'one huge') return normal.map((value, j) => (j === seed % d ? 1e3 : value));
  if (kind === 'parallel') return row.slice();
  if (kind === 'one run') return normal.map((value, j) => (j < 32 ? value : 0));
  return kind === 'alternating' ? normal.map((_, j) => (j % 2 === 0 ? 1 : -1)) : normal;
}

describe('the projection of a query', () => {
  it('is within its bound of float64, whatever the rows, the query and their scale', () => {
    const cases = fc.record({
      d: fc.integer({ min: 1, max: 300 }),
      blocks: fc.integer({ min: 1, max: 3 }),
      kind: fc.constantFrom(...KINDS),
      scale: fc.constantFrom(1e-15, 1e-3, 1, 1e3, 1e15),
      isFlat: fc.boolean(),
      isCentred: fc.boolean(),
      seed: fc.nat(1e6),
    });
    fc.assert(
      fc.property(cases, ({ d, blocks, kind, scale, isFlat, isCentred, seed }) => {
        // entries of one size make the longest runs: products at the limit of i32 where the query is parallel
        const rows = gaussianRows(16 * blocks, d, seed).map(
          (x) => (isFlat ? Math.sign(x) : x) / Math.sqrt(d),
        );
        const query = queryOf(kind, d, rows.subarray(0, d), seed + 1).map((value) => value * scale);
        const mean = gaussianRows(1, d, seed + 2).map((value) => (isCentred ? value * scale : 0));
        expectNear(d, rows, mean, query);
      }),
      { numRuns: 300 },
    );
  });

  it('is near at the dimensions of real models', () => {
    for (const [d, kept] of [
      [128, 128],
      [784, 48],
      [1280, 16],
    ] as const) {
      const rows = gaussianRows(kept, d, d).map((value) => value / Math.sqrt(d));
      expectNear(d, rows, new Float32Array(d), gaussianRows(1, d, 1));
    }
  });

  it('is zero for the mean, for zeros and for what is too short to have a length in float32', () => {
    const d = 40;
    const rows = gaussianRows(16, d, 1);
    const mean = gaussianRows(1, d, 2);
    const zeros = new Float32Array(d);
    const short = gaussianRows(1, d, 3).map((value) => value * 1e-22);
    for (const projected of [
      project(d, rows, mean, mean),
      project(d, rows, zeros, zeros),
      project(d, rows, zeros, short),
      project(
        d,
        rows.map((value) => value * 1e-22),
        zeros,
        mean,
      ),
    ]) {
      expect(projected.every((value) => value === 0)).toBe(true);
    }
  });

  it('refuses what is not finite or has no length in float32, and leaves the last one there', () => {
    const d = 40;
    const rows = gaussianRows(16, d, 1);
    using queries = new QueryProjection(core, { d, mean: new Float32Array(d), projection: rows });
    core.scope((scope) => {
      const out = scope.reserve(64);
      queries.apply(gaussianRows(1, d, 2), out);
      const before = out.f32(0, 16).slice();
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -2e38]) {
        const query = gaussianRows(1, d, 3);
        query[7] = bad;
        expect(() => queries.apply(query, out)).toThrow(RangeError);
      }
      expect(out.f32(0, 16)).toEqual(before);
    });
  });

  it('takes no dims at all', () => {
    expect(project(5, new Float32Array(), new Float32Array(5), new Float32Array(5))).toEqual(
      new Float32Array(),
    );
  });
});
