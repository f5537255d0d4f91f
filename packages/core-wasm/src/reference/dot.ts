/** Plain twins of assembly/dot.ts: oracles in f64, exact for integers. */

/** Returns <a, b>, summed in f64; a, b: d values each. */
export function dotF32(a: Float32Array, b: Float32Array, d: number): number {
  let sum = 0;
  for (let j = 0; j < d; j++) sum += a[j] * b[j];
  return sum;
}

/** out[i] = <q, rows[i]>; rows n × d, out n values, the caller's. */
export function dotF32Rows(
  q: Float32Array,
  rows: Float32Array,
  n: number,
  d: number,
  out: Float32Array | Float64Array,
): void {
  for (let i = 0; i < n; i++) out[i] = dotF32(q, rows.subarray(i * d, (i + 1) * d), d);
}

/** out[a·n + i] = <queries[a], rows[i]>; queries nq × d, rows n × d, out nq × n values, the caller's. */
export function dotF32Tile(
  queries: Float32Array,
  nq: number,
  rows: Float32Array,
  n: number,
  d: number,
  out: Float32Array | Float64Array,
): void {
  for (let a = 0; a < nq; a++) {
    dotF32Rows(queries.subarray(a * d, (a + 1) * d), rows, n, d, out.subarray(a * n, (a + 1) * n));
  }
}

/** out[i] = Σ q[j]·rows[i][j], exact (below 2⁵³); rows n × d, out n values, the caller's. */
export function dotI8Rows(q: Int8Array, rows: Int8Array, n: number, d: number, out: Int32Array): void {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += q[j] * rows[i * d + j];
    out[i] = sum;
  }
}
