/**
 * Is for the packages of Sagitta itself, and may change in any version: what they need of this one and no user should.
 *
 * @module
 */
export { BlockLayout } from './block-layout.ts';
export { BLOCK } from './blocks.ts';
export type { ModelReader, TrainingContext } from './method.ts';
export { quantizerChoice, quantizerOptionNames } from './methods.ts';
export { QUANTIZER_ALIASES, quantizerNamed } from './names.ts';
export { checkChoice, type NumberSpec } from './option-specs.ts';
export { PqCoder } from './pq/coder.ts';
export { trainPqCoder } from './pq/train.ts';
export type {
  Coordinates,
  GraphEstimator,
  GraphProbe,
  ListProbe,
  ScanHeap,
  ScanStatistics,
} from './quantizer.ts';
export { RABITQ_MODES, RabitqCoder } from './rabitq/coder.ts';
export { makeRabitqCoder } from './rabitq/train.ts';
export { modelReaders } from './readers.ts';
export { RowLayout, type RowPiece } from './row-layout.ts';
export { DEFAULT_GAMMA } from './saq/estimator.ts';
export { startsOf } from './saq/starts.ts';
export { checkHalves, halfToNumber, numberToHalf } from './scalar/half-coder.ts';
export { trainLeadingPca } from './training/leading-pca.ts';
export { checkTrainingSample } from './training-minimum.ts';
export { transpose } from './transpose.ts';
