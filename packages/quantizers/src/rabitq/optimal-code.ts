/**
 * The best Extended RaBitQ code of a vector (Gao et al., 2024, section 3.2): of all vectors with entries u + 1/2,
 * u = 0 … 2^(bits-1) - 1, the one with the largest cosine to |o|. It equals rounding t·|o| for some t > 0, clamped: t is
 * swept upward through the events at which an entry grows, and the best cosine on the way is kept.
 *
 * Saturated entries have no events left, which the shortcut of the common library forgets: at 2 and 4 bits its codes
 * are worse than the optimum (spec section 2.1). Time: d·2^(bits-1) events, sorted.
 */

/** Low bits of an event's key that name its dimension; the time of the event keeps 52 - 16 bits. */
const INDEX_BITS = 16;

export interface OptimalCode {
  /** The t whose rounding gives the code. */
  readonly t: number;
}

/** Finds the code of the greatest cosine. magnitudes — |o_i|, not all zero; out — u of each dim. @returns t */
export function optimalMagnitudes(magnitudes: Float64Array, bits: number, out: Uint16Array): number {
  const d = magnitudes.length;
  const top = (1 << (bits - 1)) - 1;
  out.fill(0, 0, d);
  let ip = 0;
  let count = 0;
  for (const a of magnitudes) {
    ip += a / 2;
    if (a > 0) count += top;
  }
  const keys = new Float64Array(count);
  const words = new Uint32Array(keys.buffer);
  let e = 0;
  for (let i = 0; i < d; i++) {
    const a = magnitudes[i] as number;
    if (a === 0) continue;
    for (let u = 1; u <= top; u++) {
      keys[e] = u / a;
      // the low word of a little-endian double: its last bits name the dim
      words[2 * e] = (((words[2 * e] as number) >>> INDEX_BITS) << INDEX_BITS) | i;
      e++;
    }
  }
  keys.sort();
  let norm = d / 4;
  let best = (ip * ip) / norm;
  let bestEvents = 0;
  const u = new Uint16Array(d);
  for (e = 0; e < count; e++) {
    const i = (words[2 * e] as number) & ((1 << INDEX_BITS) - 1);
    const next = (u[i] as number) + 1;
    u[i] = next;
    // (u + 1/2)² - (u - 1/2)² = 2u
    ip += magnitudes[i] as number;
    norm += 2 * next;
    const quality = (ip * ip) / norm;
    if (quality > best) {
      best = quality;
      bestEvents = e + 1;
    }
  }
  for (e = 0; e < bestEvents; e++) {
    const i = (words[2 * e] as number) & ((1 << INDEX_BITS) - 1);
    out[i] = (out[i] as number) + 1;
  }
  return bestEvents > 0 ? (keys[bestEvents - 1] as number) : 0;
}
