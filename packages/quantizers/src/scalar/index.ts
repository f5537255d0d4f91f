/**
 * Coordinate by coordinate: int8 and int4, signs, half precision.
 *
 * @module
 */
export { type FixedCodeOptions, float16, type ScalarCodeOptions, scalar, sign } from './method.ts';
export type { ScalarRanges } from './vector-coder.ts';
