/**
 * Product quantization, plain and optimised.
 *
 * @module
 */
export { PqCoder, readPqCoder } from './coder.ts';
export { orthonormalFactor, type PqOptions, trainOpqFrame, trainPqCoder } from './train.ts';
