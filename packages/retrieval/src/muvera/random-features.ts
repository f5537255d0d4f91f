/**
 * Random features: φ(x) = max(0, W·(x - c)/s + b), c the mean of the tokens and s the root of the mean square distance from
 * it, W normal, b normal · 0.3. Centred, since one direction that all tokens share would make most features the same number.
 * Local features (distances to k-means centres) found .38 to .62 of the exact top 10 where these found .60 to .67.
 */
import type { RandomStream } from '@sagitta/core-wasm';
import type { FeatureLayer } from './token-features.ts';

/** Standard deviation of b. */
const BIAS = 0.3;

/** tokens — n × d, at least one. */
export function randomFeatures(
  tokens: Float32Array,
  d: number,
  width: number,
  random: RandomStream,
): readonly FeatureLayer[] {
  const { mean, spread } = centreOf(tokens, d);
  const weights = new Float32Array(d * width);
  const bias = new Float32Array(width);
  // feature by feature: those of a shorter map are the first of a longer one
  for (let h = 0; h < width; h++) {
    let offset = BIAS * normal(random);
    for (let j = 0; j < d; j++) {
      const weight = Math.fround(normal(random) / spread);
      weights[j * width + h] = weight;
      offset -= weight * (mean[j] as number);
    }
    bias[h] = offset;
  }
  return [{ inputs: d, outputs: width, weights, bias }];
}

/** About normal: the sum of twelve uniform numbers, of variance 1, exact in f64. */
export function normal(random: RandomStream): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.nextUnit();
  return sum;
}

/** Mean of rows, and the root of their mean square distance from it (1 where they are all alike). */
export function centreOf(
  rows: Float32Array,
  d: number,
): { readonly mean: Float64Array; readonly spread: number } {
  const n = rows.length / d;
  const mean = new Float64Array(d);
  let energy = 0;
  for (let start = 0; start < rows.length; start += d) {
    for (let j = 0; j < d; j++) {
      const value = rows[start + j] as number;
      mean[j] = (mean[j] as number) + value;
      energy += value * value;
    }
  }
  let common = 0;
  for (let j = 0; j < d; j++) {
    const value = (mean[j] as number) / n;
    mean[j] = value;
    common += value * value;
  }
  const variance = energy / n - common;
  return { mean, spread: variance > 1e-12 * common ? Math.sqrt(variance) : 1 };
}
