/**
 * TurboQuant.
 *
 * @module
 */
export { LEVELS, readTurboQuantCoder, TurboQuantCoder } from './coder.ts';
export { type TurboQuantCodeOptions, turboquant } from './method.ts';
export { meanCoordinate, SignSketch } from './sign-sketch.ts';
