/**
 * The solver of a ridge regression: P = (ΦᵀΦ + λ·I)⁻¹·Φᵀ for m rows Φ of H features, so that the weights of any targets y
 * are P·y.
 *
 *   ΦᵀΦ + λ·I = L·Lᵀ,   P = L⁻ᵀ·(L⁻¹·Φᵀ),   λ = ridge · tr(ΦᵀΦ)/H
 *
 * The Gram matrix is summed in f64 over runs of 1,024 rows in f32; L and L⁻¹ are f64; the two products with Φᵀ are f32, whose
 * error is about ε·√cond of each, not ε·cond: they have L⁻¹ and not (L·Lᵀ)⁻¹.
 * Memory: 2·H² f64 numbers, H² and 3·H·m f32. Time: H³/3 multiply-adds in f64, 2.5·H²·m in f32.
 */
import type { Core } from '@sagitta/core-wasm';
import { transpose } from '@sagitta/quantizers/internal';
import { choleskyInPlace } from '../search/cholesky.ts';
import { floatProduct } from '../search/float-product.ts';

/** Rows of one f32 sum of the Gram matrix. */
const GRAM_ROWS = 1024;

/** features — m × H. Returns P, H × m. */
export function ridgeSolver(
  core: Core,
  features: Float32Array,
  m: number,
  width: number,
  ridge: number,
): Float32Array {
  const gram = gramOf(core, features, m, width);
  let trace = 0;
  for (let i = 0; i < width; i++) trace += gram[i * width + i] as number;
  // features that are all 0 explain nothing: P is 0 with any λ
  const lambda = trace > 0 ? (ridge * trace) / width : 1;
  for (let i = 0; i < width; i++) gram[i * width + i] = (gram[i * width + i] as number) + lambda;
  const inverse = invertLower(choleskyInPlace(gram, width), width);
  const lower = Float32Array.from(inverse);
  const middle = floatProduct(core, lower, transpose(features, m, width), width, m, width);
  return floatProduct(core, transpose(lower, width, width), middle, width, m, width);
}

function gramOf(core: Core, features: Float32Array, m: number, width: number): Float64Array {
  const gram = new Float64Array(width * width);
  core.scope((scope) => {
    const rows = scope.reserve(4 * Math.min(m, GRAM_ROWS) * width);
    const out = scope.reserve(4 * width * width);
    for (let first = 0; first < m; first += GRAM_ROWS) {
      const count = Math.min(GRAM_ROWS, m - first);
      rows.f32(0, count * width).set(features.subarray(first * width, (first + count) * width));
      const sums = out.f32(0, width * width).fill(0);
      core.kernels.gramF32(rows.at(), count, width, out.at());
      for (let i = 0; i < sums.length; i++) gram[i] = (gram[i] as number) + (sums[i] as number);
    }
  });
  return gram;
}

/** L⁻¹ of a lower triangle, zeros above: row i is (e_i - Σ_{j<i} L_ij·row j)/L_ii. */
function invertLower(factor: Float64Array, r: number): Float64Array {
  const out = new Float64Array(r * r);
  for (let i = 0; i < r; i++) {
    const row = out.subarray(i * r, i * r + i + 1);
    for (let j = 0; j < i; j++) {
      const weight = factor[i * r + j] as number;
      const other = out.subarray(j * r, j * r + j + 1);
      for (let t = 0; t <= j; t++) row[t] = (row[t] as number) - weight * (other[t] as number);
    }
    const diagonal = factor[i * r + i] as number;
    row[i] = 1;
    for (let t = 0; t <= i; t++) row[t] = (row[t] as number) / diagonal;
  }
  return out;
}
