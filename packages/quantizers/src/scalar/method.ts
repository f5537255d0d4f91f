/** Coordinate by coordinate, as methods: grids of integers, signs, half precision. */
import { checkInteger } from '@sagitta/core-wasm';
import { identityFrame } from '../linear/frame.ts';
import { inFrame, type LinearMethodValue, linearMethod } from '../linear/linear-method.ts';
import { RANGE_VECTORS } from '../training-minimum.ts';
import { BinaryCoder, readBinaryCoder } from './binary-coder.ts';
import { trainScalarCoder } from './coder.ts';
import { checkHalves, HalfCoder, readHalfCoder } from './half-coder.ts';
import { readAnyScalarCoder, SCALAR_RANGES, type ScalarRanges, VectorScalarCoder } from './vector-coder.ts';

/** Says how fine the grid is, and what it spans. */
export interface ScalarCodeOptions {
  readonly bits?: number;
  readonly clip?: number;
  readonly ranges?: ScalarRanges;
}
/** No options: the bits are what the name says. */
export type FixedCodeOptions = Readonly<Record<never, never>>;

/** Integers on a uniform grid, of each dimension or each vector: int8 and int4 are its usual bits. */
export const scalar: LinearMethodValue<ScalarCodeOptions> = /* @__PURE__ */ linearMethod<ScalarCodeOptions>({
  name: 'scalar',
  options: {
    bits: {
      kind: 'integer',
      least: 1,
      most: 8,
      default: 8,
      says: 'code bits a dimension, from 2 where ranges are by vector',
    },
    clip: {
      kind: 'number',
      least: 0,
      most: 0.49,
      default: 0,
      says: 'share of values beyond the grid at each end, of training or of each vector',
    },
    ranges: {
      kind: 'choice',
      choices: SCALAR_RANGES,
      default: 'dimension',
      says: 'a grid for each dimension, learned, or for each vector, about 0, with a factor beside the code',
    },
  },
  fewestVectors: (_d, { ranges }) => (ranges === 'vector' ? 1 : RANGE_VECTORS),
  make(sample, { bits = 8, clip = 0, ranges = 'dimension' }) {
    const { d } = sample;
    const frame = identityFrame(d);
    const coder =
      ranges === 'vector'
        ? new VectorScalarCoder(frame.dims, d, checkInteger('bits', bits, 2, 8), clip)
        : trainScalarCoder(inFrame(sample, frame), sample.n, frame.dims, bits, clip);
    return { frame, coder, bits: (bits * frame.dims) / d, isUnbiased: false };
  },
  readCoder: readAnyScalarCoder,
});

/** One bit a dimension and the mean magnitude: to find candidates that are scored again. */
export const sign: LinearMethodValue<FixedCodeOptions> = /* @__PURE__ */ linearMethod<FixedCodeOptions>({
  name: 'sign',
  options: {},
  fixedBits: 1,
  make({ d }) {
    const frame = identityFrame(d);
    return { frame, coder: new BinaryCoder(frame.dims, d), bits: frame.dims / d, isUnbiased: false };
  },
  readCoder: readBinaryCoder,
});

/** Keeps half precision: 2 bytes a dimension. */
export const float16: LinearMethodValue<FixedCodeOptions> = /* @__PURE__ */ linearMethod<FixedCodeOptions>({
  name: 'float16',
  options: {},
  fixedBits: 16,
  make({ d, data }) {
    checkHalves('vectors', data);
    const frame = identityFrame(d);
    const coder = new HalfCoder(frame.dims, 'decoded');
    return { frame, coder, bits: (16 * frame.dims) / d, isUnbiased: false };
  },
  readCoder: readHalfCoder,
});
