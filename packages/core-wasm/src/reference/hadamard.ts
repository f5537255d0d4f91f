/**
 * Plain twins of assembly/hadamard.ts. Rotations write bytes of models, so each step rounds to f32 exactly where the
 * kernels round, one stage at a time; they agree bit for bit.
 */

const { fround } = Math;

/** Computes H·x in place for each of n rows of d values, d a power of two; unnormalised. */
export function hadamardF32Rows(rows: Float32Array, n: number, d: number): void {
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * d, (i + 1) * d);
    for (let h = 1; h < d; h *= 2) {
      for (let block = 0; block < d; block += 2 * h) {
        for (let j = block; j < block + h; j++) butterfly(row, j, j + h);
      }
    }
  }
}

/**
 * Four rounds of sign flips, Hadamard on the first or last t = 2^floor(log2 d) coordinates and, if t < d, butterflies
 * at distance d/2. In place, d values at the start of each of n rows that lie `stride` values apart, d a multiple of
 * 16; signs 4 × d words of 0 or 0x80000000.
 */
export function rotateF32Rows(
  rows: Float32Array,
  n: number,
  stride: number,
  d: number,
  signs: Uint32Array,
): void {
  let t = 1;
  while (t * 2 <= d) t *= 2;
  const scale = fround(1 / Math.sqrt(t));
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * stride, i * stride + d);
    for (let round = 0; round < 4; round++) {
      for (let j = 0; j < d; j++) if (signs[round * d + j] !== 0) row[j] = -row[j];
      const block = round % 2 === 0 ? row.subarray(0, t) : row.subarray(d - t);
      hadamardF32Rows(block, 1, t);
      for (let j = 0; j < t; j++) block[j] *= scale;
      if (t < d) for (let j = 0; j < d / 2; j++) butterfly(row, j, j + d / 2);
    }
    if (t < d) for (let j = 0; j < d; j++) row[j] *= 0.25;
  }
}

function butterfly(row: Float32Array, low: number, high: number): void {
  const a = row[low];
  const b = row[high];
  row[low] = a + b;
  row[high] = a - b;
}
