/** PCA as a method: the leading principal directions, in half precision. */
import { checkInteger } from '@sagitta/core-wasm';
import { matrixFrame } from '../linear/frame.ts';
import { type LinearMethodValue, linearMethod } from '../linear/linear-method.ts';
import { checkHalves, HalfCoder, readHalfCoder } from '../scalar/half-coder.ts';
import { principalDirections } from '../training/leading-pca.ts';

/** Says how many principal dimensions are kept. */
export interface PcaCodeOptions {
  readonly bits?: number;
  readonly dims?: number;
}

/** Dimensions that so many bits pay for. */
function dimsFor(d: number, { bits = 4, dims }: PcaCodeOptions): number {
  return dims ?? Math.max(1, Math.min(d, Math.round((bits * d) / 16)));
}

/** Keeps fewer dimensions, at 16 bits each. */
export const pca: LinearMethodValue<PcaCodeOptions> = /* @__PURE__ */ linearMethod<PcaCodeOptions>({
  name: 'pca',
  options: {
    bits: {
      kind: 'number',
      least: 0.0625,
      most: 16,
      default: 4,
      says: 'average code bits a dimension, at 16 for each that is kept',
    },
    dims: {
      kind: 'integer',
      least: 1,
      most: 65_536,
      default: 'what bits pay for',
      says: 'dimensions that are kept',
    },
  },
  fewestVectors: dimsFor,
  make({ core, d, n, rows, data, seed }, options) {
    const dims = checkInteger('dims', dimsFor(d, options), 1, d);
    checkHalves('vectors', data);
    const found = principalDirections(core, { data: rows, n, d }, { center: false, dims, seed });
    const frame = matrixFrame(d, found.components);
    const coder = new HalfCoder(frame.dims, 'exact');
    return { frame, coder, bits: (16 * frame.dims) / d, isUnbiased: false };
  },
  readCoder: readHalfCoder,
});
