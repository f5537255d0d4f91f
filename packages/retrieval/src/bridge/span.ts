/**
 * Rows in coordinates of their own span: n rows of d > n dims lie in n dims at most, and every fit commutes with an
 * orthonormal change of coordinates. So decompositions are of n × n matrices where pairs are few.
 */
import { symmetricEigen } from '@sagitta/quantizers/training';
import { crossProduct, product, rowProducts } from './dense.ts';

/** Eigenvalues below this share of the largest are rounding. */
const NEGLIGIBLE = 1e-10;

/** Rows and the orthonormal basis that their coordinates stand in. */
export interface Span {
  /** n × r. */
  readonly coordinates: Float64Array;
  readonly r: number;
  /** d × r with orthonormal columns; undefined where the coordinates are the rows themselves. */
  readonly basis?: Float64Array;
}

/** rows — n × d, not all zero. */
export function spanOf(rows: Float64Array, n: number, d: number): Span {
  if (d <= n) return { coordinates: rows, r: d };
  const { values, vectors } = symmetricEigen(rowProducts(rows, rows, n, n, d), n);
  let r = 1;
  while (r < n && (values[r] as number) > NEGLIGIBLE * (values[0] as number)) r++;
  // column t of the basis is Rᵀ·u_t/√s_t
  const weights = new Float64Array(n * r);
  for (let t = 0; t < r; t++) {
    const scale = 1 / Math.sqrt(values[t] as number);
    for (let i = 0; i < n; i++) weights[i * r + t] = (vectors[t * n + i] as number) * scale;
  }
  const basis = crossProduct(rows, weights, n, d, r);
  return { coordinates: product(rows, basis, n, d, r), r, basis };
}
