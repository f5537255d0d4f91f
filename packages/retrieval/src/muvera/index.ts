/**
 * Fixed Dimensional Encodings: token sets as flat vectors whose inner products rank as MaxSim does, and stores of their
 * codes.
 *
 * @module
 */

export type { Compaction } from '../compaction.ts';
export { MAX_FDE_NUMBER, numbersDefect } from './block-codec.ts';
export { createFdeStore, type FdeStoreOptions, readFdeStore } from './create-fde-store.ts';
export { FDE_KINDS, type FdeEncoder, type FdeKind, type FdeSession, MAX_FDE_LENGTH } from './fde-encoder.ts';
export { type FdeAlarm, type FdeHealth, fdeHealth } from './fde-health.ts';
export { FDE_ENCODINGS, type FdeEncoding, type FdeHits, type FdeStore } from './fde-store.ts';
export { readFdeEncoder, writeFdeEncoder } from './format.ts';
export { LearnedFde } from './learned-fde.ts';
export {
  CELL_SHARES,
  LEARNED_BLOCKS,
  type LearnedBlocks,
  type LearnedEncoder,
  type LearnedOptions,
  type LearnedParameters,
  type LearnedParts,
  MAX_CELLS,
  MAX_VOTERS,
} from './learned-options.ts';
export type { LearnedSession } from './learned-session.ts';
export { trainLearnedFde } from './learned-train.ts';
export { fitLengthBeta, type LengthBeta } from './length-beta.ts';
export {
  bestOfRows,
  bestSimilarities,
  candidatesNeeded,
  encodeToStore,
  exactMaxSim,
  ranksOfTruth,
  shareFound,
} from './measure-fde.ts';
export { MuveraFde } from './muvera-fde.ts';
export type { MuveraEncoder, MuveraMatrices } from './muvera-matrices.ts';
export {
  CELL_ORDERS,
  type CellOrder,
  DOCUMENT_SCALES,
  type DocumentScale,
  INNER_PROJECTIONS,
  type InnerProjection,
  MAX_REPETITIONS,
  MAX_SIMHASH_PROJECTIONS,
  MUVERA_PRESETS,
  type MuveraOptions,
  type MuveraParameters,
  type MuveraPreset,
  muveraPreset,
} from './muvera-options.ts';
export type { MuveraSession } from './muvera-session.ts';
export {
  type FdeRecommendation,
  type FdeRecommendations,
  type RecommendFdeOptions,
  recommendFde,
} from './recommend-fde.ts';
export { SplitFde, type SplitParts, type SplitSession } from './split-fde.ts';
export { type SplitOptions, trainSplitFde } from './split-train.ts';
