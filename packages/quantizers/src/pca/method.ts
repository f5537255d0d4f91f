/** PCA as a method: the leading principal directions, in half precision. */
import { checkInteger } from '@sagitta/core-wasm';
import { matrixFrame } from '../linear/frame.ts';
import { type LinearMethodValue, linearMethod } from '../linear/linear-method.ts';
import { checkHalves, HalfCoder, readHalfCoder } from '../scalar/half-coder.ts';
import { principalDirections } from '../training/leading-pca.ts';
import { keptDimOptions, keptDims, type PcaCodeOptions } from './kept-dims.ts';

/** Keeps fewer dimensions, at 16 bits each. */
export const pca: LinearMethodValue<PcaCodeOptions> = /* @__PURE__ */ linearMethod<PcaCodeOptions>({
  name: 'pca',
  options: keptDimOptions,
  fewestVectors: keptDims,
  make({ core, d, n, rows, data, seed }, options) {
    const dims = checkInteger('dims', keptDims(d, options), 1, d);
    checkHalves('vectors', data);
    const found = principalDirections(core, { data: rows, n, d }, { center: false, dims, seed });
    const frame = matrixFrame(d, found.components);
    const coder = new HalfCoder(frame.dims, 'exact');
    return { frame, coder, bits: (16 * frame.dims) / d, isUnbiased: false };
  },
  readCoder: readHalfCoder,
});
