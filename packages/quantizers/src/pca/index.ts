/**
 * Fewer dimensions by principal directions.
 *
 * @module
 */
export { type PcaCodeOptions, pca } from './method.ts';
