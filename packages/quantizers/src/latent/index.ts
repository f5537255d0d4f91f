/**
 * Latent quantization: a learned scalar codebook for every dimension.
 *
 * @module
 */
export { LatentCoder, readLatentCoder } from './coder.ts';
export { type LatentCodeOptions, latent } from './method.ts';
export { lloydLevels, trainLatentCoder } from './train.ts';
