import { dotErrorBound, gaussianRows, PARITY_DIMS, randomBytes } from '@sagitta/testing';
import { expect, it } from 'vitest';
import * as twin from '../src/reference/dot.ts';
import { describeBuilds, expectWithin, Output, put } from './kernel-parity.case.ts';

/** Row counts: nothing, below a block of four, a block, a block and each rest. */
const COUNTS = [0, 1, 3, 4, 5, 7, 10];

describeBuilds('dotF32', (core) => {
  it.each(PARITY_DIMS)('is within the bound of the twin at d = %i', (d) => {
    const a = gaussianRows(1, d, 1);
    const b = gaussianRows(1, d, 2);
    core.scope((scope) => {
      const actual = core.kernels.dotF32(put(scope, a), put(scope, b), d);
      expectWithin([actual], [twin.dotF32(a, b, d)], () => dotErrorBound(a, b, d));
    });
  });
});

describeBuilds('dotF32Rows', (core) => {
  it.each(PARITY_DIMS)('is within the bound of the twin at d = %i', (d) => {
    const q = gaussianRows(1, d, 3);
    for (const n of COUNTS) {
      const rows = gaussianRows(n, d, 4);
      const expected = new Float64Array(n);
      twin.dotF32Rows(q, rows, n, d, expected);
      core.scope((scope) => {
        const out = new Output(scope, n * 4);
        core.kernels.dotF32Rows(put(scope, q), put(scope, rows), n, d, out.at());
        expectWithin(out.f32(), expected, (i) => dotErrorBound(q, rows.subarray(i * d), d));
      });
    }
  });
});

describeBuilds('dotF32Tile', (core) => {
  it.each(PARITY_DIMS)('is within the bound of the twin at d = %i', (d) => {
    for (const nq of [0, 1, 2, 5]) {
      for (const n of [0, 3, 4, 9]) {
        const queries = gaussianRows(nq, d, 5);
        const rows = gaussianRows(n, d, 6);
        const expected = new Float64Array(nq * n);
        twin.dotF32Tile(queries, nq, rows, n, d, expected);
        core.scope((scope) => {
          const out = new Output(scope, nq * n * 4);
          core.kernels.dotF32Tile(put(scope, queries), nq, put(scope, rows), n, d, out.at());
          expectWithin(out.f32(), expected, (i) =>
            dotErrorBound(queries.subarray(Math.floor(i / n) * d), rows.subarray((i % n) * d), d),
          );
        });
      }
    }
  });
});

describeBuilds('dotI8Rows', (core) => {
  const run = (q: Int8Array, rows: Int8Array, n: number, d: number): Int32Array =>
    core.scope((scope) => {
      const out = new Output(scope, n * 4);
      core.kernels.dotI8Rows(put(scope, q), put(scope, rows), n, d, out.at());
      return out.i32();
    });

  it.each(PARITY_DIMS)('equals the twin at d = %i', (d) => {
    const q = new Int8Array(randomBytes(d, 7).buffer);
    for (const n of COUNTS) {
      const rows = new Int8Array(randomBytes(n * d, 8).buffer);
      const expected = new Int32Array(n);
      twin.dotI8Rows(q, rows, n, d, expected);
      expect(run(q, rows, n, d)).toEqual(expected);
    }
  });

  it.each([
    [-128, -128, 16_384],
    [-128, 127, -16_256],
    [127, 127, 16_129],
  ])('does not overflow at d = 65,536 for %i · %i', (a, b, product) => {
    // 65,536 · 16,384 = 2³⁰ < 2³¹
    const d = 65_536;
    const q = new Int8Array(d).fill(a);
    const rows = new Int8Array(3 * d).fill(b);
    expect(run(q, rows, 3, d)).toEqual(new Int32Array(3).fill(d * product));
  });

  it('is exact at the largest dimension of its proof, 131,071', () => {
    const d = 131_071;
    const q = new Int8Array(d).fill(-128);
    expect(run(q, q, 1, d)).toEqual(Int32Array.of(d * 16_384));
  });
});
