/**
 * Latent semantic analysis: the strongest directions of a sparse matrix A[n × m] (texts × terms).
 *
 *   A ≈ U Σ Vᵀ,   embedding of a row a:  a·V scaled to unit length  (the same for a text and for a question)
 *
 * Deerwester et al. 1990 for the idea; the truncated SVD is the randomized subspace iteration of Halko, Martinsson and
 * Tropp 2011 (algorithms 4.4 and 5.1), with a few more columns than asked:
 *
 *   Q ← orth(A·Ω), Ω random signs;   Q ← orth(A·(Aᵀ·Q)), `iterations` times
 *   B = Aᵀ·Q [m × width],   BᵀB = W Λ Wᵀ,   V = B·W·Λ^(-1/2)
 *
 * | symbol | here | |
 * |---|---|---|
 * | Q | columns | n × width, orthonormal columns, or fewer where the rank is lower |
 * | V | basis | m × d, orthonormal columns, by falling singular value |
 *
 * Time: (2·iterations + 2) sparse products of nonzeros·width and (iterations + 1) orthonormalisations of n·width².
 * Memory: (n + m)·width float32.
 */
import { checkOptions, type OptionTable, RandomStream } from '@sagitta/core-wasm';
import { symmetricEigen } from '@sagitta/quantizers/training';
import { multiply, multiplyTransposed, type SparseRows } from './sparse-rows.ts';

/** Says how many directions are learned and how exactly. */
export interface LsaOptions {
  readonly dimension: number;
  readonly seed?: number;
  /** Passes over A and Aᵀ after the first product; 2 is enough for text, whose spectrum falls slowly but steadily. */
  readonly iterations?: number;
  /** Columns carried beside the ones asked; default 16. */
  readonly oversampling?: number;
}

const LSA_OPTIONS: OptionTable<LsaOptions> = {
  dimension: 'number',
  seed: 'number',
  iterations: 'number',
  oversampling: 'number',
};

/** Holds what latent semantic analysis has learned: the strongest directions and how strong they are. */
export interface LsaModel {
  /** Columns of the sparse matrix. */
  readonly terms: number;
  /** Dimension of an embedding: the one asked, or the rank of the matrix where that is lower. */
  readonly d: number;
  /** terms × d, row-major, orthonormal columns. */
  readonly basis: Float32Array;
  /** d singular values, falling. */
  readonly singularValues: Float32Array;
}

/** A column whose norm falls below this share while the others are taken out of it lies in their span. */
const DEPENDENT = 1e-4;
/** Singular values below this share of the largest are rounding errors. */
const NEGLIGIBLE = 1e-4;

/** Finds the `dimension` strongest directions of the rows. @throws RangeError if the matrix is zero */
export function trainLsa(rows: SparseRows, options: LsaOptions): LsaModel {
  checkOptions('options', options, LSA_OPTIONS);
  const { n, d: terms } = rows;
  const width = Math.min(options.dimension + (options.oversampling ?? 16), n, terms);
  const random = new RandomStream(options.seed ?? 1, 'lsa');
  const signs = new Float32Array(terms * width);
  for (let i = 0; i < signs.length; i++) signs[i] = random.nextSign();
  let columns = orthonormalize(multiply(rows, signs, width), n, width);
  for (let pass = options.iterations ?? 2; pass > 0; pass--) {
    columns = orthonormalize(multiply(rows, multiplyTransposed(rows, columns, width), width), n, width);
  }
  const projected = multiplyTransposed(rows, columns, width);
  const { vectors, values } = symmetricEigen(gram(projected, terms, width), width);

  const largest = Math.sqrt(Math.max(0, values[0] as number));
  if (largest === 0) throw new RangeError('"rows" expected a matrix with values other than zero');
  const wanted = Math.min(options.dimension, width);
  let d = 0;
  while (d < wanted && Math.sqrt(Math.max(0, values[d] as number)) > NEGLIGIBLE * largest) d++;
  const singularValues = Float32Array.from(values.subarray(0, d), Math.sqrt);
  const turn = new Float32Array(width * d);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < d; j++)
      turn[i * d + j] = (vectors[j * width + i] as number) / (singularValues[j] as number);
  }
  return { terms, d, basis: product(projected, turn, terms, width, d), singularValues };
}

