/**
 * Product quantization with one codebook of fewer dimensions for all runs, and a subspace of each run.
 *
 * @module
 */
export { type LowRankPqCodeOptions, lowRankPq } from './method.ts';
