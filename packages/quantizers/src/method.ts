/**
 * A quantizer as a value: its options, how it is trained and how its model is read. What imports one method carries that
 * one and no other. A method is also the function that sets its options: `lvq({ bits: 4 })`.
 */
import type { ByteReader, Core, Metric, VectorSetInput, Vectors } from '@sagitta/core-wasm';
import type { QuantizerName } from './names.ts';
import { type AnySpecs, checkSpecified, type OptionSpecs } from './option-specs.ts';
import type { Quantizer } from './quantizer.ts';

/** What training is told beside the sample and the method's own options. */
export interface TrainingContext {
  readonly metric: Metric;
  readonly seed: number;
  /** Residuals x - c of `most` vectors of the sample or of all, n × d, where vectors will be coded as such. */
  residuals?(most?: number): Vectors;
}

/** What is known of a model before it is read. */
export interface ModelHead {
  readonly d: number;
  readonly metric: Metric;
  /** What reads models that lie within it: LeanVec's of its primary. */
  readonly readers: readonly ModelReader[];
}

/** What a method is to a file: training is left out. */
export interface ModelReader {
  readonly name: QuantizerName;
  /** Reads what Quantizer.write wrote, to its end. @throws FormatError on anything else */
  read(reader: ByteReader, head: ModelHead): Quantizer;
}

/** Is a way to compress vectors, as a value: its options, its training, its reader. */
export interface QuantizerMethod<O extends object = object> extends ModelReader {
  readonly options: OptionSpecs<O> & AnySpecs;
  /** Bits a dimension, where there is no choice of them. */
  readonly fixedBits?: number;
  /** Copies of a few vectors teach it no less than as many others. */
  readonly takesCopies?: boolean;
  /** Fewest vectors of d dimensions to be trained on; 0 where not even a mean is learned. */
  fewestVectors(d: number, options: O): number;
  /**
   * Trains on a sample, n × d; for cosine of vectors of length 1.
   * @throws RangeError on options out of range and on samples that are too small
   */
  train(core: Core, sample: VectorSetInput, options: O, context: TrainingContext): Quantizer;
}

/** A method and its options, as `lvq({ bits: 4 })` gives it. */
export interface QuantizerChoice<O extends object = object> {
  readonly method: QuantizerMethod<O>;
  readonly options: O;
}

/** A method that is called with its options; without, where it needs none. */
export type Callable<O extends object, M extends QuantizerMethod<O> = QuantizerMethod<O>> = M &
  ((...given: object extends O ? [options?: O] : [options: O]) => {
    readonly method: M;
    readonly options: O;
  });

/** Makes the function of a method that is its value. */
export function callable<O extends object, M extends QuantizerMethod<O> = QuantizerMethod<O>>(
  parts: M,
): Callable<O, M>;
export function callable({ name, ...rest }: QuantizerMethod): object {
  const call = (options: object = {}): object => {
    checkSpecified('options', options, rest.options);
    return { method: value, options: { ...options } };
  };
  const value: object = Object.assign(Object.defineProperty(call, 'name', { value: name }), rest);
  return value;
}