/** Embeddings of sparse rows, n × d, unit length; a row without a known term stays zero. */
export function projectRows(model: LsaModel, rows: SparseRows): Float32Array {
  const out = multiply(rows, model.basis, model.d);
  for (let start = 0; start < out.length; start += model.d) {
    const row = out.subarray(start, start + model.d);
    let energy = 0;
    for (const value of row) energy += value * value;
    const scale = energy > 0 ? 1 / Math.sqrt(energy) : 0;
    for (let j = 0; j < row.length; j++) row[j] = (row[j] as number) * scale;
  }
  return out;
}

/**
 * Orthonormal columns with the span of those of `matrix` (n × width), by modified Gram–Schmidt on the transpose, where a
 * column is contiguous. A column that loses most of its length is swept twice; one in the span of those before is zero.
 */
function orthonormalize(matrix: Float32Array, n: number, width: number): Float32Array {
  const columns = transpose(matrix, n, width);
  for (let j = 0; j < width; j++) {
    const column = columns.subarray(j * n, (j + 1) * n);
    const before = Math.sqrt(dot(column, column));
    let after = before;
    for (let sweep = 0; sweep < 2; sweep++) {
      const previous = after;
      for (let i = 0; i < j; i++) {
        const other = columns.subarray(i * n, (i + 1) * n);
        const share = dot(column, other);
        for (let s = 0; s < n; s++) column[s] = (column[s] as number) - share * (other[s] as number);
      }
      after = Math.sqrt(dot(column, column));
      if (after > 0.1 * previous) break;
    }
    const scale = after > DEPENDENT * before ? 1 / after : 0;
    for (let s = 0; s < n; s++) column[s] = (column[s] as number) * scale;
  }
  return transpose(columns, width, n);
}

/** Inner product with four sums, which are independent and so do not wait for one another. */
function dot(a: Float32Array, b: Float32Array): number {
  const n = a.length;
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  let i = 0;
  for (; i + 3 < n; i += 4) {
    sum0 += (a[i] as number) * (b[i] as number);
    sum1 += (a[i + 1] as number) * (b[i + 1] as number);
    sum2 += (a[i + 2] as number) * (b[i + 2] as number);
    sum3 += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (; i < n; i++) sum0 += (a[i] as number) * (b[i] as number);
  return sum0 + sum1 + (sum2 + sum3);
}

/** matrixᵀ·matrix (width × width) in float64. */
function gram(matrix: Float32Array, n: number, width: number): Float64Array {
  const out = new Float64Array(width * width);
  for (let s = 0; s < n; s++) {
    const row = matrix.subarray(s * width, (s + 1) * width);
    for (let i = 0; i < width; i++) {
      const value = row[i] as number;
      const to = i * width;
      for (let j = i; j < width; j++) out[to + j] = (out[to + j] as number) + value * (row[j] as number);
    }
  }
  for (let i = 1; i < width; i++) {
    for (let j = 0; j < i; j++) out[i * width + j] = out[j * width + i] as number;
  }
  return out;
}

/** a[n × width] · b[width × d]. */
function product(a: Float32Array, b: Float32Array, n: number, width: number, d: number): Float32Array {
  const out = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    const to = out.subarray(i * d, (i + 1) * d);
    for (let s = 0; s < width; s++) {
      const value = a[i * width + s] as number;
      const from = s * d;
      for (let j = 0; j < d; j++) to[j] = (to[j] as number) + value * (b[from + j] as number);
    }
  }
  return out;
}

function transpose(matrix: Float32Array, n: number, width: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < width; j++) out[j * n + i] = matrix[i * width + j] as number;
  }
  return out;
}
