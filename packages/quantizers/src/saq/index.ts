/**
 * SAQ: segmented, adjusted scalar quantization at any average number of bits from 0.25 to 12.
 *
 * @module
 */
export { type DecodeOptions, SaqDecoder } from './decoder.ts';
export { SaqEncoder } from './encoder.ts';
export { SaqEstimator } from './estimator.ts';
export { loadSaqModel, readSaqModel, saveSaqModel, writeSaqModel } from './format.ts';
export { blockCount, type SaqLayout, type SaqSegment } from './layout.ts';
export { type SaqCodeOptions, saq } from './method.ts';
export type { SaqModel } from './model.ts';
export { SaqQuantizer } from './quantizer.ts';
export { type SaqOptions, trainSaq } from './train.ts';
