/**
 * The leading eigenvectors of a large symmetric matrix without its whole decomposition: subspace iteration from sparse
 * random signs, then the small matrix of what the subspace sees (Halko, Martinsson & Tropp 2011, algorithms 4.4 and 5.3).
 *
 * Three products with the matrix (the first is the sketch) leave a subspace in which a direction of half the least
 * eigenvalue kept has an eighth of its weight: enough where directions are shared out to segments and rotated within
 * them. The small matrix is split in halves the same way until symmetric-eigen.ts takes it. Every direction's value is
 * its own Rayleigh quotient: plans made of values that are a little off cost 3 % of accuracy.
 * Only sums, products, quotients and roots in a fixed order: the same bits everywhere.
 *
 * Time: about 4·rows·d² multiply-adds, most in 16-bit integers.
 */
import type { Core, RandomStream } from '@sagitta/core-wasm';
import { addRowProducts, multiply, type Rows } from './row-products.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** Largest matrix that is decomposed whole. */
export const EXACT_DIMS = 512;
/** Rows that are made orthonormal at once. */
const BLOCK_ROWS = 16;
/** Products with the matrix: of the whole, and of the small matrix, whose halves are sorted together. */
const ROUNDS = 3;
const ROUNDS_WITHIN = 2;
/** Rows of a sketch that a row of the matrix is added to (Martinsson & Tropp 2020, section 9.2). */
const COPIES = 4;

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
  rounds: number = ROUNDS,
): LeadingEigen {
  if (d <= EXACT_DIMS || 5 * count > 3 * d) return wholeEigen(core, matrix, d, count, random);
  const whole = { data: matrix, rows: d, columns: d };
  const times = (data: Float32Array): Float32Array => {
    const out = new Float32Array(count * d);
    addRowProducts(core, { data, rows: count, columns: d }, whole, out);
    return out;
  };
  const span = (data: Float32Array): Rows => ({ data, rows: count, columns: d });
  let image = sketch(matrix, d, count, random);
  let basis = image;
  for (let round = 1; round < rounds; round++) {
    basis = image;
    // only to keep the rows apart: the next product mixes them again
    orthonormalise(core, basis, d, random, 0, 1);
    image = times(basis);
  }
  const seen = new Float32Array(count * count);
  addRowProducts(core, span(image), span(basis), seen);
  const { vectors } = wholeEigen(core, symmetric(seen, count), count, count, random);
  // of the images, which are a product closer than the basis, and nearly orthogonal already
  const turned = multiply(core, { data: vectors, rows: count, columns: count }, span(image));
  orthonormalise(core, turned, d, random, 0, 1);
  return sorted(turned, d, quotients(turned, times(turned), d));
}

/** <row, its image> of each row. */
function quotients(rows: Float32Array, images: Float32Array, d: number): Float64Array {
  return Float64Array.from({ length: rows.length / d }, (_, i) => {
    let sum = 0;
    for (let at = i * d; at < (i + 1) * d; at++) sum += (rows[at] as number) * (images[at] as number);
    return sum;
  });
}

/** Rows and their values by falling value. */
function sorted(rows: Float32Array, d: number, values: Float64Array): LeadingEigen {
  const order = Array.from(values.keys()).sort((a, b) => (values[b] as number) - (values[a] as number));
  const vectors = new Float32Array(rows.length);
  for (const [to, from] of order.entries()) vectors.set(rows.subarray(from * d, (from + 1) * d), to * d);
  return { vectors, values: Float64Array.from(order, (i) => values[i] as number) };
}

