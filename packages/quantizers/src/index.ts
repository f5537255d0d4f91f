/**
 * Quantizers: train → immutable model → encode → estimate → decode.
 *
 * @module
 */

export { BlockLayout, type Region } from './block-layout.ts';
export { Float32Quantizer } from './float32/index.ts';
export { LEANVEC_SOLVERS, type LeanVecSolver } from './leanvec/index.ts';
export type { LinearLayout } from './linear/block-layout.ts';
export type { BlockEncoder, BlockFactors, CodedRows, CodePart, Coder, Dots } from './linear/coder.ts';
export type { Frame } from './linear/frame.ts';
export { type LinearParts, LinearQuantizer } from './linear/linear-quantizer.ts';
export {
  CODE_NAMES,
  type CodeName,
  type Encoder,
  type Estimator,
  type EstimatorOptions,
  type ListProbe,
  PRIMARY_NAMES,
  type PrimaryName,
  QUANTIZER_NAMES,
  type Quantizer,
  type QuantizerName,
  type ScanHeap,
  type ScanStatistics,
} from './quantizer.ts';
export {
  checkQuantizerOptions,
  type OwnQuantizerOptions,
  type QuantizerOptions,
  quantizerOptionNames,
} from './quantizer-options.ts';
export type { RabitqMode } from './rabitq/index.ts';
export { type WaterLevel, waterLevel } from './rate-distortion.ts';
export {
  type AllocateBitsOptions,
  allocateBits,
  BLOCK,
  blockCount,
  DEFAULT_GAMMA,
  type DecodeOptions,
  loadSaqModel,
  planError,
  quotaBits,
  type Reflections,
  readSaqModel,
  SaqDecoder,
  SaqEncoder,
  SaqEstimator,
  type SaqLayout,
  type SaqModel,
  type SaqOptions,
  SaqQuantizer,
  type SaqSegment,
  saqDefect,
  saqLayout,
  saveSaqModel,
  singleSegmentPlan,
  trainSaq,
  writeSaqModel,
} from './saq/index.ts';
export type { ScalarRanges } from './scalar/index.ts';
export { readQuantizer, trainQuantizer, writeQuantizer } from './train-quantizer.ts';
export {
  type Assignment,
  assignToNearest,
  gatherRows,
  type KmeansModel,
  type KmeansOptions,
  type LeadingPca,
  type LeadingPcaOptions,
  type PcaModel,
  type PcaOptions,
  principalDirections,
  projectRows,
  RowReservoir,
  type SymmetricEigen,
  sampleIndices,
  sampleRows,
  symmetricEigen,
  trainKmeans,
  trainPca,
} from './training/index.ts';
export { checkTrainingSample, fewestVectors, type SampleNeeds } from './training-minimum.ts';
