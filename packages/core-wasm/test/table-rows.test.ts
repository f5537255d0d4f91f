/** Sums of m or d floats: within (terms + 4)·2⁻²⁴ of Σ|term|, whatever the order of additions. */
import { gaussianRows, randomBytes } from '@sagitta/testing';
import { expect, it } from 'vitest';
import * as twin from '../src/reference/table-rows.ts';
import { describeBuilds, expectWithin, Output, put } from './kernel-parity.case.ts';

const EPSILON = 2 ** -24;

describeBuilds('table rows', (core) => {
  it('tableRowsU8 sums what its twin sums', () => {
    for (const m of [1, 2, 3, 4, 5, 8, 31, 96, 392]) {
      const n = 9;
      const codes = randomBytes(n * m, m);
      const luts = gaussianRows(m, 256, m);
      const expected = new Float32Array(n);
      twin.tableRowsU8(codes, n, m, luts, expected);
      const sums = core.scope((scope) => {
        const out = new Output(scope, 4 * n);
        core.kernels.tableRowsU8(put(scope, codes), n, m, put(scope, luts), out.at());
        return out.f32();
      });
      // |entry| < 5
      expectWithin(sums, expected, () => (m + 4) * EPSILON * 5 * m);
    }
  });

  it('tableRowsPacked sums what its twin sums', () => {
    for (const bits of [1, 2, 3, 4, 5, 6, 7]) {
      for (const dims of [16, 32, 48, 784]) {
        const n = 5;
        const codes = randomBytes((n * dims * bits) / 8, dims + bits);
        const luts = gaussianRows(dims, 1 << bits, dims);
        const expected = new Float32Array(n);
        twin.tableRowsPacked(codes, n, dims, bits, luts, expected);
        const sums = core.scope((scope) => {
          const out = new Output(scope, 4 * n);
          core.kernels.tableRowsPacked(put(scope, codes), n, dims, bits, put(scope, luts), out.at());
          return out.f32();
        });
        // |entry| < 5
        expectWithin(sums, expected, () => (dims + 4) * EPSILON * 5 * dims);
      }
    }
  });

  it('dotF16Rows knows every half that is a number', () => {
    // eight halves a row, one of them multiplied by 1: the product is the value itself
    const halves = Uint16Array.from({ length: 65_536 }, (_, i) => (((i >> 10) & 31) === 31 ? 0 : i));
    for (const lane of [0, 5]) {
      const q = new Float32Array(8);
      q[lane] = 1;
      const n = halves.length / 8;
      const values = core.scope((scope) => {
        const out = new Output(scope, 4 * n);
        core.kernels.dotF16Rows(put(scope, q), put(scope, halves), n, 8, out.at());
        return out.f32();
      });
      for (let i = 0; i < n; i++) {
        if (values[i] !== twin.halfToNumber(halves[8 * i + lane] as number)) {
          expect(values[i]).toBe(twin.halfToNumber(halves[8 * i + lane] as number));
        }
      }
    }
  });

  it('dotF16Rows multiplies as its twin does', () => {
    for (const d of [8, 16, 24, 64, 768, 1000]) {
      const n = 5;
      const q = gaussianRows(1, d, d);
      // exponents of 10 to 17: values from 2⁻⁵ to 8
      const rows = Uint16Array.from(
        randomBytes(2 * n * d, d).subarray(0, n * d),
        (byte, i) => ((byte & 1) << 15) | ((10 + (byte % 8)) << 10) | ((i * 37) & 1023),
      );
      const expected = new Float32Array(n);
      twin.dotF16Rows(q, rows, n, d, expected);
      const dots = core.scope((scope) => {
        const out = new Output(scope, 4 * n);
        core.kernels.dotF16Rows(put(scope, q), put(scope, rows), n, d, out.at());
        return out.f32();
      });
      expectWithin(dots, expected, () => (d + 4) * EPSILON * 8 * 5 * d);
    }
  });

  it('addScaledF32 adds as its twin does', () => {
    const values = gaussianRows(1, 100, 1);
    const start = gaussianRows(1, 100, 2);
    const expected = start.slice();
    twin.addScaledF32(values, -1.7, expected);
    const sums = core.scope((scope) => {
      const out = scope.reserve(4 * 104);
      out.f32().fill(7).set(start);
      core.kernels.addScaledF32(put(scope, values), 100, -1.7, out.at());
      return out.f32().slice(0, 104);
    });
    expect(sums.subarray(0, 100)).toEqual(expected);
    expect([...sums.subarray(100)]).toEqual([7, 7, 7, 7]);
  });

  it('affineScores equals its twin for every set of factors', () => {
    const terms = { a: 0.25, b: -3, sum: 1.5, weight: -2, base: 7 };
    for (let factors = 0; factors < 16; factors++) {
      for (const n of [1, 32, 33, 70]) {
        const blocks = Math.ceil(n / 32);
        const blockFloats = 32 * 3 + 5 * 4;
        const data = gaussianRows(blocks, blockFloats, factors);
        const integers = Uint32Array.from({ length: 32 * blocks }, (_, i) => i * 12_345);
        const dots = factors & 8 ? integers : Float32Array.from(integers, (value) => value / 1000 - 3);
        const expected = new Float32Array(n);
        twin.affineScores(data, blockFloats, n, factors, dots, terms, expected);
        const scores = core.scope((scope) => {
          const out = new Output(scope, 128 * blocks);
          core.kernels.affineScores(
            put(scope, data),
            4 * blockFloats,
            n,
            factors,
            put(scope, dots),
            terms.a,
            terms.b,
            terms.sum,
            terms.weight,
            terms.base,
            out.at(),
          );
          return out.f32().slice(0, n);
        });
        // seven roundings of values below 5·|dot| + 100
        expectWithin(scores, expected, (i) => 16 * EPSILON * (100 + 5 * Math.abs(dots[i] as number)));
      }
    }
  });
});
