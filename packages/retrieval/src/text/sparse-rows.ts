/** Holds sparse rows (compressed row storage) and their products with dense matrices. */

export interface SparseRows {
  /** Rows. */
  readonly n: number;
  /** Columns. */
  readonly d: number;
  /** n + 1 positions: row i is starts[i] … starts[i + 1] - 1. */
  readonly starts: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array;
}

/** out[n × width] = rows · dense, dense[d × width] row-major. */
export function multiply(rows: SparseRows, dense: Float32Array, width: number): Float32Array {
  const { n, starts, columns, values } = rows;
  const out = new Float32Array(n * width);
  for (let i = 0; i < n; i++) {
    const to = i * width;
    const end = starts[i + 1] as number;
    for (let s = starts[i] as number; s < end; s++)
      addScaled(dense, (columns[s] as number) * width, values[s] as number, out, to, width);
  }
  return out;
}

/** out[d × width] = rowsᵀ · dense, dense[n × width] row-major. */
export function multiplyTransposed(rows: SparseRows, dense: Float32Array, width: number): Float32Array {
  const { n, d, starts, columns, values } = rows;
  const out = new Float32Array(d * width);
  for (let i = 0; i < n; i++) {
    const from = i * width;
    const end = starts[i + 1] as number;
    for (let s = starts[i] as number; s < end; s++)
      addScaled(dense, from, values[s] as number, out, (columns[s] as number) * width, width);
  }
  return out;
}

function addScaled(
  from: Float32Array,
  fromStart: number,
  scale: number,
  to: Float32Array,
  toStart: number,
  width: number,
): void {
  for (let j = 0; j < width; j++)
    to[toStart + j] = (to[toStart + j] as number) + scale * (from[fromStart + j] as number);
}
