/** PQ and OPQ as methods: the same codes, of the dimensions as they are or in a learned rotation. */
import { checkCubic } from '../linear/cubic.ts';
import { identityFrame } from '../linear/frame.ts';
import {
  inFrame,
  type LinearMethodValue,
  linearMethod,
  type Made,
  type Sample,
} from '../linear/linear-method.ts';
import { readPqCoder } from './coder.ts';
import { fewestForPq, PQ_BITS, PQ_ITERATIONS, PQ_NBITS, type PqCodeOptions, pqOptions } from './options.ts';
import { trainOpqFrame, trainPqCoder } from './train.ts';

/** Codebooks of runs of dimensions. */
export const pq: LinearMethodValue<PqCodeOptions> = /* @__PURE__ */ linearMethod<PqCodeOptions>({
  name: 'pq',
  options: { bits: PQ_BITS, nbits: PQ_NBITS, iterations: PQ_ITERATIONS },
  fewestVectors: fewestForPq,
  make: (sample, options) => makePq(sample, options, false),
  readCoder: readPqCoder,
});

/** Compresses by PQ in a learned rotation, of at most 2,048 dimensions. */
export const opq: LinearMethodValue<PqCodeOptions> = /* @__PURE__ */ linearMethod<PqCodeOptions>({
  name: 'opq',
  options: { bits: PQ_BITS, nbits: PQ_NBITS, iterations: PQ_ITERATIONS },
  fewestVectors: fewestForPq,
  make(sample, options) {
    checkCubic('opq', sample.d);
    return makePq(sample, options, true);
  },
  readCoder: readPqCoder,
});

function makePq(sample: Sample, options: PqCodeOptions, isRotated: boolean): Made {
  const { d, n, core, rows, seed } = sample;
  const pq = pqOptions(d, seed, options);
  const frame = isRotated ? trainOpqFrame(core, rows, n, d, pq) : identityFrame(d);
  const coder = trainPqCoder(core, inFrame(sample, frame), n, frame.dims, pq);
  return { frame, coder, bits: (coder.m * pq.nbits) / d, isUnbiased: false };
}
