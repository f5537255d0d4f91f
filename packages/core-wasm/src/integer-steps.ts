/** Queries as integers of 16 bits, as fine as exact sums of 32 bits allow. */

const LARGEST_ENTRY = 32_767;

/**
 * Computes the steps a unit at which a query (d values) becomes integers q_i: entries within ±32,767, and Σ|q_i|·limit
 * below 2³¹ also where rounding adds half a unit to each entry, so that products with codes up to `limit` are exact in
 * i32. 0 for a zero query.
 */
export function integerSteps(query: Float32Array, limit: number): number {
  let most = 0;
  let sum = 0;
  for (const value of query) {
    most = Math.max(most, Math.abs(value));
    sum += Math.abs(value);
  }
  if (most === 0) return 0;
  return Math.min(LARGEST_ENTRY / most, (Math.floor((2 ** 31 - 1) / limit) - query.length) / sum);
}
