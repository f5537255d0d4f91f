/**
 * TurboQuant.
 *
 * @module
 */
export { type TurboQuantCodeOptions, turboquant } from './method.ts';
