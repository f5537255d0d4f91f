/**
 * Intrinsic dimension from distances to nearest neighbours. r_j is the distance (not squared) of a row to its j-th nearest
 * other row, above 0.
 *
 *   TwoNN   μ = r₂/r₁ sorted, F_i = i/n: slope through the origin of -ln(1 - F) on ln μ over the smallest 90 %
 *           (Facco et al. 2017)
 *   LID     m_k = [1/(k - 1)·Σ_{j<k} ln(r_k/r_j)]⁻¹ of a row (Levina & Bickel 2004)
 *   MLE     the inverse of the mean of the inverses (MacKay & Ghahramani 2005). With k - 2 in place of k - 1 it is unbiased
 *           for a row, and too low after averaging.
 *
 * All of them fall short from about 10 on, since there are too few rows: a number above 15 is a lower bound.
 */

/** Share of the ratios, smallest first, that the slope is fitted to. */
const FITTED_SHARE = 0.9;

/** Fits the slope of TwoNN. distances — n × k ascending in a row; rows of two distances 0 are left out. */
export function twoNearest(distances: Float64Array, k: number): number {
  const logs: number[] = [];
  for (let at = 0; at < distances.length; at += k) {
    const [first, second] = [distances[at] as number, distances[at + 1] as number];
    if (first > 0) logs.push(Math.log(second / first));
  }
  logs.sort((a, b) => a - b);
  const n = logs.length;
  let products = 0;
  let squares = 0;
  for (let i = 0; i < Math.floor(FITTED_SHARE * n); i++) {
    const x = logs[i] as number;
    products += x * -Math.log(1 - (i + 1) / n);
    squares += x * x;
  }
  return squares > 0 ? products / squares : 0;
}

/** Local dimension of each row; 0 where distances say nothing: a row among copies, or neighbours that are all as far. */
export function localFromDistances(distances: Float64Array, k: number): Float64Array {
  const out = new Float64Array(distances.length / k);
  for (let i = 0; i < out.length; i++) {
    const last = distances[i * k + k - 1] as number;
    let sum = 0;
    for (let j = i * k; j < i * k + k - 1; j++) sum += Math.log(last / (distances[j] as number));
    out[i] = sum > 0 && sum < Infinity ? (k - 1) / sum : 0;
  }
  return out;
}

/** The inverse of the mean inverse of local dimensions, those that say nothing left out; 0 without any. */
export function pooledDimension(local: Float64Array): number {
  let inverses = 0;
  let count = 0;
  for (const value of local) {
    if (value === 0) continue;
    inverses += 1 / value;
    count++;
  }
  return count > 0 ? count / inverses : 0;
}
