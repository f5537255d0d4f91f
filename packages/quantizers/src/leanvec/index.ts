/**
 * LeanVec: fewer dimensions, chosen for the vectors alone or for vectors and queries.
 *
 * @module
 */
export { ExactNormCoder } from './exact-norm.ts';
export { identityProjection, spheringProjection } from './projection.ts';
