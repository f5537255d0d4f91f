/**
 * Vectors as they are.
 *
 * @module
 */
export { type Float32CodeOptions, float32 } from './method.ts';
export { Float32Quantizer } from './quantizer.ts';
