/**
 * The leading eigenvectors of a large symmetric matrix without its whole decomposition: subspace iteration from random
 * signs, then the small matrix of what the subspace sees (Halko, Martinsson & Tropp 2011, algorithms 4.4 and 5.3).
 *
 * Two multiplications with the matrix leave a subspace in which a direction of half the least eigenvalue kept has a
 * quarter of its weight: enough where directions are shared out to segments and rotated within them. The small matrix
 * is split in halves the same way until symmetric-eigen.ts takes it. Every direction's value is its own Rayleigh quotient.
 * Only sums, products, quotients and roots in a fixed order: the same bits everywhere.
 *
 * Time: about 4·rows·d² multiply-adds, most in 16-bit integers.
 */
import type { Core, RandomStream } from '@sagitta/core-wasm';
import { addRowProducts, multiply, type Rows } from './row-products.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** Largest matrix that is decomposed whole. */
export const EXACT_DIMS = 512;
/** Rows that lose together what the rows before span, and of these what is made orthonormal at once. */
const GROUP_ROWS = 256;
const BLOCK_ROWS = 32;
/** Multiplications with the matrix before the subspace is taken as it is. */
const ROUNDS = 3;

export interface LeadingEigen {
  /** rows × d: orthonormal to 1e-3. */
  readonly vectors: Float32Array;
  /** Rayleigh quotients, descending. */
  readonly values: Float64Array;
}

/** matrix — d × d, symmetric, positive semi-definite; count — eigenvectors wanted, 1 to d. */
export function leadingEigen(
  core: Core,
  matrix: Float32Array,
  d: number,
  count: number,
  random: RandomStream,
): LeadingEigen {
  if (d <= EXACT_DIMS || 5 * count > 3 * d) return wholeEigen(core, matrix, d, count, random);
  const whole = { data: matrix, rows: d, columns: d };
  const times = (data: Float32Array): Float32Array => {
    const out = new Float32Array(count * d);
    addRowProducts(core, { data, rows: count, columns: d }, whole, out);
    return out;
  };
  const start = Float32Array.from({ length: count * d }, () => random.nextSign());
  let basis = times(start);
  orthonormalise(core, basis, d, random);
  for (let round = 1; round < ROUNDS; round++) {
    basis = times(basis);
    orthonormalise(core, basis, d, random);
  }
  const seen = new Float32Array(count * count);
  addRowProducts(
    core,
    { data: times(basis), rows: count, columns: d },
    { data: basis, rows: count, columns: d },
    seen,
  );
  const { vectors, values } = wholeEigen(core, symmetric(seen, count), count, count, random);
  const turned = multiply(
    core,
    { data: vectors, rows: count, columns: count },
    { data: basis, rows: count, columns: d },
  );
  return { vectors: turned, values };
}

/** The first `count` of all eigenvectors, by halves where the matrix is large. */
function wholeEigen(
  core: Core,
  matrix: Float32Array,
  d: number,
  count: number,
  random: RandomStream,
): LeadingEigen {
  if (d <= EXACT_DIMS) {
    const { vectors, values } = symmetricEigen(Float64Array.from(matrix), d);
    return { vectors: Float32Array.from(vectors.subarray(0, count * d)), values: values.slice(0, count) };
  }
  const half = d >> 1;
  const upper = leadingEigen(core, matrix, d, half, random);
  const basis = new Float32Array(d * d);
  basis.set(upper.vectors);
  for (let i = half * d; i < basis.length; i++) basis[i] = random.nextSign();
  orthonormalise(core, basis, d, random, half);
  const rest = { data: basis.slice(half * d), rows: d - half, columns: d };
  const image = new Float32Array(rest.data.length);
  addRowProducts(core, rest, { data: matrix, rows: d, columns: d }, image);
  const seen = new Float32Array(rest.rows * rest.rows);
  addRowProducts(core, { ...rest, data: image }, rest, seen);
  const lower = wholeEigen(core, symmetric(seen, rest.rows), rest.rows, rest.rows, random);
  const turned = multiply(core, { data: lower.vectors, rows: rest.rows, columns: rest.rows }, rest);
  // a direction of the lower half may have the greater value, near the border
  const all = [
    ...Array.from(upper.values, (value, i) => ({ value, from: upper.vectors, i })),
    ...Array.from(lower.values, (value, i) => ({ value, from: turned, i })),
  ].sort((a, b) => b.value - a.value);
  const vectors = new Float32Array(count * d);
  for (const [row, { from, i }] of all.slice(0, count).entries()) {
    vectors.set(from.subarray(i * d, (i + 1) * d), row * d);
  }
  return { vectors, values: Float64Array.from(all.slice(0, count), ({ value }) => value) };
}

