/**
 * Codebooks by k-means, and for OPQ the rotation they are made in (Ge et al., 2013, section 3.2): from the principal
 * axes, dealt out so that runs have equal products of variances, then in turn codebooks for the rotation and the
 * rotation for the codebooks, which is the orthonormal factor of Σ x̂·xᵀ.
 */
import type { Core } from '@sagitta/core-wasm';
import { type Frame, FrameTransform, matrixFrame, paddedDims } from '../linear/frame.ts';
import { trainKmeans } from '../training/kmeans.ts';
import { trainPca } from '../training/pca.ts';
import { transpose } from '../transpose.ts';
import { PqCoder, runOf } from './coder.ts';

/** Rounds of rotation and codebooks. */
const OPQ_ROUNDS = 4;
/** k-means rounds of the codebooks on the way. */
const OPQ_ITERATIONS = 4;

/** Says how many codebooks there are and how many bits each takes. */
export interface PqOptions {
  readonly m: number;
  readonly nbits: 4 | 8;
  readonly seed: number;
  readonly iterations: number;
}

/**
 * Learns the codebooks. rows — n × dims in the frame.
 * @throws RangeError on fewer rows than centroids
 */
export function trainPqCoder(
  core: Core,
  rows: Float32Array,
  n: number,
  dims: number,
  options: PqOptions,
): PqCoder {
  const { m, nbits, seed, iterations } = options;
  const ksub = 1 << nbits;
  if (n < ksub) {
    throw new RangeError(`"sample" expected at least ${ksub} vectors for ${nbits}-bit codebooks, got ${n}`);
  }
  const dsub = Math.ceil(dims / m);
  const codebooks = new Float32Array(m * ksub * dsub);
  for (let s = 0; s < m; s++) {
    const data = runOf(rows, n, dims, s, dsub);
    const { centroids } = trainKmeans(
      core,
      { data, n, d: dsub },
      { nlist: ksub, seed: seed + s, iterations },
    );
    codebooks.set(centroids, s * ksub * dsub);
  }
  return new PqCoder(dims, m, nbits, codebooks);
}

/** Learns the frame of OPQ for rows (n × d, centred). */
export function trainOpqFrame(
  core: Core,
  rows: Float32Array,
  n: number,
  d: number,
  options: PqOptions,
): Frame {
  let frame = matrixFrame(d, balancedAxes(core, rows, n, d, options.m));
  for (let round = 0; round < OPQ_ROUNDS; round++) {
    using transform = new FrameTransform(core, frame, 'data');
    const turned = transform.apply(rows);
    const { dims } = frame;
    const coder = trainPqCoder(core, turned, n, dims, { ...options, iterations: OPQ_ITERATIONS });
    const coded = {
      codes: new Uint8Array(n * coder.codeBytes),
      scales: new Float32Array(0),
      offsets: new Float32Array(0),
      partScales: new Float32Array(0),
      norms: new Float32Array(0),
      errors: new Float32Array(0),
    };
    coder.encode(core, turned, n, coded);
    const decoded = new Float32Array(n * dims);
    coder.decode(coded, n, decoded);
    frame = matrixFrame(d, orthonormalFactor(core, crossProducts(core, decoded, dims, rows, d, n), d));
  }
  return frame;
}

/** Principal axes, each to the run whose variances have the least product so far and that has room. */
export function balancedAxes(core: Core, rows: Float32Array, n: number, d: number, m: number): Float32Array {
  const { components, variances } = trainPca(core, { data: rows, n, d }, { center: true });
  // runs are of the padded dims that codebooks have
  const dsub = Math.ceil(paddedDims(d) / m);
  const runs = Array.from({ length: m }, (_, s) => ({
    axes: [] as number[],
    room: Math.max(0, Math.min(dsub, d - s * dsub)),
    logProduct: 0,
  }));
  for (let axis = 0; axis < d; axis++) {
    const open = runs.filter((run) => run.axes.length < run.room);
    const first = open.reduce((best, run) => (run.logProduct < best.logProduct ? run : best));
    first.axes.push(axis);
    // any increasing function of the variance keeps the order; the exponent of the float is a logarithm that is exact
    first.logProduct += exponentOf(variances[axis] as number) + 1100;
  }
  const out = new Float32Array(d * d);
  for (const [row, axis] of runs.flatMap((run) => run.axes).entries()) {
    out.set(components.subarray(axis * d, (axis + 1) * d), row * d);
  }
  return out;
}

