/**
 * Principal components: the eigenvectors of the covariance C = (1/n)·Σ (x - μ)(x - μ)ᵀ, by falling variance.
 *
 * Rows go through the gram kernel 4096 at a time in f32 and are summed in f64 on the host; they are shifted by the mean
 * of the first rows on the way, which keeps the f32 products small, and the remaining shift δ is taken off at the end
 * (C = G/n - δδᵀ). So one pass over a stream is enough.
 *
 * With `center: false` nothing is subtracted: the components are those of the second moments about 0 and `mean` is 0.
 * For exact inner products train centred and project without the mean: residuals x - c do not see it.
 *
 * Memory: d² f32 in the core, 3·d² f64 on the host. Time: n·d²/2 multiply-adds, then d³ (symmetric-eigen.ts).
 * The bytes depend on the order of the rows, not on the engine or the build of the core.
 */
import {
  type Block,
  type Core,
  checkCore,
  checkInteger,
  checkLength,
  checkOptions,
  type OptionTable,
  shapedSet,
  type VectorSetInput,
  vectorSet,
} from '@sagitta/core-wasm';
import { symmetricEigen } from './symmetric-eigen.ts';

/** Most rows of one gram call. */
const CHUNK_ROWS = 4096;
/** Most bytes of rows in the core at a time. */
const CHUNK_BYTES = 16 * 1024 * 1024;

/** Says whether the mean is taken out first. */
export interface PcaOptions {
  /** Subtract the mean. */
  readonly center: boolean;
}

const PCA_OPTIONS: OptionTable<PcaOptions> = {
  center: 'boolean',
};

/** Holds all principal directions and their variances. */
export interface PcaModel {
  readonly d: number;
  /** d values: the mean, or zeros when not centred. */
  readonly mean: Float32Array;
  /** d × d, row i = unit eigenvector i, its largest entry positive. */
  readonly components: Float32Array;
  /** d variances along the components, descending, never negative. */
  readonly variances: Float64Array;
}

/**
 * Finds the principal directions. x — a set of vectors, or a stream of sets of one dimension.
 * @throws RangeError without vectors, on sets of different dimensions, or if squares leave the range of f32
 */
export function trainPca(
  core: Core,
  x: VectorSetInput | Iterable<VectorSetInput>,
  options: PcaOptions,
): PcaModel {
  checkCore(core);
  checkOptions('options', options, PCA_OPTIONS);
  const { d, n, shift, sums, products } = secondMoments(core, 'data' in x ? [x] : x, options.center);
  const mean = new Float32Array(d);
  const rest = new Float64Array(d);
  if (options.center) {
    for (let i = 0; i < d; i++) {
      rest[i] = (sums[i] as number) / n;
      mean[i] = (shift[i] as number) + (rest[i] as number);
    }
  }
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      products[i * d + j] = (products[i * d + j] as number) / n - (rest[i] as number) * (rest[j] as number);
    }
  }
  checkRange(products);
  const { values, vectors } = symmetricEigen(products, d);
  const components = new Float32Array(d * d);
  const variances = new Float64Array(d);
  for (let i = 0; i < d; i++) {
    variances[i] = Math.max(0, values[i] as number);
    const sign = signOf(vectors.subarray(i * d, (i + 1) * d));
    for (let t = 0; t < d; t++) components[i * d + t] = sign * (vectors[i * d + t] as number);
  }
  return { d, mean, components, variances };
}

interface Moments {
  readonly d: number;
  readonly n: number;
  readonly shift: Float32Array;
  /** Σ (x - shift), d. */
  readonly sums: Float64Array;
  /** Σ (x - shift)(x - shift)ᵀ, d × d. */
  readonly products: Float64Array;
}

