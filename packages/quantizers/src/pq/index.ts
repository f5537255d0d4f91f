/**
 * Product quantization, plain and optimised.
 *
 * @module
 */
export { PqCoder, readPqCoder, runOf } from './coder.ts';
export { balancedAxes, orthonormalFactor, type PqOptions, trainOpqFrame, trainPqCoder } from './train.ts';
