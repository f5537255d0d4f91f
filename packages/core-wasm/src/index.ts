/**
 * SIMD WebAssembly kernels for vector compression and search, and what everything above them shares: memory, seeded
 * randomness, checks, bytes.
 *
 * @module
 */
export { type CreateCoreOptions, createCore } from './create-core.ts';
export * from './exports.ts';