function secondMoments(core: Core, sets: Iterable<VectorSetInput>, center: boolean): Moments {
  let moments: (Moments & { n: number }) | undefined;
  return core.scope((scope) => {
    let rows: Block | undefined;
    let gram: Block | undefined;
    for (const given of sets) {
      const x = shapedSet(given.data, given.d, 'x');
      if (x.n === 0) continue;
      const { d } = x;
      moments ??= {
        d,
        n: 0,
        shift: center ? meanOf(x.data, Math.min(x.n, CHUNK_ROWS), d) : new Float32Array(d),
        sums: new Float64Array(d),
        products: new Float64Array(d * d),
      };
      checkLength('x.d', d, moments.d, 'd of the first set');
      const chunkRows = Math.max(1, Math.min(CHUNK_ROWS, Math.floor(CHUNK_BYTES / (d * 4))));
      rows ??= scope.reserve(chunkRows * d * 4);
      gram ??= scope.reserve(d * d * 4);
      for (let start = 0; start < x.n; start += chunkRows) {
        const count = Math.min(chunkRows, x.n - start);
        addChunk(core, rows, gram, x.data.subarray(start * d, (start + count) * d), count, moments);
      }
      moments.n += x.n;
    }
    if (moments === undefined) throw new RangeError('"x" expected at least 1 vector, got 0');
    return moments;
  });
}

function addChunk(
  core: Core,
  rows: Block,
  gram: Block,
  data: Float32Array,
  count: number,
  moments: Moments,
): void {
  const { d, shift, sums, products } = moments;
  const shifted = rows.f32(0, count * d);
  for (let start = 0; start < count * d; start += d) {
    for (let t = 0; t < d; t++) {
      shifted[start + t] = (data[start + t] as number) - (shift[t] as number);
      sums[t] = (sums[t] as number) + (shifted[start + t] as number);
    }
  }
  gram.f32(0, d * d).fill(0);
  core.kernels.gramF32(rows.at(), count, d, gram.at());
  const partial = gram.f32(0, d * d);
  for (let i = 0; i < d * d; i++) products[i] = (products[i] as number) + (partial[i] as number);
}

function meanOf(data: Float32Array, n: number, d: number): Float32Array {
  const sums = new Float64Array(d);
  for (let start = 0; start < n * d; start += d) {
    for (let t = 0; t < d; t++) sums[t] = (sums[t] as number) + (data[start + t] as number);
  }
  const mean = new Float32Array(d);
  for (let t = 0; t < d; t++) mean[t] = (sums[t] as number) / n;
  return mean;
}

function checkRange(products: Float64Array): void {
  let zero = 0;
  for (const value of products) zero += value - value;
  if (zero === 0) return;
  throw new RangeError(
    '"x" expected finite values whose squares stay in the range of f32, got larger ones or NaN',
  );
}

/** An eigenvector is fixed up to its sign: the entry of largest size, the first of them, is made positive. */
function signOf(vector: Float64Array): number {
  let largest = 0;
  for (let t = 1; t < vector.length; t++) {
    if (Math.abs(vector[t] as number) > Math.abs(vector[largest] as number)) largest = t;
  }
  return (vector[largest] as number) < 0 ? -1 : 1;
}

/** Rows taken through the core at a time. */
const PROJECTED_ROWS = 1024;

/**
 * Computes PCA as a reduction: the first `dims` coordinates of x - mean (n × d) in the principal directions, n × dims,
 * fresh. model — of trainPca, or of principalDirections with at least dims of them.
 * @throws RangeError on sets of another dimension, or dims out of range
 */
export function projectRows(
  core: Core,
  x: VectorSetInput,
  model: Pick<PcaModel, 'd' | 'mean' | 'components'>,
  dims: number,
): Float32Array {
  const { d, mean, components } = model;
  checkInteger('dims', dims, 1, components.length / d);
  const { data, n } = vectorSet(x.data, x.d, 'x');
  if (x.d !== d) throw new RangeError(`"x" expected d = ${d}, got ${x.d}`);
  const out = new Float32Array(n * dims);
  core.scope((scope) => {
    const rows = scope.reserve(4 * PROJECTED_ROWS * d);
    const operator = scope.reserve(4 * d * dims);
    const projected = scope.reserve(4 * PROJECTED_ROWS * dims);
    const columns = operator.f32();
    for (let i = 0; i < dims; i++) {
      for (let j = 0; j < d; j++) columns[j * dims + i] = components[i * d + j] as number;
    }
    for (let first = 0; first < n; first += PROJECTED_ROWS) {
      const count = Math.min(PROJECTED_ROWS, n - first);
      const target = rows.f32(0, count * d);
      for (let i = 0; i < target.length; i++) {
        target[i] = (data[first * d + i] as number) - (mean[i % d] as number);
      }
      core.kernels.matmulF32(rows.at(), operator.at(), count, dims, d, projected.at());
      out.set(projected.f32(0, count * dims), first * dims);
    }
  });
  return out;
}
