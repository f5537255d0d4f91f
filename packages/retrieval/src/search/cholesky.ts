/** Symmetric positive systems in f64: a = L·Lᵀ, row-major. */

/** L of a = L·Lᵀ in the lower triangle of a, which is symmetric and positive. */
export function choleskyInPlace(a: Float64Array, r: number): Float64Array {
  for (let i = 0; i < r; i++) {
    const row = a.subarray(i * r, (i + 1) * r);
    for (let j = 0; j < i; j++) {
      const other = a.subarray(j * r, j * r + j + 1);
      row[j] = ((row[j] as number) - dotTo(row, other, j)) / (other[j] as number);
    }
    const rest = (row[i] as number) - dotTo(row, row, i);
    // λ bounds it from below but for rounding
    row[i] = Math.sqrt(rest > 0 ? rest : Number.MIN_VALUE);
  }
  return a;
}

/** x of L·Lᵀ·x = right; only the lower triangle of factor is read. */
export function solveCholesky(factor: Float64Array, right: Float64Array): Float64Array {
  const r = right.length;
  const out = right.slice();
  for (let i = 0; i < r; i++) {
    const row = factor.subarray(i * r, i * r + i + 1);
    out[i] = ((out[i] as number) - dotTo(row, out, i)) / (row[i] as number);
  }
  for (let i = r - 1; i >= 0; i--) {
    const row = factor.subarray(i * r, i * r + i + 1);
    const value = (out[i] as number) / (row[i] as number);
    out[i] = value;
    for (let j = 0; j < i; j++) out[j] = (out[j] as number) - value * (row[j] as number);
  }
  return out;
}

/** Product of the first n. Four sums, for speed; the order is fixed. */
function dotTo(a: Float64Array, b: Float64Array, n: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    s0 += (a[j] as number) * (b[j] as number);
    s1 += (a[j + 1] as number) * (b[j + 1] as number);
    s2 += (a[j + 2] as number) * (b[j + 2] as number);
    s3 += (a[j + 3] as number) * (b[j + 3] as number);
  }
  for (; j < n; j++) s0 += (a[j] as number) * (b[j] as number);
  return s0 + s1 + (s2 + s3);
}
