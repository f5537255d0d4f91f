/** Latent quantization as a method. */
import { identityFrame } from '../linear/frame.ts';
import { inFrame, type LinearMethodValue, linearMethod } from '../linear/linear-method.ts';
import { RANGE_VECTORS } from '../training-minimum.ts';
import { readLatentCoder } from './coder.ts';
import { trainLatentCoder } from './train.ts';

/** Says how vectors are coded by learned levels of each dimension. */
export interface LatentCodeOptions {
  readonly bits?: number;
}

/** Compresses each dimension by a learned codebook of single values. */
export const latent: LinearMethodValue<LatentCodeOptions> = /* @__PURE__ */ linearMethod<LatentCodeOptions>({
  name: 'latent',
  options: {
    bits: { kind: 'integer', least: 1, most: 8, default: 4, says: 'code bits a dimension' },
  },
  fewestVectors: () => RANGE_VECTORS,
  make(sample, { bits = 4 }) {
    const { d, n } = sample;
    const frame = identityFrame(d);
    const coder = trainLatentCoder(inFrame(sample, frame), n, frame.dims, bits);
    return { frame, coder, bits: (bits * frame.dims) / d, isUnbiased: false };
  },
  readCoder: readLatentCoder,
});
