/**
 * A random projection as a method: coordinates of a random rotation, drawn without replacement, in half precision. Nothing is
 * learned but the mean and no matrix is kept, and the error is known beforehand: that of a squared distance has the standard
 * deviation √(2/k·(1 - k/d)) of itself, whatever the vectors are (Ailon and Chazelle 2006; Tropp 2011).
 */
import { checkInteger } from '@sagitta/core-wasm';
import { keptFrame } from '../linear/frame.ts';
import { type LinearMethodValue, linearMethod } from '../linear/linear-method.ts';
import { keptDimOptions, keptDims, type PcaCodeOptions } from '../pca/kept-dims.ts';
import { checkHalves, HalfCoder, readHalfCoder } from '../scalar/half-coder.ts';

/** Says how many dimensions a random projection keeps. */
export type RandomCodeOptions = PcaCodeOptions;

/** Keeps fewer dimensions, drawn by chance, at 16 bits each. PCA errs far less wherever there is a sample to learn from. */
export const randomProjection: LinearMethodValue<RandomCodeOptions> =
  /* @__PURE__ */ linearMethod<RandomCodeOptions>({
    name: 'random',
    options: keptDimOptions,
    make({ d, data, random }, options) {
      const dims = checkInteger('dims', keptDims(d, options), 1, d);
      checkHalves('vectors', data);
      const frame = keptFrame(d, dims, random);
      const coder = new HalfCoder(frame.dims, 'decoded');
      return { frame, coder, bits: (16 * frame.dims) / d, isUnbiased: true };
    },
    readCoder: readHalfCoder,
  });
