/**
 * Fixed Dimensional Encodings: token sets as flat vectors whose inner products rank as MaxSim does, and stores of their
 * codes.
 *
 * @module
 */

export type { Compaction } from '../columns/compaction.ts';
export { createFdeStore, type FdeStoreOptions, readFdeStore } from './create-fde-store.ts';
export type { FdeEncoder, FdeSession } from './fde-encoder.ts';
export { type FdeAlarm, type FdeHealth, fdeHealth } from './fde-health.ts';
export { FDE_ENCODINGS, type FdeEncoding, type FdeStore } from './fde-store.ts';
export { readFdeEncoder, writeFdeEncoder } from './format.ts';
export { LearnedFde } from './learned-fde.ts';
export type { LearnedOptions } from './learned-options.ts';
export { trainLearnedFde } from './learned-train.ts';
export { fitLengthBeta, type LengthBeta } from './length-beta.ts';
export { MuveraFde } from './muvera-fde.ts';
export { MUVERA_PRESETS, type MuveraOptions, type MuveraPreset, muveraPreset } from './muvera-options.ts';
export {
  type FdeRecommendation,
  type FdeRecommendations,
  type RecommendFdeOptions,
  recommendFde,
} from './recommend-fde.ts';
export { RegressionFde } from './regression-fde.ts';
export type { RegressionOptions } from './regression-options.ts';
export {
  type RegressionPhase,
  type RegressionProgress,
  type RegressionStreamOptions,
  trainRegressionFde,
  trainRegressionFdeFrom,
} from './regression-train.ts';
export { SplitFde } from './split-fde.ts';
export { type SplitOptions, trainSplitFde } from './split-train.ts';
