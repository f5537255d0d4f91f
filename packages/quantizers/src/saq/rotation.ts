/**
 * The random rotation of one segment, applied to rows of the PCA matrix at training so that queries and vectors pay for
 * it nothing: (R V) x = R (V x).
 *
 * 64 dims and more: four rounds of sign flips, Walsh–Hadamard transforms and Kac steps (O(d log d), spec section 2.3).
 * Fewer: a dense orthonormal matrix, Gram–Schmidt on seeded uniform entries. Only + - * / and sqrt in f64, so the same
 * seed gives the same bytes everywhere.
 */
import { type RandomStream, rotate, rotationSigns } from '@sagitta/core-wasm';

/** Rows of a random orthonormal d × d matrix. */
function denseRotation(d: number, random: RandomStream): Float64Array {
  const q = Float64Array.from({ length: d * d }, () => random.nextUnit() * 2 - 1);
  for (let i = 0; i < d; i++) {
    const row = q.subarray(i * d, (i + 1) * d);
    // twice is enough: the second pass removes what rounding left of the first
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = q.subarray(j * d, (j + 1) * d);
        let dot = 0;
        for (let t = 0; t < d; t++) dot += (row[t] as number) * (other[t] as number);
        for (let t = 0; t < d; t++) row[t] = (row[t] as number) - dot * (other[t] as number);
      }
    }
    let norm = 0;
    for (let t = 0; t < d; t++) norm += (row[t] as number) * (row[t] as number);
    const inverse = 1 / Math.sqrt(norm);
    for (let t = 0; t < d; t++) row[t] = (row[t] as number) * inverse;
  }
  return q;
}

/**
 * Rotates each of `count` vectors of d entries (columns: count × d, overwritten) by the same random rotation.
 */
export function rotateSegment(columns: Float64Array, count: number, d: number, random: RandomStream): void {
  if (d >= 64) {
    const signs = rotationSigns(random, d);
    for (let c = 0; c < count; c++) rotate(columns.subarray(c * d, (c + 1) * d), signs);
    return;
  }
  const matrix = denseRotation(d, random);
  const out = new Float64Array(d);
  for (let c = 0; c < count; c++) {
    const x = columns.subarray(c * d, (c + 1) * d);
    for (let i = 0; i < d; i++) {
      let dot = 0;
      for (let t = 0; t < d; t++) dot += (matrix[i * d + t] as number) * (x[t] as number);
      out[i] = dot;
    }
    x.set(out);
  }
}
