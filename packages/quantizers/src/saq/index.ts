/**
 * SAQ: segmented, adjusted scalar quantization at any average number of bits from 0.25 to 12.
 *
 * @module
 */
export { type AllocateBitsOptions, allocateBits, planError, singleSegmentPlan } from './bit-allocation.ts';
export { type DecodeOptions, SaqDecoder } from './decoder.ts';
export { SaqEncoder } from './encoder.ts';
export { DEFAULT_GAMMA, SaqEstimator } from './estimator.ts';
export { loadSaqModel, readSaqModel, saveSaqModel, writeSaqModel } from './format.ts';
export { BLOCK, blockCount, type SaqLayout, type SaqSegment, saqLayout } from './layout.ts';
export { type SaqCodeOptions, saq } from './method.ts';
export type { SaqModel } from './model.ts';
export { SaqQuantizer } from './quantizer.ts';
export { saqReader } from './reader.ts';
export type { Reflections } from './reflections.ts';
export { startsOf } from './starts.ts';
export { saqDefect } from './stored-range.ts';
export { quotaBits, type SaqOptions, trainSaq } from './train.ts';
