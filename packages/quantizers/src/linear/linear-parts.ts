/** What a linear quantizer is made of. */
import type { Metric } from '@sagitta/core-wasm';
import type { LinearName } from '../names.ts';
import type { Coder } from './coder.ts';
import type { Frame } from './frame.ts';

/** Holds what a linear quantizer is made of. */
export interface LinearParts {
  readonly name: LinearName;
  readonly metric: Metric;
  readonly d: number;
  readonly bits: number;
  readonly isUnbiased: boolean;
  /** d values: the mean of the sample for l2, else zeros. */
  readonly origin: Float32Array;
  readonly frame: Frame;
  readonly coder: Coder;
}
