/** Products of dense matrices in f64, row-major: fits are in f64, and sums run in one order, so bytes are the same everywhere. */

/** a (m × k) · b (k × n). */
export function product(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    const to = out.subarray(i * n, (i + 1) * n);
    for (let t = 0; t < k; t++) {
      const value = a[i * k + t] as number;
      if (value === 0) continue;
      const from = b.subarray(t * n, (t + 1) * n);
      for (let j = 0; j < n; j++) to[j] = (to[j] as number) + value * (from[j] as number);
    }
  }
  return out;
}

/** aᵀ·b of a (n × p) and b (n × q), p × q. */
export function crossProduct(
  a: Float64Array,
  b: Float64Array,
  n: number,
  p: number,
  q: number,
): Float64Array {
  const out = new Float64Array(p * q);
  let s = 0;
  // two rows a pass: half of the reads and writes of out
  for (; s + 1 < n; s += 2) {
    const b0 = b.subarray(s * q, (s + 1) * q);
    const b1 = b.subarray((s + 1) * q, (s + 2) * q);
    for (let i = 0; i < p; i++) {
      const v0 = a[s * p + i] as number;
      const v1 = a[(s + 1) * p + i] as number;
      const at = i * q;
      for (let j = 0; j < q; j++) {
        out[at + j] = (out[at + j] as number) + (v0 * (b0[j] as number) + v1 * (b1[j] as number));
      }
    }
  }
  for (; s < n; s++) {
    for (let i = 0; i < p; i++) {
      const value = a[s * p + i] as number;
      for (let j = 0; j < q; j++) {
        out[i * q + j] = (out[i * q + j] as number) + value * (b[s * q + j] as number);
      }
    }
  }
  return out;
}

/** a·bᵀ of a (m × d) and b (n × d), m × n. */
export function rowProducts(a: Float64Array, b: Float64Array, m: number, n: number, d: number): Float64Array {
  return product(a, transposed(b, n, d), m, d, n);
}

/** The transpose of a (m × n), n × m. */
export function transposed(a: Float64Array, m: number, n: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[j * m + i] = a[i * n + j] as number;
  return out;
}

/** The mean of rows (n × d). */
export function rowMean(rows: Float64Array, n: number, d: number): Float64Array {
  const mean = new Float64Array(d);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) mean[j] = (mean[j] as number) + (rows[i * d + j] as number);
  }
  return mean.map((sum) => sum / n);
}

/** Rows (n × d) less a shift. */
export function shifted(rows: Float64Array, shift: Float64Array): Float64Array {
  const d = shift.length;
  return rows.map((value, at) => value - (shift[at % d] as number));
}

/** Rows scaled to length 1; zero rows stay zero. */
export function unitRows(rows: Float64Array, d: number): Float64Array {
  const out = rows.slice();
  for (let start = 0; start < out.length; start += d) {
    let energy = 0;
    for (let j = start; j < start + d; j++) energy += (out[j] as number) ** 2;
    const scale = energy > 0 ? 1 / Math.sqrt(energy) : 0;
    for (let j = start; j < start + d; j++) out[j] = (out[j] as number) * scale;
  }
  return out;
}

/** vᵀ·diag(f(value))·v for eigenvectors in the rows of `vectors` (r × d): d × d. */
export function spectralFunction(vectors: Float64Array, factors: Float64Array, d: number): Float64Array {
  const r = factors.length;
  const scaled = new Float64Array(r * d);
  for (let t = 0; t < r; t++) {
    for (let j = 0; j < d; j++) scaled[t * d + j] = (factors[t] as number) * (vectors[t * d + j] as number);
  }
  return crossProduct(vectors.subarray(0, r * d), scaled, r, d, d);
}
