/**
 * Latent quantization: a learned scalar codebook for every dimension.
 *
 * @module
 */
export { type LatentCodeOptions, latent } from './method.ts';
