/**
 * Maxima of integer kernels equal the twin's bit for bit: exact sums, rounded to f32 once and once more by the scale. A float
 * maximum is within the largest of its rows' dot bounds. A score adds 4·⌈nq/4⌉ products in f32, one by one in four lanes and
 * two joins: at most (nq/4 + 4) roundings of 2⁻²⁴ each on Σ|factor·best|, bounded here by (nq + 4)·2⁻²³.
 */
import { dotErrorBound, F32_EPSILON, gaussianRows, PARITY_DIMS, randomBytes } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { NO_PTR } from '../src/memory.ts';
import { RandomStream } from '../src/random.ts';
import { packCode } from '../src/reference/code-pack.ts';
import * as twin from '../src/reference/maxsim.ts';
import { describeBuilds, expectWithin, put } from './kernel-parity.case.ts';
import {
  COUNTS,
  documentsOf,
  type Found,
  factorsOf,
  runMaxsim,
  transposed,
  withScales,
} from './maxsim-frame.ts';

const QUERY_COUNTS = [1, 3, 4, 5, 8, 13];

/** Queries of every count a tile can be left with, d by d; a few of them are enough for long rows. */
function queryCounts(d: number): readonly number[] {
  return d > 300 ? [5] : QUERY_COUNTS;
}

