import { gaussianRows, l2ErrorBound, PARITY_DIMS } from '@sagitta/testing';
import { expect, it } from 'vitest';
import * as twin from '../src/reference/l2.ts';
import { describeBuilds, expectWithin, Output, put } from './kernel-parity.case.ts';

const COUNTS = [0, 1, 3, 4, 5, 7, 10];

describeBuilds('l2F32', (core) => {
  it.each(PARITY_DIMS)('is within the bound of the twin at d = %i', (d) => {
    const a = gaussianRows(1, d, 1);
    const b = gaussianRows(1, d, 2);
    core.scope((scope) => {
      const actual = core.kernels.l2F32(put(scope, a), put(scope, b), d);
      expectWithin([actual], [twin.l2F32(a, b, d)], () => l2ErrorBound(a, b, d));
    });
  });

  it('is exactly zero between equal rows', () => {
    const a = gaussianRows(1, 129, 3);
    core.scope((scope) => expect(core.kernels.l2F32(put(scope, a), put(scope, a), 129)).toBe(0));
  });

  it('keeps the digits of near neighbours far from the origin', () => {
    // |a|² is about 2²⁴·d: an expanded |a|² − 2<a,b> + |b|² would have no correct digit.
    const d = 768;
    const a = new Float32Array(d).fill(4096);
    const b = new Float32Array(d).fill(4096.5);
    core.scope((scope) => expect(core.kernels.l2F32(put(scope, a), put(scope, b), d)).toBe(d / 4));
  });
});

describeBuilds('l2F32Rows', (core) => {
  it.each(PARITY_DIMS)('is within the bound of the twin at d = %i', (d) => {
    const q = gaussianRows(1, d, 3);
    for (const n of COUNTS) {
      const rows = gaussianRows(n, d, 4);
      const expected = new Float64Array(n);
      twin.l2F32Rows(q, rows, n, d, expected);
      core.scope((scope) => {
        const out = new Output(scope, n * 4);
        core.kernels.l2F32Rows(put(scope, q), put(scope, rows), n, d, out.at());
        expectWithin(out.f32(), expected, (i) => l2ErrorBound(q, rows.subarray(i * d), d));
      });
    }
  });
});

describeBuilds('l2F32Tile', (core) => {
  it.each(PARITY_DIMS)('is within the bound of the twin at d = %i', (d) => {
    for (const nq of [0, 1, 2, 5]) {
      for (const n of [0, 3, 4, 9]) {
        const queries = gaussianRows(nq, d, 5);
        const rows = gaussianRows(n, d, 6);
        const expected = new Float64Array(nq * n);
        twin.l2F32Tile(queries, nq, rows, n, d, expected);
        core.scope((scope) => {
          const out = new Output(scope, nq * n * 4);
          core.kernels.l2F32Tile(put(scope, queries), nq, put(scope, rows), n, d, out.at());
          expectWithin(out.f32(), expected, (i) =>
            l2ErrorBound(queries.subarray(Math.floor(i / n) * d), rows.subarray((i % n) * d), d),
          );
        });
      }
    }
  });
});

describeBuilds('normF32Rows', (core) => {
  it.each(PARITY_DIMS)('is within the bound of the twin at d = %i', (d) => {
    const zero = new Float32Array(d);
    for (const n of COUNTS) {
      const rows = gaussianRows(n, d, 7);
      const expected = new Float64Array(n);
      twin.normF32Rows(rows, n, d, expected);
      core.scope((scope) => {
        const out = new Output(scope, n * 4);
        core.kernels.normF32Rows(put(scope, rows), n, d, out.at());
        expectWithin(out.f32(), expected, (i) => l2ErrorBound(rows.subarray(i * d), zero, d));
      });
    }
  });
});