/** count rows of sums of the matrix's rows, each row added to some of them with random signs: a product with a sparse matrix. */
function sketch(matrix: Float32Array, d: number, count: number, random: RandomStream): Float32Array {
  const out = new Float32Array(count * d);
  for (let i = 0; i < d; i++) {
    for (let copy = 0; copy < COPIES; copy++) {
      const sign = random.nextSign();
      const to = random.nextBelow(count) * d;
      for (let j = 0, at = i * d; j < d; j++, at++) {
        out[to + j] = (out[to + j] as number) + sign * (matrix[at] as number);
      }
    }
  }
  return out;
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
  const upper = leadingEigen(core, matrix, d, half, random, ROUNDS_WITHIN);
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
  // a direction of the lower half may have the greater value, near the border
  const all = [
    ...Array.from(upper.values, (value, i) => ({ value, isLower: false, i })),
    ...Array.from(lower.values, (value, i) => ({ value, isLower: true, i })),
  ].sort((a, b) => b.value - a.value);
  const wanted = all.slice(0, count);
  const lowers = wanted.reduce((most, { isLower, i }) => (isLower ? Math.max(most, i + 1) : most), 0);
  const turned = multiply(core, { data: lower.vectors, rows: lowers, columns: rest.rows }, rest);
  const vectors = new Float32Array(count * d);
  for (const [row, { isLower, i }] of wanted.entries()) {
    vectors.set((isLower ? turned : upper.vectors).subarray(i * d, (i + 1) * d), row * d);
  }
  return { vectors, values: Float64Array.from(wanted, ({ value }) => value) };
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
 * Gram–Schmidt by halves of rows, in place: the first half, then `passes` times what it spans off the second, then that;
 * Cholesky in the smallest. Rows that depend on those before become random ones; there are at most as many rows as
 * columns. The first `done` are orthonormal already. One pass does for rows that are nearly orthogonal, or that need
 * only be kept apart.
 */
export function orthonormalise(
  core: Core,
  rows: Float32Array,
  d: number,
  random: RandomStream,
  done = 0,
  passes = 2,
): void {
  const part = (first: number, stop: number): Float32Array => rows.subarray(first * d, stop * d);
  const less = (first: number, middle: number, stop: number): void => {
    const before = { data: part(first, middle), rows: middle - first, columns: d };
    takeOff(core, part(middle, stop), before, d, random, passes);
  };
  const within = (first: number, stop: number): void => {
    if (stop - first > BLOCK_ROWS) {
      const middle = first + BLOCK_ROWS * Math.ceil((stop - first) / (2 * BLOCK_ROWS));
      within(first, middle);
      less(first, middle, stop);
      within(middle, stop);
      return;
    }
    const block = part(first, stop);
    for (let attempt = 0; !orthonormaliseBlock(block, d) && attempt < 4; attempt++) {
      for (let i = 0; i < block.length; i++) block[i] = (block[i] as number) + random.nextSign() / d;
      less(0, first, stop);
    }
  };
  const n = rows.length / d;
  normalise(part(done, n), d, random);
  less(0, done, n);
  within(done, n);
}

/**
 * Takes off unit rows what the orthonormal ones before span, and makes them of unit length again. What is left of a row that
 * depended on others is noise: its direction is as good as any.
 */
function takeOff(
  core: Core,
  block: Float32Array,
  before: Rows,
  d: number,
  random: RandomStream,
  passes: number,
): void {
  if (before.rows === 0) return;
  const count = block.length / d;
  for (let pass = 0; pass < passes; pass++) {
    const along = new Float32Array(count * before.rows);
    addRowProducts(core, { data: block, rows: count, columns: d }, before, along);
    const sums = multiply(core, { data: along, rows: count, columns: before.rows }, before);
    for (let i = 0; i < block.length; i++) block[i] = (block[i] as number) - (sums[i] as number);
    normalise(block, d, random);
  }
}

/** Rows of unit length, random ones for those that are 0. */
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
      let sum = dot(x, i * d, j * d, d);
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
    // four rows at a time; those behind i have the weight 0
    for (let j = 0; j < i; j += 4) {
      const weight = (k: number): number => (k < i ? (lower[i * n + k] as number) : 0);
      const at = (k: number): number => Math.min(i, k) * d;
      const weights: Four = [weight(j), weight(j + 1), weight(j + 2), weight(j + 3)];
      takeOffFour(x, i * d, d, weights, [at(j), at(j + 1), at(j + 2), at(j + 3)]);
    }
    const inverse = 1 / (lower[i * n + i] as number);
    for (let a = i * d; a < (i + 1) * d; a++) x[a] = (x[a] as number) * inverse;
  }
  rows.set(x);
  return true;
}

/** <x[a..a+d), x[b..b+d)> in four sums, which do not wait for each other. */
function dot(x: Float64Array, a: number, b: number, d: number): number {
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  let t = 0;
  for (; t + 3 < d; t += 4) {
    sum0 += (x[a + t] as number) * (x[b + t] as number);
    sum1 += (x[a + t + 1] as number) * (x[b + t + 1] as number);
    sum2 += (x[a + t + 2] as number) * (x[b + t + 2] as number);
    sum3 += (x[a + t + 3] as number) * (x[b + t + 3] as number);
  }
  for (; t < d; t++) sum0 += (x[a + t] as number) * (x[b + t] as number);
  return sum0 + sum1 + (sum2 + sum3);
}

type Four = readonly [number, number, number, number];

/** x[a..a+d) -= Σ weights[k]·x[from[k]..). */
function takeOffFour(x: Float64Array, a: number, d: number, weights: Four, from: Four): void {
  const [w0, w1, w2, w3] = weights;
  const [b0, b1, b2, b3] = from;
  for (let t = 0; t < d; t++) {
    const near = w0 * (x[b0 + t] as number) + w1 * (x[b1 + t] as number);
    const far = w2 * (x[b2 + t] as number) + w3 * (x[b3 + t] as number);
    x[a + t] = (x[a + t] as number) - (near + far);
  }
}