function bytesOf(values: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Maxima within bound(document, token) and scores within what that and their own sum may add. */
function expectFound(
  found: Found,
  expected: twin.MaxsimResult,
  nq: number,
  factors: Float32Array,
  bound: (i: number, a: number) => number,
): void {
  const padded = factors.length;
  const n = expected.scores.length;
  for (let i = 0; i < n; i++) {
    const bests = expected.bests.subarray(i * nq, (i + 1) * nq);
    if (expected.scores[i] === Number.NEGATIVE_INFINITY) {
      expect(found.scores[i]).toBe(Number.NEGATIVE_INFINITY);
      continue;
    }
    expectWithin(found.bests.subarray(i * padded, i * padded + nq), bests, (a) => bound(i, a));
    let slack = 0;
    for (let a = 0; a < nq; a++) {
      slack += Math.abs(factors[a]) * (bound(i, a) + (nq + 4) * F32_EPSILON * Math.abs(bests[a]));
    }
    expectWithin(found.scores.subarray(i, i + 1), expected.scores.subarray(i, i + 1), () => slack);
  }
}

/** Integers whose Σ|q|·255 stays below 2³¹. */
function integerQueries(nq: number, d: number, seed: number): Int16Array {
  const limit = Math.min(32_767, Math.floor(8_421_504 / d) - 1);
  const random = new RandomStream(seed, 'queries');
  return Int16Array.from({ length: nq * d }, () => Math.round((2 * random.nextUnit() - 1) * limit));
}

describeBuilds('maxsimF32 and maxsimF16', (core) => {
  it.each(PARITY_DIMS)('are within the bound of the twin at d = %i', (d) => {
    const { documents, rowCount } = documentsOf(COUNTS);
    const rows = gaussianRows(rowCount, d, 1);
    for (const nq of queryCounts(d)) {
      const groups = Math.ceil(nq / 4);
      const queries = gaussianRows(nq, d, 2);
      const factors = factorsOf(nq, 3);
      const flat = transposed(queries, nq, d, 1, new Float32Array(groups * 4 * d));
      const boundOf = (values: Float32Array) => (i: number, a: number) => {
        const { first, count } = documents[i];
        let largest = 0;
        for (let row = first; row < first + count; row++) {
          const query = queries.subarray(a * d, (a + 1) * d);
          largest = Math.max(largest, dotErrorBound(query, values.subarray(row * d, (row + 1) * d), d));
        }
        return largest;
      };
      const found = runMaxsim(
        core,
        nq,
        bytesOf(rows),
        4 * d,
        documents,
        16 * groups + 16,
        (records, scratch, out, bests, place) => {
          core.kernels.maxsimF32(
            place(flat),
            groups,
            d,
            place(factors),
            records,
            documents.length,
            scratch,
            out,
            bests,
          );
        },
      );
      expectFound(
        found,
        twin.maxsimF32(queries, nq, d, factors, rows, documents),
        nq,
        factors,
        boundOf(rows),
      );
      if (d % 4 !== 0) continue;
      // any finite half: exponents up to 15 − 1
      const halves = new Uint16Array(randomBytes(rowCount * d * 2, 4).buffer).map((bits) => bits & 0xbfff);
      const widened = twin.maxsimF16(queries, nq, d, factors, halves, documents);
      const half = runMaxsim(
        core,
        nq,
        bytesOf(halves),
        2 * d,
        documents,
        16 * groups + 16 + 16 * d + 16,
        (records, scratch, out, bests, place) => {
          core.kernels.maxsimF16(
            place(flat),
            groups,
            d,
            place(factors),
            records,
            documents.length,
            scratch,
            out,
            bests,
          );
        },
      );
      expectFound(half, widened, nq, factors, boundOf(Float32Array.from(halves, (bits) => halfValue(bits))));
    }
  });

  it('take no maximum where there is none: all similarities negative', () => {
    const d = 3;
    const { documents, rowCount } = documentsOf([1, 2, 3, 5]);
    const queries = new Float32Array(d).fill(1);
    const rows = Float32Array.from({ length: rowCount * d }, (_, i) => -1 - i);
    const found = runMaxsim(
      core,
      1,
      bytesOf(rows),
      4 * d,
      documents,
      32,
      (records, scratch, out, bests, place) => {
        const flat = transposed(queries, 1, d, 1, new Float32Array(4 * d));
        core.kernels.maxsimF32(
          place(flat),
          1,
          d,
          place(Float32Array.of(1, 0, 0, 0)),
          records,
          documents.length,
          scratch,
          out,
          bests,
        );
      },
    );
    // the first row of each document is its best: −1 − 9·first − {0, 1, 2}
    expect([...found.scores]).toEqual(documents.map(({ first }) => -6 - 9 * first));
  });

  it('leave the maxima away where nobody wants them', () => {
    core.scope((scope) => {
      const out = scope.reserve(8);
      const rows = put(scope, Float32Array.of(1, 2));
      core.kernels.maxsimF32(
        put(scope, Float32Array.of(3, 0, 0, 0)),
        1,
        1,
        put(scope, Float32Array.of(2, 0, 0, 0)),
        put(scope, Uint32Array.of(rows, 2, rows, 0)),
        2,
        scope.reserve(32).at(),
        out.at(),
        NO_PTR,
      );
      expect([...out.f32(0, 2)]).toEqual([12, Number.NEGATIVE_INFINITY]);
    });
  });
});

function halfValue(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

describeBuilds('maxsimI8', (core) => {
  const run = (
    queries: Int16Array,
    nq: number,
    d: number,
    factors: Float32Array,
    rows: Int8Array,
    scales: Float32Array,
    documents: readonly twin.DocumentRows[],
  ): Found => {
    const groups = Math.ceil(nq / 4);
    const packed = withScales(new Uint8Array(rows.buffer), d, scales);
    const scratchBytes = 16 * groups + 16 + 8 * d + 16;
    return runMaxsim(
      core,
      nq,
      packed,
      d + 4,
      documents,
      scratchBytes,
      (records, scratch, out, bests, place) => {
        const flat = transposed(queries, nq, d, 2, new Int16Array(groups * 4 * d));
        core.kernels.maxsimI8(
          place(flat),
          groups,
          d,
          place(factors),
          records,
          documents.length,
          scratch,
          out,
          bests,
        );
      },
    );
  };

  it.each([4, 8, 12, 16, 20, 64, 128, 132, 256, 768, 1536])('equals the twin at d = %i', (d) => {
    const { documents, rowCount } = documentsOf(COUNTS);
    const rows = new Int8Array(randomBytes(rowCount * d, 5).buffer);
    const scales = gaussianRows(1, rowCount, 6).map(Math.abs);
    for (const nq of queryCounts(d)) {
      const queries = integerQueries(nq, d, 7);
      const factors = factorsOf(nq, 8);
      const expected = twin.maxsimI8(queries, nq, d, factors, rows, scales, documents);
      expectFound(run(queries, nq, d, factors, rows, scales, documents), expected, nq, factors, () => 0);
    }
  });

  it.each([
    [32_767, -128],
    [-32_768, -128],
    [32_767, 127],
  ])('does not overflow where Σ|q|·255 nears 2³¹: %i · %i', (q, value) => {
    // 256·32,767 = 8,388,352 and 256·32,768 = 8,388,608, both below 8,421,504
    const d = 256;
    const rows = new Int8Array(5 * d).fill(value);
    const queries = new Int16Array(d).fill(q);
    const found = run(queries, 1, d, Float32Array.of(1, 0, 0, 0), rows, new Float32Array(5).fill(1), [
      { first: 0, count: 5 },
    ]);
    expect(found.scores[0]).toBe(Math.fround(d * q * value));
  });

  it('does not overflow at d = 65,536', () => {
    // 65,536·128 = 8,388,608 < 8,421,504
    const d = 65_536;
    const found = run(
      new Int16Array(d).fill(128),
      1,
      d,
      Float32Array.of(1, 0, 0, 0),
      new Int8Array(d).fill(-128),
      Float32Array.of(1),
      [{ first: 0, count: 1 }],
    );
    expect(found.scores[0]).toBe(-128 * 128 * d);
  });
});

describeBuilds('maxsimCode', (core) => {
  const run = (
    queries: Int16Array,
    nq: number,
    d: number,
    bits: number,
    factors: Float32Array,
    codes: Uint8Array,
    scales: Float32Array,
    documents: readonly twin.DocumentRows[],
  ): Found => {
    const groups = Math.ceil(nq / 4);
    const codeBytes = (d * bits) / 8;
    const packed = withScales(codes, codeBytes, scales);
    const scratchBytes = 16 * groups + 16 + 8 * d + 16;
    return runMaxsim(
      core,
      nq,
      packed,
      codeBytes + 4,
      documents,
      scratchBytes,
      (records, scratch, out, bests, place) => {
        const flat = transposed(queries, nq, d, 2, new Int16Array(groups * 4 * d));
        core.kernels.maxsimCode(
          place(flat),
          groups,
          d,
          bits,
          place(factors),
          records,
          documents.length,
          scratch,
          out,
          bests,
        );
      },
    );
  };

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('equals the twin with %i bits', (bits) => {
    const { documents, rowCount } = documentsOf(COUNTS);
    for (const d of [16, 32, 48, 112, 128, 1536]) {
      const codes = randomBytes((rowCount * d * bits) / 8, 9);
      const scales = gaussianRows(1, rowCount, 10).map(Math.abs);
      for (const nq of d === 128 ? QUERY_COUNTS : [5]) {
        const queries = integerQueries(nq, d, 11);
        const factors = factorsOf(nq, 12);
        const expected = twin.maxsimCode(queries, nq, d, bits, factors, codes, scales, documents);
        const found = run(queries, nq, d, bits, factors, codes, scales, documents);
        expectFound(found, expected, nq, factors, () => 0);
      }
    }
  });

  it.each([1, 3, 8])('does not overflow at d = 65,536 with %i bits', (bits) => {
    // 65,536·128 = 8,388,608 < 8,421,504
    const d = 65_536;
    for (const isTop of [true, false]) {
      const codes = new Uint8Array((d * bits) / 8);
      packCode(new Uint16Array(d).fill(isTop ? 2 ** bits - 1 : 0), d, bits, codes);
      const found = run(
        new Int16Array(d).fill(-128),
        1,
        d,
        bits,
        Float32Array.of(1, 0, 0, 0),
        codes,
        Float32Array.of(1),
        [{ first: 0, count: 1 }],
      );
      expect(found.scores[0]).toBe((isTop ? -128 : 128) * (2 ** bits - 1) * d);
    }
  });
});
