/** Plain twins of assembly/l2.ts: squared Euclidean distances and norms, summed in f64. */

/** Returns |a − b|²; a, b: d values each. */
export function l2F32(a: Float32Array, b: Float32Array, d: number): number {
  let sum = 0;
  for (let j = 0; j < d; j++) {
    const difference = a[j] - b[j];
    sum += difference * difference;
  }
  return sum;
}

/** out[i] = |q − rows[i]|²; rows n × d, out n values, the caller's. */
export function l2F32Rows(
  q: Float32Array,
  rows: Float32Array,
  n: number,
  d: number,
  out: Float32Array | Float64Array,
): void {
  for (let i = 0; i < n; i++) out[i] = l2F32(q, rows.subarray(i * d, (i + 1) * d), d);
}

/** out[a·n + i] = |queries[a] − rows[i]|²; queries nq × d, rows n × d, out nq × n values, the caller's. */
export function l2F32Tile(
  queries: Float32Array,
  nq: number,
  rows: Float32Array,
  n: number,
  d: number,
  out: Float32Array | Float64Array,
): void {
  for (let a = 0; a < nq; a++) {
    l2F32Rows(queries.subarray(a * d, (a + 1) * d), rows, n, d, out.subarray(a * n, (a + 1) * n));
  }
}

/** out[i] = |rows[i]|²; rows n × d, out n values, the caller's. */
export function normF32Rows(
  rows: Float32Array,
  n: number,
  d: number,
  out: Float32Array | Float64Array,
): void {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = i * d; j < (i + 1) * d; j++) sum += rows[j] * rows[j];
    out[i] = sum;
  }
}
