/**
 * Locally-adaptive vector quantization.
 *
 * @module
 */
export { LvqCoder, readLvqCoder } from './coder.ts';
