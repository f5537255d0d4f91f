/** Options of methods that keep some dimensions in half precision. */
import type { OptionSpecs } from '../option-specs.ts';

/** Says how many dimensions are kept. */
export interface PcaCodeOptions {
  readonly bits?: number;
  readonly dims?: number;
}

/** Dimensions that so many bits pay for. */
export function keptDims(d: number, { bits = 4, dims }: PcaCodeOptions): number {
  return dims ?? Math.max(1, Math.min(d, Math.round((bits * d) / 16)));
}

export const keptDimOptions: OptionSpecs<PcaCodeOptions> = {
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
};
