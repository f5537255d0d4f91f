/**
 * Quantizers: train → immutable model → encode → estimate → decode.
 *
 * @module
 */
export * from './saq/index.ts';
export * from './training/index.ts';
