/** A trained SAQ model: immutable, and all that encoding, estimating and decoding need. */
import type { Metric } from '@sagitta/core-wasm';
import type { SaqSegment } from './layout.ts';
import type { Reflections } from './reflections.ts';

/** Holds what SAQ has learned: principal directions, the plan of bits, and seeds of rotations. */
export interface SaqModel {
  readonly d: number;
  readonly metric: Metric;
  /** What was asked: average code bits a dimension. */
  readonly bits: number;
  readonly seed: number;
  /** Subtracted before projecting, d values; zeros for ip and cosine. */
  readonly mean: Float32Array;
  /** All segments in order; 0-bit segments are the tail. */
  readonly plan: readonly SaqSegment[];
  /**
   * keptDims × d, row-major: PCA rows of the coded segments, rotated within each segment. Orthonormal rows (of a segment
   * that reaches beyond d: the rotation of orthonormal rows and zeros), so projected inner products are those of the
   * kept subspace. Empty where there are reflections.
   */
  readonly projection: Float32Array;
  /** Instead of a projection, for many dimensions: the first kept dims of what they make of a vector. */
  readonly reflections?: Reflections;
  /** What a stored factor of 1 stands for, one power of two a coded segment. */
  readonly factorUnits: Float32Array;
  /**
   * shares[s] = √(residual energy in the coded segments after the s-th / all residual energy), s counted from 1;
   * shares[0] is that of all coded segments. Length coded + 1, the last is 0.
   */
  readonly shares: Float32Array;
}
