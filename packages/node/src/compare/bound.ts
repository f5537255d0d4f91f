/**
 * The rate–distortion bound as an error of distances: a normal code of R bits a dimension leaves θ_i = min(θ, λ_i) of
 * each principal variance λ_i, and an error of that shape in x puts 2·√(Σ q_i²·θ_i)·√(2/π) on average into |q - x|².
 *
 * It binds codes that decode to a vector of least squared error and no more; factors beside the code, such as exact
 * norms, are not in it, and data that are not normal may lie below.
 */
import type { Core, VectorSet } from '@sagitta/core-wasm';
import { principalDirections, waterLevel } from '@sagitta/quantizers';
import { l2F64 } from '../scores-f64.ts';

/** Holds the least error possible at a number of bits. */
export interface BoundPoint {
  readonly bits: number;
  readonly averageRelativeError: number;
}

/** Vectors whose spectrum is taken, and pairs over which the error is averaged. */
const SPECTRUM_ROWS = 20_000;
const PAIR_ROWS = 2_000;
const PAIR_QUERIES = 50;

/** base and queries as they are compared: of length 1 for cosine. */
export function errorBound(
  core: Core,
  base: VectorSet,
  queries: VectorSet,
  bits: readonly number[],
): BoundPoint[] {
  const { d } = base;
  const n = Math.min(base.n, SPECTRUM_ROWS);
  const sample = { data: base.data.subarray(0, n * d), n, d };
  const pca = principalDirections(core, sample, { center: true, dims: d, seed: 1 });
  const nq = Math.min(queries.n, PAIR_QUERIES);
  const rows = Math.min(base.n, PAIR_ROWS);
  // squares of the queries' coordinates about the mean
  const squares = new Float64Array(nq * d);
  for (let q = 0; q < nq; q++) {
    for (let i = 0; i < d; i++) {
      let sum = 0;
      for (let j = 0; j < d; j++) {
        sum +=
          (pca.components[i * d + j] as number) *
          ((queries.data[q * d + j] as number) - (pca.mean[j] as number));
      }
      squares[q * d + i] = sum * sum;
    }
  }
  // the mean of 1/true over the pairs of each query
  const inverse = new Float64Array(nq);
  for (let q = 0; q < nq; q++) {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < rows; i++) {
      const distance = l2F64(queries.data, q * d, base.data, i * d, d);
      if (!(distance > 0)) continue;
      sum += 1 / distance;
      count++;
    }
    inverse[q] = count > 0 ? sum / count : 0;
  }
  return bits.map((one) => {
    const { level } = waterLevel(pca.variances, one * d);
    let total = 0;
    for (let q = 0; q < nq; q++) {
      let variance = 0;
      for (let i = 0; i < d; i++) {
        variance += (squares[q * d + i] as number) * Math.min(level, pca.variances[i] as number);
      }
      total += 2 * Math.sqrt((2 * variance) / Math.PI) * (inverse[q] as number);
    }
    return { bits: one, averageRelativeError: total / nq };
  });
}

/**
 * How many bits a dimension a code costs beyond the bits at which the bound has the same error, factors counted; linear
 * between points of the ruler on a scale of ratios. undefined beyond its ends, and without an error.
 */
export function bitsAboveBound(
  ruler: readonly BoundPoint[],
  spentBits: number,
  averageRelativeError: number,
): number | undefined {
  for (let i = 1; i < ruler.length; i++) {
    const [before, after] = [ruler[i - 1], ruler[i]] as [BoundPoint, BoundPoint];
    const isInside =
      averageRelativeError <= before.averageRelativeError &&
      averageRelativeError > after.averageRelativeError;
    if (!isInside) continue;
    const share =
      Math.log(before.averageRelativeError / averageRelativeError) /
      Math.log(before.averageRelativeError / after.averageRelativeError);
    return spentBits - (before.bits + share * (after.bits - before.bits));
  }
  return undefined;
}
