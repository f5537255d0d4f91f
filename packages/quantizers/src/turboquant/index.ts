/**
 * TurboQuant.
 *
 * @module
 */
export { LEVELS, readTurboQuantCoder, TurboQuantCoder } from './coder.ts';
