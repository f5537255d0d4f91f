/**
 * Bounds on the rounding of f32 sums, for comparison with an f64 oracle. With u = 2⁻²⁴ a sum of d rounded products
 * in any order, fused or not, errs by at most γ_d·Σ|x||y|, γ_d = d·u / (1 − d·u) (Higham, Accuracy and Stability of
 * Numerical Algorithms, §3.1). With ε = 2⁻²³ = 2u, (2d − 1)·ε is above 2·γ_d for every d we use.
 */

/** Distance from 1 to the next f32. */
export const F32_EPSILON: number = 2 ** -23;

/** (2d − 1)·ε·Σ|x||y| for <x, y> of d values. */
export function dotErrorBound(x: Float32Array, y: Float32Array, d: number): number {
  let sum = 0;
  for (let j = 0; j < d; j++) sum += Math.abs(x[j] * y[j]);
  return (2 * d - 1) * F32_EPSILON * sum;
}

/** (2d + 1)·ε·Σ(x − y)²: the difference rounds too, which its square doubles. */
export function l2ErrorBound(x: Float32Array, y: Float32Array, d: number): number {
  let sum = 0;
  for (let j = 0; j < d; j++) sum += (x[j] - y[j]) ** 2;
  return (2 * d + 1) * F32_EPSILON * sum;
}
