/** Low-rank PQ as a method. */
import { checkInteger } from '@sagitta/core-wasm';
import { checkCubic } from '../linear/cubic.ts';
import { matrixFrame, paddedDims } from '../linear/frame.ts';
import { inFrame, type LinearMethodValue, linearMethod } from '../linear/linear-method.ts';
import type { PqCodeOptions } from '../pq/index.ts';
import { fewestForPq, PQ_BITS, PQ_ITERATIONS, PQ_NBITS, pqOptions } from '../pq/options.ts';
import { balancedAxes } from '../pq/train.ts';
import { readLowRankPqCoder } from './coder.ts';
import { trainLowRankPq } from './train.ts';

/** Says how codebooks of low rank are trained. */
export interface LowRankPqCodeOptions extends PqCodeOptions {
  readonly clusterDims?: number;
}

/** PQ with one codebook for all runs of dimensions, and a subspace of each run. */
export const lowRankPq: LinearMethodValue<LowRankPqCodeOptions> =
  /* @__PURE__ */ linearMethod<LowRankPqCodeOptions>({
    name: 'low-rank-pq',
    options: {
      bits: PQ_BITS,
      nbits: PQ_NBITS,
      iterations: PQ_ITERATIONS,
      clusterDims: {
        kind: 'integer',
        least: 1,
        most: 65_536,
        default: 'by a trade-off',
        says: 'dimensions of the shared codebook, at most those of a run',
      },
    },
    fewestVectors: fewestForPq,
    make(sample, options) {
      const { core, d, n, rows, seed } = sample;
      checkCubic('low-rank-pq', d);
      const pq = pqOptions(d, seed, options);
      const dsub = Math.ceil(paddedDims(d) / pq.m);
      const { clusterDims } = options;
      if (clusterDims !== undefined) checkInteger('clusterDims', clusterDims, 1, dsub);
      const frame = matrixFrame(d, balancedAxes(core, rows, n, d, pq.m));
      const coder = trainLowRankPq(core, inFrame(sample, frame), n, frame.dims, {
        ...pq,
        ...(clusterDims !== undefined && { clusterDims }),
      });
      return { frame, coder, bits: (coder.m * pq.nbits) / d, isUnbiased: false };
    },
    readCoder: readLowRankPqCoder,
  });
