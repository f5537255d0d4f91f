/**
 * LeanVec-OOD as its paper finds it (Tepper et al., 2023, section 3 and algorithm 1): A and B of d' × d with singular
 * values of at most 1 that make
 *
 *   f(A, B) = tr(A·KQ·Aᵀ·B·KX·Bᵀ) - 2·tr(KQ·Aᵀ·B·KX) + tr(KQ·KX),   KX = Σ x·xᵀ/n, KQ = Σ q·qᵀ/m,
 *
 * small, by Frank and Wolfe's steps in turn: the gradient G of one matrix, the point of the hull that is best for it,
 * which is the polar factor of -G, and a move of (t + 1)^-1 towards it. The polar factor is (G·Gᵀ)^-½·(-G) by the
 * symmetric eigensolver; directions in which G is 0 to rounding are left out, which stays in the hull.
 *
 * The sphering of projection.ts is the optimum over all A and B, so f is never below it; this is here because the
 * paper's figures are of it. It begins at the principal directions: at 0, where the paper begins, both gradients are 0.
 * Each step takes five products of d' × d × d and two eigendecompositions of d' × d'.
 */
import { type Core, checkInteger, type VectorSet } from '@sagitta/core-wasm';
import { type Frame, matrixFrame } from '../linear/frame.ts';
import { trainPca } from '../training/pca.ts';
import { symmetricEigen } from '../training/symmetric-eigen.ts';
import { fastProduct, makeSymmetric, spectral, transposed } from './matrices.ts';
import { secondMoments } from './projection.ts';

/** The paper's: it ends where f changes by less than this share of itself, or after so many steps. */
const TOLERANCE = 1e-3;
const MAX_STEPS = 500;
/** Eigenvalues of G·Gᵀ below this share of the largest are rounding of f32 products and count as 0. */
const SINGULAR = 1e-9;

/** Tells how the projections of LeanVec were found. */
export interface FrankWolfeReport {
  readonly frame: Frame;
  /** f at the start and after each step, over tr(KQ·KX): the relative error energy of inner products. */
  readonly losses: readonly number[];
}

/** rows, queries — centred as they will be coded, and as queries will be; at least 1 of each. */
export function frankWolfeProjection(
  core: Core,
  rows: VectorSet,
  queries: VectorSet,
  dims: number,
): FrankWolfeReport {
  const { d } = rows;
  checkInteger('dims', dims, 1, d);
  if (queries.d !== d) throw new RangeError(`"queries" expected d = ${d}, got ${queries.d}`);
  const { components, variances } = trainPca(core, rows, { center: false });
  const kx = spectral(components, variances, d);
  const kq = secondMoments(core, queries);
  const total = inner(kq, kx);
  let b: Float64Array = Float64Array.from(components.subarray(0, dims * d));
  let a: Float64Array = b.slice();
  let bkx = fastProduct(core, b, kx, d);
  const loss = (akq: Float64Array): number => {
    const pairs = fastProduct(core, akq, transposed(a, d), d);
    const own = fastProduct(core, bkx, transposed(b, d), d);
    // Bᵀ of the middle term: tr(KQ·Aᵀ·B·KX) = <A·KQ, B·KX>
    return total > 0 ? Math.max(0, (inner(pairs, own) - 2 * inner(akq, bkx)) / total + 1) : 0;
  };
  const losses = [loss(fastProduct(core, a, kq, d))];
  for (let step = 0; step < MAX_STEPS; step++) {
    const share = 1 / (step + 1);
    a = towards(core, a, gradient(core, a, b, bkx, kq, d), share, d);
    const akq = fastProduct(core, a, kq, d);
    b = towards(core, b, gradient(core, b, a, akq, kx, d), share, d);
    bkx = fastProduct(core, b, kx, d);
    losses.push(loss(akq));
    const [before, now] = losses.slice(-2) as [number, number];
    // the first steps replace the start, and tell nothing of convergence
    if (step > 2 && Math.abs(before - now) <= TOLERANCE * before) break;
  }
  return { frame: matrixFrame(d, Float32Array.from(b), Float32Array.from(a)), losses };
}

/** Half the gradient for `own`: (other·K·otherᵀ·own - other·K)·ownMoments, with otherK = other·K. */
function gradient(
  core: Core,
  own: Float64Array,
  other: Float64Array,
  otherK: Float64Array,
  ownMoments: Float64Array,
  d: number,
): Float64Array {
  const pairs = fastProduct(core, otherK, transposed(other, d), d);
  const mixed = fastProduct(core, pairs, own, own.length / d);
  for (let i = 0; i < mixed.length; i++) mixed[i] = (mixed[i] as number) - (otherK[i] as number);
  return fastProduct(core, mixed, ownMoments, d);
}

/** (1 - share)·point + share·(polar factor of -gradient). */
function towards(
  core: Core,
  point: Float64Array,
  gradient: Float64Array,
  share: number,
  d: number,
): Float64Array {
  const rows = point.length / d;
  // the polar factor has no scale, and squares of small gradients would leave f32
  const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) return point.map((value) => (1 - share) * value);
  const scaled = gradient.map((value) => value / largest);
  const gram = fastProduct(core, scaled, transposed(scaled, d), d);
  makeSymmetric(gram, rows);
  const { values, vectors } = symmetricEigen(gram, rows);
  const floor = SINGULAR * (values[0] as number);
  const roots = Float64Array.from(values, (value) => (value > floor ? 1 / Math.sqrt(value) : 0));
  const best = fastProduct(core, spectral(vectors, roots, rows), scaled, rows);
  return point.map((value, i) => (1 - share) * value - share * (best[i] as number));
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
