/**
 * Plain twins of assembly/maxsim.ts and assembly/maxsim-bits.ts. Documents are first rows and numbers of rows of one
 * array instead of pointers; queries are nq × d as anybody would write them. Sums are in f64 (integers: exact).
 */
import { unpackCode } from './code-pack.ts';
import { halfToNumber } from './table-rows.ts';

/** One document: rows `first` … first + count - 1. */
export interface DocumentRows {
  readonly first: number;
  readonly count: number;
}

/** Is the best row of each query token. */
export interface MaxsimResult {
  /** Σ factor·best, a document each; -Infinity without rows. */
  readonly scores: Float64Array;
  /** documents × nq: the maxima, -Infinity without rows. */
  readonly bests: Float64Array;
}

/** The common shape: similarity(a, row) of query token a with a row. */
function search(
  nq: number,
  factors: Float32Array,
  documents: readonly DocumentRows[],
  similarity: (a: number, row: number) => number,
): MaxsimResult {
  const scores = new Float64Array(documents.length);
  const bests = new Float64Array(documents.length * nq);
  for (const [i, { first, count }] of documents.entries()) {
    for (let a = 0; a < nq; a++) {
      let best = Number.NEGATIVE_INFINITY;
      for (let row = first; row < first + count; row++) best = Math.max(best, similarity(a, row));
      bests[i * nq + a] = best;
      if (count > 0) scores[i] += factors[a] * best;
    }
    if (count === 0) scores[i] = Number.NEGATIVE_INFINITY;
  }
  return { scores, bests };
}

/** Scores rows against query tokens. queries nq × d, rows × d. */
export function maxsimF32(
  queries: Float32Array,
  nq: number,
  d: number,
  factors: Float32Array,
  rows: Float32Array,
  documents: readonly DocumentRows[],
): MaxsimResult {
  return search(nq, factors, documents, (a, row) => {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += queries[a * d + j] * rows[row * d + j];
    return sum;
  });
}

/** Scores rows of half precision against query tokens. rows: halves, rows × d. */
export function maxsimF16(
  queries: Float32Array,
  nq: number,
  d: number,
  factors: Float32Array,
  rows: Uint16Array,
  documents: readonly DocumentRows[],
): MaxsimResult {
  return maxsimF32(queries, nq, d, factors, Float32Array.from(rows, halfToNumber), documents);
}

/** queries: integers; values rows × d, scales a row. What both integer kernels compute once codes are unpacked. */
function maxsimIntegers(
  queries: Int16Array,
  nq: number,
  d: number,
  factors: Float32Array,
  values: Int16Array,
  scales: Float32Array,
  documents: readonly DocumentRows[],
): MaxsimResult {
  return search(nq, factors, documents, (a, row) => {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += queries[a * d + j] * values[row * d + j];
    return Math.fround(Math.fround(sum) * scales[row]);
  });
}

/** Scores rows of bytes against query tokens. rows i8: rows × d. */
export function maxsimI8(
  queries: Int16Array,
  nq: number,
  d: number,
  factors: Float32Array,
  rows: Int8Array,
  scales: Float32Array,
  documents: readonly DocumentRows[],
): MaxsimResult {
  return maxsimIntegers(queries, nq, d, factors, Int16Array.from(rows), scales, documents);
}

/** codes: rows × d·bits/8 bytes as packCode makes them. */
export function maxsimCode(
  queries: Int16Array,
  nq: number,
  d: number,
  bits: number,
  factors: Float32Array,
  codes: Uint8Array,
  scales: Float32Array,
  documents: readonly DocumentRows[],
): MaxsimResult {
  const codeBytes = (d * bits) / 8;
  const unpacked = new Uint16Array(d);
  const values = new Int16Array(scales.length * d);
  for (let row = 0; row < scales.length; row++) {
    unpackCode(codes.subarray(row * codeBytes), d, bits, unpacked);
    for (let j = 0; j < d; j++) values[row * d + j] = 2 * unpacked[j] - (2 ** bits - 1);
  }
  return maxsimIntegers(queries, nq, d, factors, values, scales, documents);
}

/** Scores codes of signs against query tokens. luts u8[nq × d/4 × 16]; codes: rows × d/8 bytes. */
export function maxsimBits(
  luts: Uint8Array,
  nq: number,
  d: number,
  factors: Float32Array,
  shifts: Float32Array,
  codes: Uint8Array,
  scales: Float32Array,
  documents: readonly DocumentRows[],
): MaxsimResult {
  const groups = d / 4;
  return search(nq, factors, documents, (a, row) => {
    let sum = 0;
    for (let s = 0; s < groups; s++) {
      const pattern = (codes[row * (d / 8) + (s >> 1)] >> (4 * (s % 2))) % 16;
      sum += luts[(a * groups + s) * 16 + pattern];
    }
    return Math.fround(Math.fround(sum - shifts[a]) * scales[row]);
  });
}
