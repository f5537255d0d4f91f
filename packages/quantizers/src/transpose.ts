/** Numbers a side of a square. */
const SQUARE = 32;

/** Writes a matrix (rows × columns, row-major) into out as columns × rows, by squares that stay in the cache. */
export function transpose(
  matrix: Float32Array,
  rows: number,
  columns: number,
  out: Float32Array = new Float32Array(rows * columns),
): Float32Array {
  for (let top = 0; top < rows; top += SQUARE) {
    const bottom = Math.min(rows, top + SQUARE);
    for (let left = 0; left < columns; left += SQUARE) {
      const right = Math.min(columns, left + SQUARE);
      for (let j = left; j < right; j++) {
        for (let i = top; i < bottom; i++) out[j * rows + i] = matrix[i * columns + j] as number;
      }
    }
  }
  return out;
}
