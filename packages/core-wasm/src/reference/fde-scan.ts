/** Plain twins of assembly/fde-scan.ts: oracles in f64, exact for integers. */

/** out[i] += <q, row i>; rows n × d, out n values. */
export function addDotF32Rows(
  q: Float32Array,
  rows: Float32Array,
  n: number,
  d: number,
  out: Float64Array,
): void {
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) out[i] += q[j] * rows[i * d + j];
}

/** out[i] += unit·<q, row i>; q i16, rows i8, n × d. */
export function addDotI8Rows(
  q: Int16Array,
  rows: Int8Array,
  n: number,
  d: number,
  unit: number,
  out: Float64Array,
): void {
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) out[i] += unit * q[j] * rows[i * d + j];
}

/** out[i] += factor_i·(a·value_i + b); factors default to 1. */
export function addScores(
  values: Float32Array,
  factors: Float32Array | undefined,
  a: number,
  b: number,
  out: Float64Array,
): void {
  for (let i = 0; i < values.length; i++) out[i] += (factors ? factors[i] : 1) * (a * values[i] + b);
}

/** out[i] = -(base + factor_i·out[i]); factors default to 1. */
export function finishScores(factors: Float32Array | undefined, base: number, out: Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i] = -(base + (factors ? factors[i] : 1) * out[i]);
}

/** The rows of the list, rowBytes each, one after the other. */
export function gatherRows(rows: Uint8Array, rowBytes: number, list: Uint32Array, out: Uint8Array): void {
  for (const [j, row] of list.entries()) {
    out.set(rows.subarray(row * rowBytes, (row + 1) * rowBytes), j * rowBytes);
  }
}
