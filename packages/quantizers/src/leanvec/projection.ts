/**
 * LeanVec projections (Tepper et al., 2023; GleanVec, 2024): <q, x> ≈ <A·q, B·x> with A and B of d' × d, d' < d.
 *
 * 'id': A = B = the top principal directions of the vectors. 'ood': with W = (Σ q·qᵀ/m)^½ and P the top eigenvectors of
 * W·(Σ x·xᵀ/n)·W, A = P·W⁻¹ and B = P·W: the exact minimum of Σ(<q, x> - <A·q, B·x>)² over all A and B (LeanVec-Sphering;
 * the best rank-d' fit of W·X by Eckart and Young). Eigenvalues of the queries' moments below 1e-9 of the largest are
 * raised to that. Two eigendecompositions of d × d.
 */
import { type Core, checkInteger, type VectorSet } from '@sagitta/core-wasm';
import { type Frame, matrixFrame } from '../linear/frame.ts';
import { principalDirections } from '../training/leading-pca.ts';
import { trainPca } from '../training/pca.ts';
import { symmetricEigen } from '../training/symmetric-eigen.ts';
import { makeSymmetric, product, spectral } from './matrices.ts';

/** How both projections are found where there are training queries. */
export const LEANVEC_SOLVERS = ['sphering', 'frank-wolfe'] as const;
/** Names how LeanVec finds its projections. */
export type LeanVecSolver = (typeof LEANVEC_SOLVERS)[number];

const FLOOR = 1e-9;

/** rows — centred as they will be coded. */
export function identityProjection(core: Core, rows: VectorSet, dims: number, seed = 1): Frame {
  const { d } = rows;
  checkInteger('dims', dims, 1, d);
  return matrixFrame(d, principalDirections(core, rows, { center: false, dims, seed }).components);
}

/** queries — a sample of training queries, centred as queries will be; at least 1. */
export function spheringProjection(core: Core, rows: VectorSet, queries: VectorSet, dims: number): Frame {
  const { d } = rows;
  checkInteger('dims', dims, 1, d);
  if (queries.d !== d) throw new RangeError(`"queries" expected d = ${d}, got ${queries.d}`);
  const own = trainPca(core, queries, { center: false });
  const floor = FLOOR * Math.max(own.variances[0] as number, Number.MIN_VALUE);
  const roots = Float64Array.from(own.variances, (value) => Math.sqrt(Math.max(value, floor)));
  const w = spectral(own.components, roots, d);
  const inverse = spectral(
    own.components,
    roots.map((root) => 1 / root),
    d,
  );
  const moments = secondMoments(core, rows);
  const inner = product(product(w, moments, d), w, d);
  makeSymmetric(inner, d);
  const { vectors } = symmetricEigen(inner, d);
  const top = vectors.subarray(0, dims * d);
  const data = Float32Array.from(product(top, w, d));
  const query = Float32Array.from(product(top, inverse, d));
  return matrixFrame(d, data, query);
}

/** Σ x·xᵀ/n from the principal directions about 0: they are its spectral form. */
export function secondMoments(core: Core, rows: VectorSet): Float64Array {
  const { components, variances } = trainPca(core, rows, { center: false });
  return spectral(components, variances, rows.d);
}
