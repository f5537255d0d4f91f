/**
 * How many principal directions carry more than white noise: Bayesian PCA with automatic relevance determination (Bishop
 * 1999), whose rotation is known from the eigenvectors, so that a scalar fixed point is left for each eigenvalue ℓ:
 *
 *   α = d/w²,   c = (-N + √(N² + 4·α·N·ℓ))/(2α),   w² = max(0, c - σ²),   σ² the mean of the ℓ whose w² is 0
 *
 * | symbol | is |
 * |---|---|
 * | w² | strength of a direction beyond the noise; 0 switches it off |
 * | c | variance along it that is likeliest under the prior |
 *
 * It is for rank above white noise. Embeddings have no white floor: of LSA vectors of 256 dims it keeps 57, where far more
 * are needed for recall. So it is a hint, and what recall fewer dims keep has to be measured.
 */
import { checkInteger } from '@sagitta/core-wasm';

const ROUNDS = 100;
/** Strengths below this share of the noise are on their way to 0. */
const VANISHED = 1e-6;

/**
 * Counts the directions that are relevant.
 * @param variances - of all d directions, falling, as trainPca has them
 * @param n - vectors that they come from
 * @throws RangeError on no variances, or n below 2
 */
export function relevantDims(variances: ArrayLike<number>, n: number): number {
  const d = checkInteger('variances length', variances.length, 1, Number.MAX_SAFE_INTEGER);
  checkInteger('n', n, 2, Number.MAX_SAFE_INTEGER);
  // of fewer vectors than dims the rest is 0 for want of vectors
  const rank = Math.min(d, n - 1);
  // noise is spread over all dims, though the rank is lower
  let kept = Math.floor(rank / 2);
  for (let round = 0; round < ROUNDS; round++) {
    let rest = 0;
    for (let i = kept; i < d; i++) rest += variances[i] as number;
    const noise = rest / Math.max(1, d - kept);
    let found = 0;
    while (found < rank && strengthOf(variances[found] as number, noise, n, d) > 0) found++;
    if (found === kept) break;
    kept = found;
  }
  return kept;
}

/** The fixed point of one direction, from above. */
function strengthOf(variance: number, noise: number, n: number, d: number): number {
  let strength = variance - noise;
  for (let round = 0; round < ROUNDS && strength > VANISHED * noise && strength > 0; round++) {
    const alpha = d / strength;
    const likeliest = (Math.sqrt(n * n + 4 * alpha * n * variance) - n) / (2 * alpha);
    const next = likeliest - noise;
    if (next >= strength * (1 - 1e-9)) break;
    strength = next;
  }
  return strength > VANISHED * noise ? Math.max(0, strength) : 0;
}
