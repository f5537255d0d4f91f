/** Codes are stored bytes: kernels and twins agree bit for bit. */
import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import * as twin from '../src/reference/grid-code.ts';
import { describeBuilds, expectSameBits, Output, put } from './kernel-parity.case.ts';

const SHAPES = [
  [1, 16, 1],
  [3, 16, 13],
  [2, 32, 31],
  [5, 48, 48],
  [4, 768, 768],
  [2, 1024, 1009],
] as const;

describeBuilds('grid codes', (core) => {
  it('rangeRows finds the least and the greatest', () => {
    for (const [n, stride, used] of SHAPES) {
      const rows = gaussianRows(n, stride, stride);
      // values behind `used` do not count
      for (let i = 0; i < n; i++) rows.fill(99, i * stride + used, (i + 1) * stride);
      const expected = new Float32Array(2 * n);
      twin.rangeRows(rows, n, stride, used, expected);
      core.scope((scope) => {
        const out = new Output(scope, 8 * n);
        core.kernels.rangeRows(put(scope, rows), n, stride, used, out.at());
        expectSameBits(out.f32(), expected);
      });
    }
  });

  it('gridCodeRows clamps at both ends and leaves padding 0', () => {
    for (const [n, stride, used] of SHAPES) {
      for (const top of [1, 15, 255, 4095, 65_535]) {
        const rows = gaussianRows(n, stride, top);
        const starts = Float32Array.from({ length: n }, (_, i) => -2 + i / 3);
        const inverses = Float32Array.from({ length: n }, (_, i) => (i === 1 ? 0 : top / 3.7));
        const expected = new Uint16Array(n * stride);
        twin.gridCodeRows(rows, n, stride, used, starts, inverses, top, expected);
        core.scope((scope) => {
          const out = new Output(scope, 2 * n * stride);
          core.kernels.gridCodeRows(
            put(scope, rows),
            n,
            stride,
            used,
            put(scope, starts),
            put(scope, inverses),
            top,
            out.at(),
          );
          expect(out.u16()).toEqual(expected);
        });
        expect(Math.max(...expected)).toBeLessThanOrEqual(top);
      }
    }
  });

  it('signedGridRows puts the sign above, complemented, and sums', () => {
    for (const [n, d] of SHAPES) {
      for (const half of [1, 2, 8, 256]) {
        const rows = gaussianRows(n, d, half);
        rows[0] = 0;
        rows[1] = -0;
        const scales = Float32Array.from({ length: n }, (_, i) => half / (2 + i));
        const expected = new Uint16Array(n * d);
        const sums = new Float32Array(2 * n);
        twin.signedGridRows(rows, n, d, scales, half, expected, sums);
        core.scope((scope) => {
          const out = new Output(scope, 2 * n * d);
          const outSums = new Output(scope, 8 * n);
          core.kernels.signedGridRows(
            put(scope, rows),
            n,
            d,
            put(scope, scales),
            half,
            out.at(),
            outSums.at(),
          );
          expect(out.u16()).toEqual(expected);
          expectSameBits(outSums.f32(), sums);
        });
        for (const [i, code] of expected.entries()) {
          const value = rows[i] as number;
          expect(code >= half).toBe(value > 0);
          expect(code).toBeLessThan(2 * half);
        }
      }
    }
  });

  it('gridCodeColumns has a grid for each column, and the norm of what codes stand for', () => {
    for (const [n, d] of SHAPES) {
      for (const top of [15, 255]) {
        const rows = gaussianRows(n, d, top + d);
        const minima = gaussianRows(1, d, 3).map((value) => value - 2);
        // every fifth column is constant in training: step 0
        const steps = Float32Array.from({ length: d }, (_, j) => (j % 5 === 0 ? 0 : (3 + (j % 3)) / top));
        const inverses = steps.map((step) => (step > 0 ? 1 / step : 0));
        const expected = new Uint16Array(n * d);
        const norms = new Float32Array(n);
        twin.gridCodeColumns(rows, n, d, minima, inverses, steps, top, expected, norms);
        core.scope((scope) => {
          const out = new Output(scope, 2 * n * d);
          const outNorms = new Output(scope, 4 * n);
          core.kernels.gridCodeColumns(
            put(scope, rows),
            n,
            d,
            put(scope, minima),
            put(scope, inverses),
            put(scope, steps),
            top,
            out.at(),
            outNorms.at(),
          );
          expect(out.u16()).toEqual(expected);
          expectSameBits(outNorms.f32(), norms);
        });
      }
    }
  });

  it('gridCodeColumns tells rows that are not finite by their norm', () => {
    const rows = gaussianRows(3, 16, 1);
    rows[5] = Number.NaN;
    rows[40] = Infinity;
    core.scope((scope) => {
      const ones = put(scope, new Float32Array(16).fill(1));
      const out = new Output(scope, 96);
      const norms = new Output(scope, 12);
      core.kernels.gridCodeColumns(put(scope, rows), 3, 16, ones, ones, ones, 15, out.at(), norms.at());
      expect([...norms.f32()].map(Number.isNaN)).toEqual([true, false, true]);
    });
  });

  it('codeSums is exact at the longest and greatest', () => {
    for (const [n, d, value] of [
      [3, 16, 7],
      [2, 768, 255],
      [1, 65_536, 65_535],
    ] as const) {
      const values = Uint16Array.from({ length: n * d }, (_, i) =>
        d > 1000 ? value : (i * 31) % (value + 1),
      );
      const expected = new Float64Array(2 * n);
      twin.codeSums(values, n, d, expected);
      core.scope((scope) => {
        const out = new Output(scope, 16 * n);
        core.kernels.codeSums(put(scope, values), n, d, out.at());
        const bytes = out.u8();
        expect(new Float64Array(bytes.buffer, bytes.byteOffset, 2 * n)).toEqual(expected);
      });
      if (d > 1000) expect(expected[1]).toBe(d * value * value);
    }
  });
});
