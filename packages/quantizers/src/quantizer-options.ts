/** What a quantizer may be asked for, and what makers of quantizers are given and give. */
import {
  type Core,
  checkOneOf,
  checkOptions,
  type Metric,
  type OptionTable,
  type RandomStream,
  type Vectors,
} from '@sagitta/core-wasm';
import type { LeanVecSolver } from './leanvec/projection.ts';
import type { Coder } from './linear/coder.ts';
import type { Frame } from './linear/frame.ts';
import { PRIMARY_NAMES, type PrimaryName, QUANTIZER_NAMES, type QuantizerName } from './quantizer.ts';
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

/** What quantizers have besides name, metric, bits and seed. */
export type OwnQuantizerOptions = Omit<QuantizerOptions, 'name' | 'metric' | 'bits' | 'seed'>;
const OWN: OptionTable<OwnQuantizerOptions> = {
  mode: 'string',
  nbits: 'number',
  secondBits: 'number',
  means: 'number',
  rotate: 'boolean',
  ratio: 'boolean',
  sketch: 'boolean',
  clip: 'number',
  ranges: 'string',
  dims: 'number',
  primary: 'string',
  queries: 'any',
  solver: 'string',
  clusterDims: 'number',
  iterations: 'number',
};
/** What each quantizer has of them. */
const OWN_OF: Readonly<Record<QuantizerName, readonly (keyof OwnQuantizerOptions)[]>> = {
  rabitq: ['mode'],
  pq: ['nbits', 'iterations'],
  opq: ['nbits', 'iterations'],
  lvq: ['secondBits', 'means', 'rotate', 'ratio'],
  scalar: ['clip', 'ranges'],
  binary: [],
  turboquant: ['ratio', 'sketch'],
  pca: ['dims'],
  fp16: [],
  leanvec: ['dims', 'primary', 'queries', 'solver'],
  latent: [],
  'low-rank-pq': ['nbits', 'iterations', 'clusterDims'],
};
const COMMON = { name: 'string', metric: 'string', bits: 'number', seed: 'number' } as const;

/**
 * Checks that `options` are those of the quantizer `name`; for leanvec those of its primary belong to it.
 * @throws TypeError, RangeError as checkOptions does
 */
export function checkQuantizerOptions(
  label: string,
  name: QuantizerName,
  options: OwnQuantizerOptions,
): void {
  checkOptions(label, options, tableOf(name, options.primary) as OptionTable<OwnQuantizerOptions>);
}

/** checkQuantizerOptions for options with name, metric, bits and seed among them. */
export function checkAllQuantizerOptions(label: string, options: QuantizerOptions): void {
  checkOptions(label, options, { ...COMMON, ...OWN });
  const name = checkOneOf('name', options.name, QUANTIZER_NAMES);
  const table = { ...COMMON, ...tableOf(name, options.primary) };
  checkOptions(label, options, table as OptionTable<QuantizerOptions>);
}

/** Names of the options that a quantizer has besides name, metric, bits and seed; leanvec has those of its primary too. */
export function quantizerOptionNames(name: QuantizerName, primary?: PrimaryName): readonly string[] {
  return Object.keys(tableOf(name, primary));
}

function tableOf(
  name: QuantizerName,
  primary: PrimaryName = 'lvq',
): Partial<OptionTable<OwnQuantizerOptions>> {
  const own = name === 'leanvec' && PRIMARY_NAMES.includes(primary) ? OWN_OF[primary] : [];
  return Object.fromEntries([...OWN_OF[name], ...own].map((option) => [option, OWN[option]]));
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
