import { dotErrorBound, F32_EPSILON, gaussianRows, PARITY_DIMS, randomBytes } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { NO_PTR } from '../src/memory.ts';
import * as twin from '../src/reference/fde-scan.ts';
import { describeBuilds, expectWithin, Output, put } from './kernel-parity.case.ts';

const COUNTS = [0, 1, 5];

describeBuilds('addDotF32Rows', (core) => {
  it.each(PARITY_DIMS)('is within the bound of the twin at d = %i', (d) => {
    const q = gaussianRows(1, d, 1);
    for (const n of COUNTS) {
      const rows = gaussianRows(n, d, 2);
      const start = gaussianRows(1, n, 3);
      const expected = Float64Array.from(start);
      twin.addDotF32Rows(q, rows, n, d, expected);
      core.scope((scope) => {
        const out = new Output(scope, 4 * n);
        out.set(start);
        core.kernels.addDotF32Rows(put(scope, q), put(scope, rows), n, d, out.at());
        const slack = (i: number): number => F32_EPSILON * (Math.abs(start[i]) + Math.abs(expected[i]));
        expectWithin(out.f32(), expected, (i) => dotErrorBound(q, rows.subarray(i * d), d) + slack(i));
      });
    }
  });
});

describeBuilds('addDotI8Rows', (core) => {
  it.each(PARITY_DIMS)('equals the twin up to the last rounding at d = %i', (d) => {
    const q = new Int16Array(randomBytes(2 * d, 4).buffer).map((value) => value >> 4);
    for (const n of COUNTS) {
      const rows = new Int8Array(randomBytes(n * d, 5).buffer);
      const expected = new Float64Array(n);
      twin.addDotI8Rows(q, rows, n, d, 0.5, expected);
      core.scope((scope) => {
        const out = new Output(scope, 4 * n);
        out.set(new Float32Array(n));
        core.kernels.addDotI8Rows(put(scope, q), put(scope, rows), n, d, 0.5, out.at());
        expect(out.f32()).toEqual(Float32Array.from(expected));
      });
    }
  });

  it('does not overflow where Σ|q|·128 is just below 2³¹', () => {
    const d = 512;
    const q = new Int16Array(d).fill(-32_767);
    const rows = new Int8Array(d).fill(-128);
    core.scope((scope) => {
      const out = new Output(scope, 4);
      out.set(new Float32Array(1));
      core.kernels.addDotI8Rows(put(scope, q), put(scope, rows), 1, d, 1, out.at());
      expect(out.f32()[0]).toBe(Math.fround(d * 32_767 * 128));
    });
  });
});

describeBuilds('addScores, finishScores and gatherRows', (core) => {
  it.each([0, 1, 7, 33])('agree with the twins for %i rows', (n) => {
    const values = gaussianRows(1, n, 6);
    const factors = gaussianRows(1, n, 7);
    const start = gaussianRows(1, n, 8);
    for (const own of [undefined, factors]) {
      const expected = Float64Array.from(start);
      twin.addScores(values, own, 0.5, 2, expected);
      const finished = expected.slice();
      twin.finishScores(own, 3, finished);
      core.scope((scope) => {
        const out = new Output(scope, 4 * n);
        out.set(start);
        const factorsPtr = own ? put(scope, own) : NO_PTR;
        core.kernels.addScores(put(scope, values), factorsPtr, n, 0.5, 2, out.at());
        expectWithin(out.f32(), expected, () => 1e-5);
        core.kernels.finishScores(factorsPtr, n, 3, out.at());
        expectWithin(out.f32(), finished, () => 1e-4);
      });
    }
    const rows = randomBytes(3 * 40, 9);
    const list = Uint32Array.from(randomBytes(n, 10), (byte) => byte % 40);
    const expected = new Uint8Array(3 * n);
    twin.gatherRows(rows, 3, list, expected);
    core.scope((scope) => {
      const out = new Output(scope, 3 * n);
      core.kernels.gatherRows(put(scope, rows), 3, put(scope, list), n, out.at());
      expect(out.u8()).toEqual(expected);
    });
  });
});
