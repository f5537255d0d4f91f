/**
 * Product quantization, plain and optimised.
 *
 * @module
 */
export { PqCoder, readPqCoder, runOf } from './coder.ts';
export { opq, pq } from './method.ts';
export {
  fewestForPq,
  PQ_BITS,
  PQ_ITERATIONS,
  PQ_NBITS,
  type PqCodeOptions,
  pqOptions,
} from './options.ts';
export { balancedAxes, orthonormalFactor, type PqOptions, trainOpqFrame, trainPqCoder } from './train.ts';
