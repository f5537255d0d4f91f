/**
 * Locally-adaptive vector quantization.
 *
 * @module
 */
export { type LvqCodeOptions, lvq } from './method.ts';
