/**
 * How hard a collection is, and what changed between two versions of a model: intrinsic dimensions, spectrum, hubs, contrast,
 * intruder directions, and the overlap of neighbours, which decides.
 *
 * @module
 */
export type { DiagnosisAdvice } from './advice.ts';
export {
  compareModels,
  type IntruderDirection,
  type ModelDifference,
  type ModelDifferenceOptions,
} from './compare-models.ts';
export {
  type DiagnoseOptions,
  type Diagnosis,
  diagnose,
  type LocalDimensionOptions,
  type LocalSpread,
  localDimensions,
} from './diagnose.ts';
export type { Spectrum } from './spectrum.ts';
