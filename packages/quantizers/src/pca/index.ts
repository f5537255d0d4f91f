/**
 * Fewer dimensions by principal directions.
 *
 * @module
 */
export type { PcaCodeOptions } from './kept-dims.ts';
export { pca } from './method.ts';
