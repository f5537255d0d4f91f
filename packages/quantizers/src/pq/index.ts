/**
 * Product quantization, plain and optimised.
 *
 * @module
 */
export { opq, pq } from './method.ts';
export type { PqCodeOptions } from './options.ts';
