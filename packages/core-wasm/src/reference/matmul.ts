/**
 * Plain twins of assembly/matmul.ts. These kernels write bytes of models, so the twins are no f64 oracles: they round
 * every product and every sum to f32 in the order the kernels promise, and agree with them bit for bit.
 */

const { fround } = Math;

/** C = A·B, each sum in ascending k; a m × k, b k × n, c m × n, the caller's, overwritten. */
export function matmulF32(
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
  c: Float32Array,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let s = 0; s < k; s++) sum = fround(sum + fround(a[i * k + s] * b[s * n + j]));
      c[i * n + j] = sum;
    }
  }
}

/** out += rowsᵀ·rows, each sum in ascending row; rows n × d, out d × d, symmetric, the caller's. */
export function gramF32(rows: Float32Array, n: number, d: number, out: Float32Array): void {
  for (let i = 0; i < d; i++) {
    for (let j = i; j < d; j++) {
      let sum = out[i * d + j];
      for (let r = 0; r < n; r++) sum = fround(sum + fround(rows[r * d + i] * rows[r * d + j]));
      out[i * d + j] = sum;
      out[j * d + i] = sum;
    }
  }
}

/**
 * The nearest centroid of each row by |c|² − 2<x, c>, ties to the lower id; outDistances[i] = max(0, |x|² + minimum).
 * rows n × d, centroids nlist × d, centroidNorms nlist (squared), outIds and outDistances n, the caller's.
 */
export function nearestF32(
  rows: Float32Array,
  n: number,
  d: number,
  centroids: Float32Array,
  centroidNorms: Float32Array,
  nlist: number,
  outIds: Uint32Array,
  outDistances: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * d, (i + 1) * d);
    let best = Infinity;
    let bestId = 0;
    for (let c = 0; c < nlist; c++) {
      const dot = dotByLanes(row, centroids.subarray(c * d, (c + 1) * d), d);
      const score = fround(centroidNorms[c] - 2 * dot);
      if (score < best) {
        best = score;
        bestId = c;
      }
    }
    outIds[i] = bestId;
    outDistances[i] = Math.max(0, fround(dotByLanes(row, row, d) + best));
  }
}

/** Lane l sums the dimensions l, l + 4, l + 8, …; the result is (l0 + l2) + (l1 + l3). */
function dotByLanes(a: Float32Array, b: Float32Array, d: number): number {
  const lanes = new Float32Array(4);
  for (let j = 0; j < d; j++) lanes[j & 3] += fround(a[j] * b[j]);
  return fround(fround(lanes[0] + lanes[2]) + fround(lanes[1] + lanes[3]));
}
