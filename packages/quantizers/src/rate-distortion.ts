/**
 * The least error any code of so many bits can have, for normal vectors with given variances: reverse water-filling
 * (Shannon, 1959; Cover and Thomas, Elements of Information Theory, theorem 10.3.3).
 *
 *   D(θ) = Σ min(θ, λ_i),   R(θ) = Σ max(0, ½·log₂(λ_i/θ)).
 */

export interface WaterLevel {
  /** Each coordinate is left with min(level, variance). */
  readonly level: number;
  /** Σ min(level, variance): mean squared error of a vector. */
  readonly distortion: number;
}

/**
 * Finds the level at which reverse water-filling spends the bits. variances — descending or not, finite, from 0; bits —
 * of a whole vector.
 */
export function waterLevel(variances: ArrayLike<number>, bits: number): WaterLevel {
  const own = Float64Array.from(variances).filter((value) => value > 0);
  if (own.length === 0 || bits <= 0) {
    const total = own.reduce((sum, value) => sum + value, 0);
    return { level: own.reduce((most, value) => Math.max(most, value), 0), distortion: total };
  }
  let low = Number.MIN_VALUE;
  let high = own.reduce((most, value) => Math.max(most, value), 0);
  // the rate falls as the level rises; the level is bisected on a scale of ratios
  for (let step = 0; step < 200 && high / low > 1 + 1e-12; step++) {
    const middle = Math.sqrt(low) * Math.sqrt(high);
    if (rateAt(own, middle) > bits) low = middle;
    else high = middle;
  }
  return { level: high, distortion: own.reduce((sum, value) => sum + Math.min(high, value), 0) };
}

function rateAt(variances: Float64Array, level: number): number {
  let rate = 0;
  for (const value of variances) if (value > level) rate += Math.log2(value / level) / 2;
  return rate;
}
