/** What a linear quantizer is made of. */
import type { Metric } from '@sagitta/core-wasm';
import type { QuantizerName } from '../quantizer.ts';
import type { Coder } from './coder.ts';
import type { Frame } from './frame.ts';

export interface LinearParts {
  readonly name: QuantizerName;
  readonly metric: Metric;
  readonly d: number;
  readonly bits: number;
  readonly isUnbiased: boolean;
  /** d values: the mean of the sample for l2, else zeros. */
  readonly origin: Float32Array;
  readonly frame: Frame;
  readonly coder: Coder;
}
