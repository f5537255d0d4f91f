/** Methods whose codes are linear: each gives a frame and a coder, and all else is done here. */
import {
  boundedSet,
  type Core,
  checkCore,
  checkInteger,
  checkMetric,
  MAX_DIMENSION,
  RandomStream,
  type VectorSetInput,
} from '@sagitta/core-wasm';
import { type Callable, callable, type QuantizerMethod, type TrainingContext } from '../method.ts';
import type { LinearName } from '../names.ts';
import { checkSpecified } from '../option-specs.ts';
import { checkTrainingSample, spannedDirections } from '../training-minimum.ts';
import type { Coder } from './coder.ts';
import { type Frame, FrameTransform } from './frame.ts';
import { LinearQuantizer } from './linear-quantizer.ts';
import { type CoderReader, type LinearReader, linearReader } from './read-linear.ts';

/** Holds what a maker has learned: frame, coder, bits. */
export interface Made {
  readonly frame: Frame;
  readonly coder: Coder;
  readonly bits: number;
  readonly isUnbiased: boolean;
}

/** Holds a sample as makers see it: checked, and centred on origin. */
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

/** Holds what one linear method differs from another in. */
export interface LinearMethodParts<O extends object>
  extends Pick<QuantizerMethod<O>, 'options' | 'fixedBits' | 'takesCopies'> {
  readonly name: LinearName;
  /** Default: 1, for a method that learns a mean at most. */
  fewestVectors?(d: number, options: O): number;
  make(sample: Sample, options: O): Made;
  readonly readCoder: CoderReader;
}

/** Is a method whose codes are linear in a frame: as a value, and called with its options. */
export interface LinearMethod<O extends object = object>
  extends QuantizerMethod<O>,
    LinearReader,
    Pick<LinearMethodParts<O>, 'make'> {
  readonly name: LinearName;
  train(core: Core, sample: VectorSetInput, options: O, context: TrainingContext): LinearQuantizer;
}

/** Is the value of a linear method. */
export type LinearMethodValue<O extends object> = Callable<O, LinearMethod<O>>;

/** Holds a linear method and its options. */
export interface LinearChoice<O extends object = object> {
  readonly method: LinearMethod<O>;
  readonly options: O;
}

export function linearMethod<O extends object>(parts: LinearMethodParts<O>): LinearMethodValue<O> {
  const method: LinearMethod<O> = {
    fewestVectors: () => 1,
    ...parts,
    ...linearReader(parts.name, parts.readCoder),
    train: (core, sample, options, context) => trainLinear(method, core, sample, options, context),
  };
  return callable<O, LinearMethod<O>>(method);
}

/** A linear method has what LeanVec asks of its primary. */
export function isLinearMethod(method: QuantizerMethod): method is LinearMethod {
  return 'make' in method;
}

/** Rows of the sample in a frame. */
export function inFrame({ core, rows }: Sample, frame: Frame): Float32Array {
  using transform = new FrameTransform(core, frame, 'data');
  return transform.apply(rows);
}

function trainLinear<O extends object>(
  method: LinearMethod<O>,
  core: Core,
  sample: VectorSetInput,
  options: O,
  context: TrainingContext,
): LinearQuantizer {
  checkCore(core);
  const { d } = sample;
  const { name } = method;
  const metric = checkMetric(context.metric);
  const seed = checkInteger('seed', context.seed, 0, Number.MAX_SAFE_INTEGER);
  checkSpecified('options', options, method.options);
  checkInteger('sample.d', d, 1, MAX_DIMENSION);
  const { data, n } = boundedSet(sample.data, d, 'sample', { isSample: true });
  checkTrainingSample('sample', { data, n, d }, { method, options });
  const origin = new Float32Array(d);
  if (metric === 'l2') {
    const sums = new Float64Array(d);
    for (let i = 0; i < data.length; i++) sums[i % d] = (sums[i % d] as number) + (data[i] as number);
    for (let j = 0; j < d; j++) origin[j] = (sums[j] as number) / n;
  }
  const residuals = context.residuals?.();
  const own = residuals && boundedSet(residuals, d, 'residuals');
  // residuals of vectors that are centroids themselves are 0 and teach nothing
  const rows =
    own && spannedDirections(own, 1) > 0
      ? own.data
      : data.map((value, i) => value - (origin[i % d] as number));
  const random = new RandomStream(seed, `quantizer/${name}`);
  const made = method.make({ core, d, n: rows.length / d, rows, data, origin, random, seed }, options);
  return new LinearQuantizer({ name, metric, d, origin, ...made });
}
