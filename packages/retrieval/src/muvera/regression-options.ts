/** What a RegressionFde is made of. */
import {
  checkInteger,
  checkLength,
  checkNumber,
  checkOptions,
  MAX_DIMENSION,
  type OptionTable,
} from '@sagitta/core-wasm';
import { type IntegerRows, integerRowsDefect } from './integer-rows.ts';
import type { FeatureLayer } from './token-features.ts';

/** Is the largest number of features, hence of numbers of an FDE, of the encoding by regression. */
export const MAX_FEATURES = 16_384;
/** Is the largest number of training tokens that a document is compared with. */
export const MAX_ANCHORS = 65_536;
/** Layers of a feature map, at most. */
export const MAX_LAYERS = 4;

/** Says what the encoding by regression is made of, and how it is trained. */
export interface RegressionOptions {
  /** Numbers of an FDE, 1 to 16,384. */
  readonly features: number;
  /** Learn the features on the sample too, for minutes instead of seconds: half the numbers do as well. Default false: random. */
  readonly trained?: boolean;
  /**
   * Training tokens that every document is compared with, 1 to 65,536. Default 16 a feature, at least 4,096 and at most 8,192;
   * 8,192 with trained features.
   */
  readonly numAnchors?: number;
  /** Ridge of the regression, as a share of the mean diagonal. Default 0.001. */
  readonly ridge?: number;
  /** trained: numbers of the hidden layer, 1 to 16,384. Default 512. */
  readonly hidden?: number;
  /** trained: tokens of the sample that features learn from, at most. Default 60,000. */
  readonly trainingTokens?: number;
  /** trained: passes over them, at most: it stops where tokens held out are fitted no better. Default 6. */
  readonly epochs?: number;
  /** Documents of the sample whose similarities are fitted (trained), and whose mean is taken out. Default 2,048. */
  readonly trainingDocuments?: number;
  readonly seed?: number;
}

const REGRESSION_OPTIONS: OptionTable<RegressionOptions> = {
  features: 'number',
  trained: 'boolean',
  numAnchors: 'number',
  ridge: 'number',
  hidden: 'number',
  trainingTokens: 'number',
  epochs: 'number',
  trainingDocuments: 'number',
  seed: 'number',
};

const DEFAULT_RIDGE = 1e-3;
const DEFAULT_HIDDEN = 512;
const DEFAULT_TRAINING_TOKENS = 60_000;
const DEFAULT_TRAINING_DOCUMENTS = 2048;
const DEFAULT_EPOCHS = 6;
const ANCHORS_PER_FEATURE = 16;
const LEAST_ANCHORS = 4096;
const MOST_ANCHORS = 8192;

/** Options with everything filled in. */
export type RegressionSettings = Required<RegressionOptions>;

/** @throws RangeError on anything out of range */
export function checkRegressionOptions(d: number, options: RegressionOptions): RegressionSettings {
  checkOptions('options', options, REGRESSION_OPTIONS);
  checkInteger('d', d, 1, MAX_DIMENSION);
  const features = checkInteger('features', options.features, 1, MAX_FEATURES);
  const trained = options.trained ?? false;
  const wanted = trained ? MOST_ANCHORS : Math.max(LEAST_ANCHORS, ANCHORS_PER_FEATURE * features);
  const anchors = Math.min(MOST_ANCHORS, wanted);
  return {
    features,
    trained,
    numAnchors: checkInteger('numAnchors', options.numAnchors ?? anchors, 1, MAX_ANCHORS),
    ridge: checkNumber('ridge', options.ridge ?? DEFAULT_RIDGE, 1e-9, 1e3),
    hidden: checkInteger('hidden', options.hidden ?? DEFAULT_HIDDEN, 1, MAX_FEATURES),
    trainingTokens: checkInteger(
      'trainingTokens',
      options.trainingTokens ?? DEFAULT_TRAINING_TOKENS,
      1,
      2 ** 22,
    ),
    epochs: checkInteger('epochs', options.epochs ?? DEFAULT_EPOCHS, 1, 10_000),
    trainingDocuments: checkInteger(
      'trainingDocuments',
      options.trainingDocuments ?? DEFAULT_TRAINING_DOCUMENTS,
      1,
      2 ** 20,
    ),
    seed: checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER),
  };
}

