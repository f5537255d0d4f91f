/** Maxima equal the twin's bit for bit: table sums are integers below 2¹⁶, shifted and scaled with one rounding each. */
import { F32_EPSILON, gaussianRows, randomBytes } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { RandomStream } from '../src/random.ts';
import { signLutsU8 } from '../src/reference/fastscan.ts';
import * as twin from '../src/reference/maxsim.ts';
import { describeBuilds, expectWithin } from './kernel-parity.case.ts';
import { COUNTS, documentsOf, type Found, factorsOf, runMaxsim, withScales } from './maxsim-frame.ts';

describeBuilds('maxsimBits', (core) => {
  const run = (
    luts: Uint8Array,
    nq: number,
    d: number,
    factors: Float32Array,
    shifts: Float32Array,
    codes: Uint8Array,
    scales: Float32Array,
    documents: readonly twin.DocumentRows[],
  ): Found => {
    const packed = withScales(codes, d / 8, scales);
    const scratchBytes = 16 * Math.ceil(nq / 4) + 16 * nq + 64 + 128 * Math.ceil(d / 32);
    return runMaxsim(
      core,
      nq,
      packed,
      d / 8 + 4,
      documents,
      scratchBytes,
      (records, scratch, out, bests, place) => {
        core.kernels.maxsimBits(
          place(luts),
          nq,
          d,
          place(factors),
          place(shifts),
          records,
          documents.length,
          scratch,
          out,
          bests,
        );
      },
    );
  };

  it.each([16, 32, 48, 64, 80, 112, 128, 144, 768, 4096])('equals the twin at d = %i', (d) => {
    const { documents, rowCount } = documentsOf(COUNTS);
    const codes = randomBytes((rowCount * d) / 8, 1);
    const scales = gaussianRows(1, rowCount, 2).map(Math.abs);
    for (const nq of d > 300 ? [3] : [1, 2, 3, 4, 5, 8, 13]) {
      const luts = randomBytes(nq * d * 4, 3).map((byte) => byte & 63);
      const shifts = gaussianRows(1, nq, 4).map((value) => 100 * value);
      const factors = factorsOf(nq, 5);
      const expected = twin.maxsimBits(luts, nq, d, factors, shifts, codes, scales, documents);
      const found = run(luts, nq, d, factors, shifts, codes, scales, documents);
      const padded = factors.length;
      for (const [i, { count }] of documents.entries()) {
        if (count === 0) {
          expect(found.scores[i]).toBe(Number.NEGATIVE_INFINITY);
          continue;
        }
        const bests = expected.bests.subarray(i * nq, (i + 1) * nq);
        expect([...found.bests.subarray(i * padded, i * padded + nq)]).toEqual([...bests]);
        const size = bests.reduce((sum, best, a) => sum + Math.abs(factors[a] * best), 0);
        expectWithin(
          found.scores.subarray(i, i + 1),
          [expected.scores[i]],
          () => (nq + 4) * F32_EPSILON * size,
        );
      }
    }
  });

  it('does not overflow at its largest dimension with the largest entries', () => {
    const d = 4096;
    const found = run(
      new Uint8Array(d * 4).fill(63),
      1,
      d,
      Float32Array.of(1, 0, 0, 0),
      Float32Array.of(0),
      randomBytes((17 * d) / 8, 6),
      new Float32Array(17).fill(1),
      [{ first: 0, count: 17 }],
    );
    expect(found.scores[0]).toBe((d / 4) * 63);
  });

  it('gives half of <2·bits - 1, q> with the tables of sign codes', () => {
    const d = 48;
    const random = new RandomStream(7, 'query');
    const query = Int8Array.from({ length: d }, () => random.nextBelow(31) - 15);
    const luts = new Uint8Array(d * 4);
    signLutsU8(query, d, luts);
    const codes = randomBytes((5 * d) / 8, 8);
    const shift = query.reduce((sum, value) => sum + Math.abs(value), 0) / 2;
    const documents = [0, 1, 2, 3, 4].map((first) => ({ first, count: 1 }));
    const found = run(
      luts,
      1,
      d,
      Float32Array.of(2, 0, 0, 0),
      Float32Array.of(shift),
      codes,
      new Float32Array(5).fill(1),
      documents,
    );
    const expected = documents.map(({ first }) => {
      let sum = 0;
      for (let j = 0; j < d; j++) {
        const bit = (codes[(first * d) / 8 + (j >> 3)] >> (j & 7)) & 1;
        sum += (2 * bit - 1) * query[j];
      }
      return sum;
    });
    expect([...found.scores]).toEqual(expected);
  });
});
