/** What a quantizer may be asked for, and what makers of quantizers are given and give. */
import type { Core, Metric, RandomStream, Vectors } from '@sagitta/core-wasm';
import type { LeanVecSolver } from './leanvec/projection.ts';
import type { Coder } from './linear/coder.ts';
import type { Frame } from './linear/frame.ts';
import type { PrimaryName, QuantizerName } from './quantizer.ts';
import type { RabitqMode } from './rabitq/index.ts';
import type { ScalarRanges } from './scalar/vector-coder.ts';

export interface QuantizerOptions {
  readonly name: QuantizerName;
  readonly metric: Metric;
  /**
   * Average code bits a dimension. rabitq 1 to 9; pq, opq and low-rank-pq 1/16 to 8 (as sub-quantizers); lvq 1 to 16 (above 8 on two
   * levels); leanvec that of its primary a kept dimension; scalar 1 to 8; turboquant 1 to 4; latent 1 to 8; pca 1/16 to 16, at 16 bits a kept dimension; binary is 1, fp16 16.
   */
  readonly bits?: number;
  readonly seed?: number;
  /** rabitq: 'fast' (default) or 'optimal' codes. */
  readonly mode?: RabitqMode;
  /** pq, opq, low-rank-pq: bits of one code, 8 (default) or 4 (fast scan). */
  readonly nbits?: 4 | 8;
  /** lvq: bits of the second level, 0 (default) to 8; bits is then that of the first. */
  readonly secondBits?: number;
  /** lvq: means of which each vector takes the nearest, 1 (default) to 256. */
  readonly means?: number;
  /** lvq: in a random rotation; with `ratio` inner products have no bias. */
  readonly rotate?: boolean;
  /** lvq, turboquant: the scale |r|²/<r, r̂>. Default false for lvq, true for turboquant. */
  readonly ratio?: boolean;
  /** turboquant from 2 bits: the paper's unbiased variant, bits - 1 of levels and one of signs of the rest. */
  readonly sketch?: boolean;
  /** scalar: share of values beyond the grid at each end, of training or of each vector. Default 0. */
  readonly clip?: number;
  /** scalar: a grid for each dimension (default), learned, or for each vector, about 0, with a factor beside the code. */
  readonly ranges?: ScalarRanges;
  /**
   * leanvec: dimensions kept, default half of them; bits is then that of a kept dimension. pca: dimensions kept, instead of
   * bits.
   */
  readonly dims?: number;
  /** leanvec: what codes the kept dimensions, with its own options beside. Default lvq, at 8 bits. */
  readonly primary?: PrimaryName;
  /** leanvec: training queries (m × d, for cosine of length 1) where they differ from the vectors. */
  readonly queries?: Vectors;
  /** leanvec with queries: 'sphering' (default), the closed form, or 'frank-wolfe', the search of the paper. */
  readonly solver?: LeanVecSolver;
  /** low-rank-pq: dims of the shared codebook; default: chosen by a trade-off that the coder reports. */
  readonly clusterDims?: number;
  /** pq, opq, low-rank-pq: k-means rounds. Default 10. */
  readonly iterations?: number;
}

export interface Made {
  readonly frame: Frame;
  readonly coder: Coder;
  readonly bits: number;
  readonly isUnbiased: boolean;
}

/** A sample as makers see it: checked, and centred on origin. */
export interface Sample {
  readonly core: Core;
  readonly d: number;
  readonly n: number;
  /** n × d: x - origin, or residuals where those were given. */
  readonly rows: Float32Array;
  /** The vectors of the sample as they are, as many or more. */
  readonly data: Float32Array;
  /** What queries lose before they are taken into the frame. */
  readonly origin: Float32Array;
  readonly random: RandomStream;
  readonly seed: number;
}
