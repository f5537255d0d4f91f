/**
 * The contract of every quantizer: train → immutable quantizer → encode → estimate against a prepared query → decode →
 * save and load. Codes lie in blocks of 32 vectors in the core's memory.
 *
 * Vectors are coded as residuals x - c of an origin c: the centroid of their list, or `origin` of a flat set.
 */
import type { Block, Core, Metric, Numbers, Ptr, Vectors } from '@sagitta/core-wasm';

export const QUANTIZER_NAMES = [
  'rabitq',
  'pq',
  'opq',
  'lvq',
  'scalar',
  'binary',
  'turboquant',
  'pca',
  'fp16',
  'leanvec',
  'latent',
  'low-rank-pq',
] as const;
export type QuantizerName = (typeof QUANTIZER_NAMES)[number];
/** What may code the dimensions that LeanVec keeps. */
export type PrimaryName = Exclude<QuantizerName, 'leanvec'>;
export const PRIMARY_NAMES: readonly PrimaryName[] = QUANTIZER_NAMES.filter((name) => name !== 'leanvec');

export interface Quantizer {
  readonly name: QuantizerName;
  readonly metric: Metric;
  readonly d: number;
  /** Average code bits a dimension, factors left out. */
  readonly bits: number;
  /** Code and factors of one vector. */
  readonly bytesPerVector: number;
  /** Bytes of 32 vectors. */
  readonly blockBytes: number;
  /** Estimates of inner products have no bias over the random rotation. */
  readonly isUnbiased: boolean;
  /** QueryEstimator.errors is there. */
  readonly hasErrorBound: boolean;
  /** Where a flat set is centred, d values: the mean of the sample for l2, else 0. */
  readonly origin: Float32Array;
  createEncoder(core: Core): QuantizerEncoder;
  createEstimator(core: Core, options?: EstimatorOptions): QueryEstimator;
  /** The n vectors that blocks stand for, n × d, fresh. origin: what was subtracted when they were coded. */
  decode(core: Core, blocks: Block, n: number, origin: Float32Array): Float32Array;
  /** What is wrong with blocks that were read from a file, or undefined: any bits are a code, factors have to be finite. */
  defect(blocks: Block, n: number): string | undefined;
}

export interface EstimatorOptions {
  /** Leaves finer levels unread, where codes have them: a first scan, to be followed by scores from all. */
  readonly isCoarse?: boolean;
}

export interface QuantizerEncoder extends Disposable {
  /**
   * Codes n vectors (n × d numbers or n arrays of d, finite) less origin at positions first … first + n - 1 of blocks; places of the last block
   * behind them are left alone.
   * @throws RangeError on values that are not finite or that the code cannot hold
   */
  encode(vectors: Vectors, origin: Float32Array, blocks: Block, first: number): void;
}

export interface QueryEstimator extends Disposable {
  /** query — d numbers; for cosine of length 1. */
  setQuery(query: Numbers): void;
  /**
   * out f32[⌈n/32⌉ × 32]: estimated scores, smaller is better: squared distances for l2, else negated inner products.
   * base — the exact score of the origin: |q - c|² for l2, -<q, c> else.
   */
  scores(blocks: Ptr, n: number, base: number, out: Ptr): void;
  /**
   * How far a score may be off: out f32[n] = F_error·|q - c|, exceeded by under 5 % of estimates on one side. Only where
   * hasErrorBound. distance — |q - c|.
   */
  errors?(blocks: Block, n: number, distance: number): Float32Array;
}
