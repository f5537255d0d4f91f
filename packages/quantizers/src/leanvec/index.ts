/**
 * LeanVec: fewer dimensions, chosen for the vectors alone or for vectors and queries, coded by any quantizer.
 *
 * @module
 */
export { ExactNormCoder } from './exact-norm.ts';
export { type FrankWolfeReport, frankWolfeProjection } from './frank-wolfe.ts';
export { leanvec } from './method.ts';
export {
  identityProjection,
  LEANVEC_SOLVERS,
  type LeanVecSolver,
  spheringProjection,
} from './projection.ts';
export { readLeanVecCoder } from './read-coder.ts';
export type { LeanVecCodeOptions } from './train.ts';
