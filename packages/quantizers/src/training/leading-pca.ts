/**
 * The leading principal components of vectors of many dimensions, where a whole decomposition (pca.ts, d³) takes minutes.
 *
 * More vectors than dimensions: the covariance, d × d. Fewer: the inner products of the vectors, n × n, whose
 * eigenvectors u give the components Xᵀ·u. Of more than 4,096 of both, 4,096 vectors drawn at random are used. Then
 * leading-eigen.ts. Memory: 4·min(n, d)² bytes, the components and their images; on the host.
 */
import { type Core, RandomStream, type VectorSet } from '@sagitta/core-wasm';
import { transpose } from '../transpose.ts';
import { leadingEigen, orthonormalise } from './leading-eigen.ts';
import { trainPca } from './pca.ts';
import { addRowProducts, multiply } from './row-products.ts';
import { sampleRows } from './sample.ts';

/** Largest matrix that is made, and vectors that are transposed at a time. */
const MOST = 4096;

/** Says how many leading directions are wanted, and how exactly. */
export interface LeadingPcaOptions {
  /** Subtract the mean. */
  readonly center: boolean;
  /** Components wanted, 1 to d. */
  readonly dims: number;
  readonly seed: number;
}

/** Holds the leading principal directions and their variances. */
export interface LeadingPca {
  readonly d: number;
  /** d values: the mean of all vectors, or zeros when not centred. */
  readonly mean: Float32Array;
  /** dims × d, orthonormal to 1e-3, by falling variance; beyond what the vectors span any orthonormal directions. */
  readonly components: Float32Array;
  /** dims variances. */
  readonly variances: Float64Array;
  /** The sum of all d variances. */
  readonly total: number;
}

/**
 * Finds the leading components without a whole decomposition.
 * @throws RangeError on values that are not finite or whose squares leave the range of f32
 */
export function trainLeadingPca(core: Core, x: VectorSet, options: LeadingPcaOptions): LeadingPca {
  const { d } = x;
  const { center, dims } = options;
  const random = new RandomStream(options.seed, 'leading-pca');
  const mean = meanOf(x, center);
  const total = energyOf(x, mean);
  const few = x.n > MOST && d > MOST ? sampleRows(x, MOST, random.fork('rows')) : x;
  const found = Math.min(dims, few.n);
  const { components, variances } =
    few.n > d ? ofColumns(core, few, mean, dims, random) : ofRows(core, few, mean, found, random);
  if (found === dims) return { d, mean, components, variances, total };
  const all = new Float32Array(dims * d);
  all.set(components);
  orthonormalise(core, all, d, random, found);
  const more = new Float64Array(dims);
  more.set(variances);
  return { d, mean, components: all, variances: more, total };
}

function meanOf({ data, n, d }: VectorSet, center: boolean): Float32Array {
  const sums = new Float64Array(d);
  if (center) {
    for (let start = 0; start < n * d; start += d) {
      for (let j = 0; j < d; j++) sums[j] = (sums[j] as number) + (data[start + j] as number);
    }
  }
  return Float32Array.from(sums, (sum) => sum / n);
}

/** Mean of |x - mean|². */
function energyOf({ data, n, d }: VectorSet, mean: Float32Array): number {
  let total = 0;
  for (let start = 0; start < n * d; start += d) {
    let sum = 0;
    for (let j = 0; j < d; j++) {
      const value = (data[start + j] as number) - (mean[j] as number);
      sum += value * value;
    }
    if (!(sum < 3e38)) {
      throw new RangeError(
        `"x" expected finite values whose squares stay in the range of f32, got |x|² = ${sum}`,
      );
    }
    total += sum;
  }
  return total / n;
}

interface Found {
  readonly components: Float32Array;
  readonly variances: Float64Array;
}

/** Eigenvectors of the covariance. */
function ofColumns(
  core: Core,
  { data, n, d }: VectorSet,
  mean: Float32Array,
  dims: number,
  random: RandomStream,
): Found {
  const covariance = new Float32Array(d * d);
  for (let first = 0; first < n; first += MOST) {
    const count = Math.min(MOST, n - first);
    const columns = transpose(data.subarray(first * d, (first + count) * d), count, d);
    for (let j = 0, at = 0; j < d; j++) {
      for (const stop = at + count; at < stop; at++)
        columns[at] = (columns[at] as number) - (mean[j] as number);
    }
    const chunk = { data: columns, rows: d, columns: count };
    addRowProducts(core, chunk, chunk, covariance, 1 / n);
  }
  const { vectors, values } = leadingEigen(core, covariance, d, dims, random.fork('eigen'));
  return { components: vectors, variances: values.map((value) => Math.max(0, value)) };
}

/** From the inner products of the vectors. */
function ofRows(
  core: Core,
  { data, n, d }: VectorSet,
  mean: Float32Array,
  dims: number,
  random: RandomStream,
): Found {
  const centred = data.map((value, i) => value - (mean[i % d] as number));
  const rows = { data: centred, rows: n, columns: d };
  const gram = new Float32Array(n * n);
  addRowProducts(core, rows, rows, gram, 1 / n);
  const { vectors, values } = leadingEigen(core, gram, n, dims, random.fork('eigen'));
  const components = multiply(core, { data: vectors, rows: dims, columns: n }, rows);
  // what rounding left of directions that the vectors do not span becomes orthonormal too
  orthonormalise(core, components, d, random.fork('rows'));
  return { components, variances: values.map((value) => Math.max(0, value)) };
}

/** Most dimensions that are decomposed whole (pca.ts); of more, directions are found by subspace iteration. */
export const EXACT_PCA_DIMS = 1024;

/**
 * The first `dims` principal components, as training takes them: of up to 1,024 dimensions exactly those of trainPca, of more
 * by trainLeadingPca, in seconds where all would take minutes.
 * @throws RangeError as trainPca
 */
export function principalDirections(core: Core, x: VectorSet, options: LeadingPcaOptions): LeadingPca {
  const { d } = x;
  const { center, dims } = options;
  if (d > EXACT_PCA_DIMS) return trainLeadingPca(core, x, options);
  const { mean, components, variances } = trainPca(core, x, { center });
  const total = variances.reduce((sum, value) => sum + value, 0);
  return { d, mean, components: components.slice(0, dims * d), variances: variances.slice(0, dims), total };
}