/** ⌊log₂ value⌋ with its fraction linear in between; -1100 for 0. */
function exponentOf(value: number): number {
  if (!(value > 0)) return -1100;
  let exponent = 0;
  let rest = value;
  while (rest >= 2) {
    rest /= 2;
    exponent++;
  }
  while (rest < 1) {
    rest *= 2;
    exponent--;
  }
  return exponent + rest - 1;
}

/** d × d: Σ x̂·xᵀ over the first d dims of decoded (n × dims) and rows (n × d). */
function crossProducts(
  core: Core,
  decoded: Float32Array,
  dims: number,
  rows: Float32Array,
  d: number,
  n: number,
): Float64Array {
  const total = new Float64Array(d * d);
  const chunk = 1024;
  core.scope((scope) => {
    const left = scope.reserve(4 * d * chunk);
    const right = scope.reserve(4 * chunk * d);
    const out = scope.reserve(4 * d * d);
    for (let first = 0; first < n; first += chunk) {
      const count = Math.min(chunk, n - first);
      const transposed = left.f32(0, d * count);
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < d; j++) transposed[j * count + i] = decoded[(first + i) * dims + j] as number;
      }
      right.f32(0, count * d).set(rows.subarray(first * d, (first + count) * d));
      core.kernels.matmulF32(left.at(), right.at(), d, d, count, out.at());
      const product = out.f32();
      for (let i = 0; i < total.length; i++) total[i] = (total[i] as number) + (product[i] as number);
    }
  });
  return total;
}

/** Newton–Schulz steps; singular values below 1.5^-40 of the largest stay what they are and are mended at the end. */
const POLAR_STEPS = 40;

/**
 * The orthonormal factor of M (d × d), U·Vᵀ of its singular value decomposition, by X ← (3X - X·Xᵀ·X)/2, and Gram–Schmidt
 * for what has not converged.
 */
export function orthonormalFactor(core: Core, matrix: Float64Array, d: number): Float32Array {
  let squares = 0;
  for (const value of matrix) squares += value * value;
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  const x = Float32Array.from(matrix, (value) => value * scale);
  core.scope((scope) => {
    const [a, t, gram, next] = [0, 1, 2, 3].map(() => scope.reserve(4 * d * d)) as [
      ReturnType<typeof scope.reserve>,
      ReturnType<typeof scope.reserve>,
      ReturnType<typeof scope.reserve>,
      ReturnType<typeof scope.reserve>,
    ];
    for (let step = 0; step < POLAR_STEPS; step++) {
      a.f32().set(x);
      transpose(x, d, d, t.f32());
      core.kernels.matmulF32(a.at(), t.at(), d, d, d, gram.at());
      core.kernels.matmulF32(gram.at(), a.at(), d, d, d, next.at());
      const cubic = next.f32();
      for (let i = 0; i < x.length; i++) x[i] = 1.5 * (x[i] as number) - 0.5 * (cubic[i] as number);
    }
  });
  return orthonormalRows(x, d);
}

/** Gram–Schmidt, twice; a row that vanishes becomes the first axis that does not. */
function orthonormalRows(matrix: Float32Array, d: number): Float32Array {
  const out = Float64Array.from(matrix);
  for (let i = 0; i < d; i++) {
    const row = out.subarray(i * d, (i + 1) * d);
    for (let axis = 0; ; axis++) {
      for (let pass = 0; pass < 2; pass++) {
        for (let j = 0; j < i; j++) {
          const other = out.subarray(j * d, (j + 1) * d);
          let dot = 0;
          for (let t = 0; t < d; t++) dot += (row[t] as number) * (other[t] as number);
          for (let t = 0; t < d; t++) row[t] = (row[t] as number) - dot * (other[t] as number);
        }
      }
      let norm = 0;
      for (const value of row) norm += value * value;
      if (norm > 1e-6) {
        const inverse = 1 / Math.sqrt(norm);
        for (let t = 0; t < d; t++) row[t] = (row[t] as number) * inverse;
        break;
      }
      row.fill(0);
      row[axis] = 1;
    }
  }
  return Float32Array.from(out);
}