/** Holds what the encoding by regression has learned. */
export interface RegressionParts {
  readonly d: number;
  /** A power of two that tokens are multiplied by first, so that they are about 1 long. */
  readonly unit: number;
  /** φ, of tokens of that unit. */
  readonly layers: readonly FeatureLayer[];
  /** X: training tokens, m × d, of that unit. */
  readonly anchors: IntegerRows;
  /** m: the mean over documents of the best similarity with each anchor. */
  readonly means: Float32Array;
  /** P = (ΦᵀΦ + λ)⁻¹·Φᵀ, H × m. */
  readonly solver: IntegerRows;
}

/** Units from 2^-60 to 2^60 cover the lengths that tokens may have. */
export const MAX_UNIT_EXPONENT = 60;
/**
 * The greatest amount of a number of weights, biases, norms, means and scales, 2^30: features of tokens of the unit stay far
 * below what scores of an FDE have room for. Several layers have norms, so that one does not multiply what another made.
 */
const MAX_NUMBER = 2 ** 30;

/** @throws RangeError on parts that do not fit each other, or numbers out of range */
export function checkRegressionParts({ d, unit, layers, anchors, means, solver }: RegressionParts): void {
  checkInteger('d', d, 1, MAX_DIMENSION);
  const exponent = Math.round(Math.log2(unit));
  if (!(2 ** exponent === unit && Math.abs(exponent) <= MAX_UNIT_EXPONENT)) {
    throw new RangeError(`"unit" expected a power of two from 2^-60 to 2^60, got ${unit}`);
  }
  checkInteger('layers', layers.length, 1, MAX_LAYERS);
  let width = d;
  for (const layer of layers) {
    checkLength('weights', layer.weights.length, width * layer.outputs, 'inputs*outputs');
    if (layer.inputs !== width) throw new RangeError(`"inputs" expected ${width}, got ${layer.inputs}`);
    width = checkInteger('outputs', layer.outputs, 1, MAX_FEATURES);
    if (layers.length > 1 && !layer.norm)
      throw new RangeError('"norm" expected one in each of several layers');
    const { gain = layer.bias, shift = layer.bias } = layer.norm ?? {};
    for (const [label, values] of Object.entries({ bias: layer.bias, gain, shift })) {
      checkLength(label, values.length, width, 'outputs');
      checkRange(label, values);
    }
    checkRange('weights', layer.weights);
  }
  checkInteger('anchors', anchors.rows, 1, MAX_ANCHORS);
  checkRows('anchors', anchors, anchors.rows, d);
  checkLength('means', means.length, anchors.rows, 'anchors');
  checkRange('means', means);
  checkRows('solver', solver, width, anchors.rows);
}

function checkRows(label: string, given: IntegerRows, rows: number, columns: number): void {
  const { codes, scales } = given;
  if (given.rows !== rows || given.columns !== columns) {
    throw new RangeError(`"${label}" expected ${rows} × ${columns}, got ${given.rows} × ${given.columns}`);
  }
  checkLength(label, codes.length, rows * columns, 'rows*columns');
  checkLength(`${label} scales`, scales.length, rows, 'rows');
  checkRange(`${label} scales`, scales);
  const defect = integerRowsDefect(label, given);
  if (defect !== undefined) throw new RangeError(defect);
}

function checkRange(label: string, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) {
    const amount = Math.abs(values[i] as number);
    // NaN fails the comparison too
    if (amount <= MAX_NUMBER) continue;
    throw new RangeError(`"${label}" expected finite numbers up to 2^30, got ${values[i]} at ${i}`);
  }
}
