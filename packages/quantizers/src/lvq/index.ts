/**
 * Locally-adaptive vector quantization.
 *
 * @module
 */
export { LvqCoder, MAX_MEANS, readLvqCoder } from './coder.ts';
export { type LvqCodeOptions, lvq } from './method.ts';
