/**
 * Vectors as they are.
 *
 * @module
 */
export { Float32Quantizer } from './quantizer.ts';
