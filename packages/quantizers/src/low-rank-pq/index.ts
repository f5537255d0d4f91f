/**
 * Product quantization with one codebook of fewer dimensions for all runs, and a subspace of each run.
 *
 * @module
 */
export { LowRankPqCoder, type RankTradeOff, readLowRankPqCoder } from './coder.ts';
export { type LowRankPqCodeOptions, lowRankPq } from './method.ts';
export { fitLowRank, type LowRankFit, type LowRankPqOptions, trainLowRankPq } from './train.ts';
