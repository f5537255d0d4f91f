/**
 * Coordinate by coordinate: int8 and int4, signs, half precision.
 *
 * @module
 */
export { BinaryCoder, readBinaryCoder } from './binary-coder.ts';
export { readScalarCoder, ScalarCoder, trainScalarCoder } from './coder.ts';
export {
  checkHalves,
  HalfCoder,
  halfToNumber,
  LARGEST_HALF,
  numberToHalf,
  readHalfCoder,
} from './half-coder.ts';
export { type FixedCodeOptions, float16, type ScalarCodeOptions, scalar, sign } from './method.ts';
export { readAnyScalarCoder, SCALAR_RANGES, type ScalarRanges, VectorScalarCoder } from './vector-coder.ts';
