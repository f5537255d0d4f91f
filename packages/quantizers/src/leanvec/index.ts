/**
 * LeanVec: fewer dimensions, chosen for the vectors alone or for vectors and queries, coded by any quantizer.
 *
 * @module
 */
export { leanvec } from './method.ts';
export type { LeanVecSolver } from './projection.ts';
export type { LeanVecCodeOptions } from './train.ts';