function symmetric(matrix: Float32Array, d: number): Float32Array {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < i; j++) {
      const mean = ((matrix[i * d + j] as number) + (matrix[j * d + i] as number)) / 2;
      matrix[i * d + j] = mean;
      matrix[j * d + i] = mean;
    }
  }
  return matrix;
}

/**
 * Gram–Schmidt by blocks of rows, in place: twice less what the rows before span, then Cholesky within the block. Rows that
 * depend on those before become random ones; there are at most as many rows as columns. The first `done` are it already.
 */
export function orthonormalise(
  core: Core,
  rows: Float32Array,
  d: number,
  random: RandomStream,
  done = 0,
): void {
  const n = rows.length / d;
  for (let start = done; start < n; start += GROUP_ROWS) {
    const stop = Math.min(n, start + GROUP_ROWS);
    const group = rows.subarray(start * d, stop * d);
    normalise(group, d, random);
    for (let pass = 0; pass < 2; pass++) {
      takeOff(core, group, { data: rows, rows: start, columns: d }, d);
      // what is left of a row that depended on others is noise: its direction is as good as any
      normalise(group, d, random);
    }
    for (let first = start; first < stop; first += BLOCK_ROWS) {
      const block = rows.subarray(first * d, Math.min(stop, first + BLOCK_ROWS) * d);
      const before = { data: group, rows: first - start, columns: d };
      for (let attempt = 0; ; attempt++) {
        for (let pass = 0; pass < 2; pass++) {
          takeOff(core, block, before, d);
          normalise(block, d, random);
        }
        if (orthonormaliseBlock(block, d) || attempt === 4) break;
        for (let i = 0; i < block.length; i++) block[i] = (block[i] as number) + random.nextSign() / d;
        takeOff(core, block, { data: rows, rows: start, columns: d }, d);
      }
    }
  }
}

/** block -= (block·beforeᵀ)·before. */
function takeOff(core: Core, block: Float32Array, before: Rows, d: number): void {
  if (before.rows === 0) return;
  const count = block.length / d;
  const along = new Float32Array(count * before.rows);
  addRowProducts(core, { data: block, rows: count, columns: d }, before, along);
  const sums = multiply(core, { data: along, rows: count, columns: before.rows }, before);
  for (let i = 0; i < block.length; i++) block[i] = (block[i] as number) - (sums[i] as number);
}

function normalise(rows: Float32Array, d: number, random: RandomStream): void {
  for (let start = 0; start < rows.length; start += d) {
    const row = rows.subarray(start, start + d);
    let energy = 0;
    for (const value of row) energy += value * value;
    if (!(energy > 1e-60)) {
      for (let j = 0; j < d; j++) row[j] = random.nextSign();
      energy = d;
    }
    const inverse = 1 / Math.sqrt(energy);
    for (let j = 0; j < d; j++) row[j] = (row[j] as number) * inverse;
  }
}

/** rows ← L⁻¹·rows, L·Lᵀ = rows·rowsᵀ in f64; false where they are too close to dependent. */
function orthonormaliseBlock(rows: Float32Array, d: number): boolean {
  const n = rows.length / d;
  const x = Float64Array.from(rows);
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let t = 0, a = i * d, b = j * d; t < d; t++, a++, b++) sum += (x[a] as number) * (x[b] as number);
      for (let t = 0; t < j; t++) sum -= (lower[i * n + t] as number) * (lower[j * n + t] as number);
      if (i === j) {
        if (!(sum > 1e-8)) return false;
        lower[i * n + i] = Math.sqrt(sum);
      } else {
        lower[i * n + j] = sum / (lower[j * n + j] as number);
      }
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const weight = lower[i * n + j] as number;
      for (let t = 0, a = i * d, b = j * d; t < d; t++, a++, b++) {
        x[a] = (x[a] as number) - weight * (x[b] as number);
      }
    }
    const inverse = 1 / (lower[i * n + i] as number);
    for (let a = i * d; a < (i + 1) * d; a++) x[a] = (x[a] as number) * inverse;
  }
  rows.set(x);
  return true;
}
