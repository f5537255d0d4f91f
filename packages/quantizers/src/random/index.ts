/**
 * Fewer dimensions by chance: a random projection that needs no training.
 *
 * @module
 */
export { type RandomCodeOptions, randomProjection } from './method.ts';
