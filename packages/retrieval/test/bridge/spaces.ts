/** Pairs of spaces of generated items. */
import type { VectorSet } from '@sagitta/core-wasm';
import { symmetricEigen } from '@sagitta/quantizers/training';
import { gaussianRows } from '@sagitta/testing';

/** A d × d orthogonal matrix. */
export function orthogonal(d: number, seed: number): Float64Array {
  const rows = gaussianRows(d, d, seed);
  const symmetric = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      symmetric[i * d + j] = rows[i * d + j] as number;
      symmetric[j * d + i] = symmetric[i * d + j] as number;
    }
  }
  return symmetricEigen(symmetric, d).vectors;
}

/** n items whose variances fall as 1/√i, about a mean of length .7 where their own length is about 1. */
export function items(n: number, d: number, seed: number): Float32Array {
  const rows = gaussianRows(n, d, seed);
  const mean = gaussianRows(1, d, seed + 1000);
  const length = Math.sqrt(mean.reduce((sum, value) => sum + value * value, 0));
  let energy = 0;
  for (let j = 1; j <= d; j++) energy += 1 / Math.sqrt(j);
  return rows.map((value, at) => {
    const j = at % d;
    return value / Math.sqrt(Math.sqrt(j + 1) * energy) + (0.7 * (mean[j] as number)) / length;
  });
}

/** Rows turned by a rotation, with normal noise of the given length added. */
export function turned(rows: Float32Array, d: number, noise: number, seed: number): Float32Array {
  const rotation = orthogonal(d, seed);
  const n = rows.length / d;
  const disturbance = gaussianRows(n, d, seed + 500);
  const out = new Float32Array(rows.length);
  const sums = new Float64Array(d);
  for (let i = 0; i < n; i++) {
    sums.fill(0);
    for (let t = 0; t < d; t++) {
      const value = rows[i * d + t] as number;
      for (let j = 0; j < d; j++) sums[j] = (sums[j] as number) + value * (rotation[t * d + j] as number);
    }
    for (let j = 0; j < d; j++) {
      out[i * d + j] = (sums[j] as number) + (noise * (disturbance[i * d + j] as number)) / Math.sqrt(d);
    }
  }
  return out;
}

/** Rows first, first + step, … as a set. */
export function every(rows: Float32Array, d: number, first: number, step: number, count: number): VectorSet {
  const data = new Float32Array(count * d);
  for (let i = 0; i < count; i++) {
    const at = (first + i * step) * d;
    data.set(rows.subarray(at, at + d), i * d);
  }
  return { data, n: count, d };
}
