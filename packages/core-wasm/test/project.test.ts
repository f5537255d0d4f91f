/** What these kernels write ends in stored bytes: kernels and twins agree bit for bit. */
import { gaussianRows } from '@sagitta/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import * as twin from '../src/reference/project.ts';
import { describeBuilds, expectSameBits, Output, put } from './kernel-parity.case.ts';

const NO_PTR = 0 as never;
const DIMS = [1, 2, 3, 5, 31, 32, 33, 64, 100, 768];

function depthOf(d: number): number {
  return 32 * Math.ceil(d / 32);
}

/** kept × d integers in the order that projectRows reads, and the matrix itself. */
function panelsOf(kept: number, d: number, value: (row: number, j: number) => number): Int16Array {
  const depth = depthOf(d);
  const panels = new Int16Array(kept * depth);
  for (let row = 0; row < kept; row++) {
    for (let j = 0; j < d; j++) {
      panels[(row >> 3) * 8 * depth + (j >> 1) * 16 + (row & 7) * 2 + (j & 1)] = value(row, j);
    }
  }
  return panels;
}

describeBuilds('integer projection', (core) => {
  const quantize = (
    rows: Float32Array,
    n: number,
    d: number,
    limit: number,
    origin?: Float32Array,
  ): { values: Int16Array; scales: Float32Array; norms: Float32Array } =>
    core.scope((scope) => {
      const out = new Output(scope, 2 * n * depthOf(d));
      const scales = new Output(scope, 4 * n);
      const norms = new Output(scope, 4 * n);
      const scratch = new Output(scope, 4 * depthOf(d));
      const at = origin ? put(scope, origin) : NO_PTR;
      const input = put(scope, rows);
      core.kernels.quantizeRows(input, n, d, at, limit, scratch.at(), out.at(), scales.at(), norms.at());
      scratch.u8();
      return { values: new Int16Array(out.u16().buffer), scales: scales.f32(), norms: norms.f32() };
    });

  const project = (
    rows: Int16Array,
    n: number,
    depth: number,
    panels: Int16Array,
    kept: number,
  ): Float32Array =>
    core.scope((scope) => {
      const out = new Output(scope, 4 * n * kept);
      core.kernels.projectRows(put(scope, rows), n, depth, put(scope, panels), kept, out.at());
      return out.f32();
    });

  it.each(DIMS)('quantizeRows has the bytes of the twin at %i dims', (d) => {
    const n = 5;
    const rows = gaussianRows(n, d, d).map((x, i) => (Math.floor(i / d) === 3 ? 0 : x * 10 ** (i % 3)));
    for (const origin of [undefined, gaussianRows(1, d, 99)]) {
      for (const limit of [1e9, 40_000, 300.5]) {
        const values = new Int16Array(n * depthOf(d));
        const scales = new Float32Array(n);
        const norms = new Float32Array(n);
        twin.quantizeRows(rows, n, d, origin, Math.fround(limit), values, scales, norms);
        const actual = quantize(rows, n, d, limit, origin);
        expect(actual.values).toEqual(values);
        expectSameBits(actual.scales, scales);
        expectSameBits(actual.norms, norms);
      }
    }
  });

  it('quantizeRows keeps every run of 32 dims within the limit, and every value within i16', () => {
    const [n, d] = [40, 96];
    const kinds = [1, 1e-15, 1e15, 0];
    const rows = gaussianRows(n, d, 1).map((x, i) => {
      const row = Math.floor(i / d);
      return (row % 5 === 0 && i % d !== 7 ? 0 : x) * (kinds[row % 4] as number);
    });
    for (const limit of [200_000, 50_000, 1000]) {
      const { values, scales } = quantize(rows, n, d, limit);
      for (let run = 0; run < values.length; run += 32) {
        let squares = 0;
        for (const value of values.subarray(run, run + 32)) squares += value * value;
        expect(Math.sqrt(squares)).toBeLessThan(limit * 1.000001 + Math.sqrt(32) / 2);
      }
      for (let i = 0; i < rows.length; i++) {
        const error = Math.abs(values[i] * scales[Math.floor(i / d)] - rows[i]);
        expect(error).toBeLessThanOrEqual(scales[Math.floor(i / d)] * 0.51);
      }
    }
  });

  it('quantizeRows gives rows that are not finite away by their norm', () => {
    const rows = gaussianRows(3, 40, 2);
    rows[5] = Number.NaN;
    rows[90] = -Infinity;
    expect([...quantize(rows, 3, 40, 1e5).norms].map(Number.isFinite)).toEqual([false, true, false]);
  });

  it.each(DIMS)('projectRows has the bytes of the twin, and of exact sums, at %i dims', (d) => {
    const depth = depthOf(d);
    for (const [n, kept] of [
      [1, 16],
      [3, 32],
      [4, 16],
      [7, 48],
    ] as const) {
      const { values } = quantize(gaussianRows(n, d, 5), n, d, 60_000);
      const panels = panelsOf(kept, d, (row, j) => ((row * 7919 + j * 104_729) % 12_001) - 6000);
      const expected = new Float32Array(n * kept);
      twin.projectRows(values, n, depth, panels, kept, expected);
      expectSameBits(project(values, n, depth, panels, kept), expected);
    }
  });

  it('projectRows is exact at the largest sums that the limit admits', () => {
    // every run as long as it may be, and along the row of the matrix: |x|·|p| just below 2³¹
    const d = 64;
    const panels = panelsOf(16, d, () => 8000);
    const longest = 8000 * Math.sqrt(32);
    const limit = (0.9999 * 2 ** 31) / longest - 3;
    for (const sign of [1, -1]) {
      // four rows at a time, and the one that is left
      const { values } = quantize(new Float32Array(5 * d).fill(sign), 5, d, limit);
      expect(Math.abs(values[0])).toBeGreaterThan(8300);
      expect([...project(values, 5, d, panels, 16)]).toEqual(
        new Array(80).fill(Math.fround(values[0] * 8000 * d)),
      );
    }
  });

  it('packPanel and projectRows have the bits of their twins for any integers', () => {
    const sizes = fc.record({
      n: fc.integer({ min: 1, max: 9 }),
      runs: fc.integer({ min: 1, max: 5 }),
      blocks: fc.integer({ min: 1, max: 3 }),
      // 32 products of 8,191 by 8,191 are below 2³¹: in any signs, all at once
      most: fc.constantFrom(1, 100, 8191),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(sizes, ({ n, runs, blocks, most, seed }) => {
        const [depth, kept] = [32 * runs, 16 * blocks];
        const within = (value: number): number => Math.max(-most, Math.min(most, Math.round(value * most)));
        const rows = Int16Array.from(gaussianRows(n, depth, seed), within);
        const matrix = Int16Array.from(gaussianRows(kept, depth, seed + 1), within);
        const panels = new Int16Array(kept * depth);
        for (let at = 0; at < panels.length; at += 8 * depth) {
          const eight = matrix.subarray(at, at + 8 * depth);
          twin.packPanel(eight, depth, panels.subarray(at));
          core.scope((scope) => {
            const out = new Output(scope, 16 * depth);
            core.kernels.packPanel(put(scope, eight), depth, out.at());
            const expected = new Uint16Array(panels.buffer, 2 * at, 8 * depth);
            expect(out.u16()).toEqual(expected);
          });
        }
        const expected = new Float32Array(n * kept);
        twin.projectRows(rows, n, depth, panels, kept, expected);
        expectSameBits(project(rows, n, depth, panels, kept), expected);
        for (let i = 0; i < expected.length; i++) {
          let sum = 0;
          let size = 0;
          for (let j = 0; j < depth; j++) {
            const product =
              (rows[Math.floor(i / kept) * depth + j] as number) * (matrix[(i % kept) * depth + j] as number);
            sum += product;
            size += Math.abs(product);
          }
          // each of `runs` sums is rounded once as it becomes f32 and once as it is added
          expect(Math.abs((expected[i] as number) - sum)).toBeLessThanOrEqual(2 * runs * 2 ** -24 * size);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('residualRows subtracts and pads', () => {
    for (const d of [1, 3, 4, 17, 100]) {
      const stride = 16 * Math.ceil(d / 16);
      const rows = gaussianRows(3, d, d);
      for (const origin of [undefined, gaussianRows(1, d, 50)]) {
        const expected = new Float32Array(3 * stride);
        twin.residualRows(rows, 3, d, origin, stride, expected);
        core.scope((scope) => {
          const out = new Output(scope, 12 * stride);
          const at = origin ? put(scope, origin) : NO_PTR;
          core.kernels.residualRows(put(scope, rows), 3, d, at, stride, out.at());
          expectSameBits(out.f32(), expected);
        });
      }
    }
  });
});
