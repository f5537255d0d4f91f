/** What PQ and its kin may be asked for. */
import type { ChoiceSpec, NumberSpec } from '../option-specs.ts';
import type { PqOptions } from './train.ts';

/** Says how many sub-quantizers PQ has, and how they are trained. */
export interface PqCodeOptions {
  readonly bits?: number;
  readonly nbits?: 4 | 8;
  readonly iterations?: number;
}

/** Describes the bits a dimension of PQ. */
export const PQ_BITS: NumberSpec = {
  kind: 'number',
  least: 0.0625,
  most: 8,
  default: 1,
  says: 'average code bits a dimension, from which follows the number of sub-quantizers',
};
/** Describes the bits of one sub-quantizer. */
export const PQ_NBITS: ChoiceSpec<4 | 8> = {
  kind: 'choice',
  choices: [8, 4],
  default: 8,
  says: 'bits of one code; with 4 the scan is the fast scan',
};
/** Describes the rounds of k-means. */
export const PQ_ITERATIONS: NumberSpec = {
  kind: 'integer',
  least: 1,
  most: 1000,
  default: 10,
  says: 'k-means rounds of the codebooks',
};

/** Sub-quantizers and rounds for d dimensions. */
export function pqOptions(d: number, seed: number, options: PqCodeOptions): PqOptions {
  const { bits = 1, nbits = 8, iterations = 10 } = options;
  const m = Math.max(1, Math.min(d, Math.round((bits * d) / nbits)));
  return { m, nbits, seed, iterations };
}

/** Asks for a vector for each centroid. */
export function fewestForPq(_d: number, { nbits = 8 }: PqCodeOptions): number {
  return 1 << nbits;
}
