/** LVQ as a method. */
import { checkInteger } from '@sagitta/core-wasm';
import { identityFrame, rotatedFrame } from '../linear/frame.ts';
import { inFrame, type LinearMethodValue, linearMethod } from '../linear/linear-method.ts';
import { trainKmeans } from '../training/kmeans.ts';
import { LvqCoder, MAX_MEANS, readLvqCoder } from './coder.ts';

/** Says how many bits and levels LVQ has, and whether it rotates. */
export interface LvqCodeOptions {
  readonly bits?: number;
  readonly secondBits?: number;
  readonly means?: number;
  readonly rotate?: boolean;
  readonly ratio?: boolean;
}

/** Compresses each vector on a grid of its own, in one level of codes or two. */
export const lvq: LinearMethodValue<LvqCodeOptions> = /* @__PURE__ */ linearMethod<LvqCodeOptions>({
  name: 'lvq',
  options: {
    bits: {
      kind: 'integer',
      least: 1,
      most: 16,
      default: 8,
      says: 'code bits a dimension, above 8 on two levels; beside secondBits those of the first, at most 8',
    },
    secondBits: {
      kind: 'integer',
      least: 0,
      most: 8,
      default: 'what bits has above 8',
      says: 'bits of the second level',
    },
    means: {
      kind: 'integer',
      least: 1,
      most: MAX_MEANS,
      default: 1,
      says: 'means of which each vector takes the nearest',
    },
    rotate: { kind: 'boolean', default: false, says: 'codes in a random rotation' },
    ratio: {
      kind: 'boolean',
      default: false,
      says: 'a scale of each vector that, in a rotation, leaves inner products without bias',
    },
  },
  takesCopies: true,
  fewestVectors: (_d, { means = 1 }) => means,
  make(sample, options) {
    const { core, d, n, seed, random } = sample;
    const asked = checkInteger('bits', options.bits ?? 8, 1, options.secondBits === undefined ? 16 : 8);
    const bits = Math.min(8, asked);
    const { secondBits = asked - bits, rotate = false, ratio = false, means: count = 1 } = options;
    const frame = rotate ? rotatedFrame(d, random.fork('rotation')) : identityFrame(d);
    const used = rotate ? frame.dims : d;
    if (n < count)
      throw new RangeError(`"sample" expected at least ${count} vectors for ${count} means, got ${n}`);
    const means =
      count > 1
        ? trainKmeans(core, { data: inFrame(sample, frame), n, d: frame.dims }, { nlist: count, seed })
            .centroids
        : undefined;
    const coder = new LvqCoder(frame.dims, used, bits, secondBits, ratio, means);
    return { frame, coder, bits: ((bits + secondBits) * frame.dims) / d, isUnbiased: rotate && ratio };
  },
  readCoder: readLvqCoder,
});
