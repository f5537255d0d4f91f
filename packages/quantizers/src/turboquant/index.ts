/**
 * TurboQuant.
 *
 * @module
 */
export { LEVELS, readTurboQuantCoder, TurboQuantCoder } from './coder.ts';
export { meanCoordinate, SignSketch } from './sign-sketch.ts';
