/**
 * Quantizers: train → immutable model → encode → estimate → decode.
 *
 * @module
 */

export { BlockLayout, type Region } from './block-layout.ts';
export { type Float32CodeOptions, Float32Quantizer, float32 } from './float32/index.ts';
export { type LatentCodeOptions, latent } from './latent/index.ts';
export { LEANVEC_SOLVERS, type LeanVecCodeOptions, type LeanVecSolver, leanvec } from './leanvec/index.ts';
export type { LinearLayout } from './linear/block-layout.ts';
export type { BlockEncoder, BlockFactors, CodedRows, CodePart, Coder, Dots } from './linear/coder.ts';
export type { Frame } from './linear/frame.ts';
export type {
  LinearChoice,
  LinearMethod,
  LinearMethodParts,
  LinearMethodValue,
  Made,
  Sample,
} from './linear/linear-method.ts';
export { type LinearParts, LinearQuantizer } from './linear/linear-quantizer.ts';
export type { CoderReader, LinearReader } from './linear/read-linear.ts';
export { type LowRankPqCodeOptions, lowRankPq } from './low-rank-pq/index.ts';
export { type LvqCodeOptions, lvq } from './lvq/index.ts';
export type {
  Callable,
  ModelHead,
  ModelReader,
  QuantizerChoice,
  QuantizerMethod,
  TrainingContext,
} from './method.ts';
export {
  type ChoiceLabels,
  fewestVectors,
  METHODS,
  type NamedQuantizer,
  type OwnQuantizerOptions,
  quantizerChoice,
  quantizerOptionNames,
} from './methods.ts';
export {
  type CodeName,
  type KnownName,
  type LinearName,
  type PrimaryName,
  QUANTIZER_ALIASES,
  QUANTIZER_NAMES,
  type QuantizerAlias,
  type QuantizerName,
  quantizerNamed,
} from './names.ts';
export {
  type AnySpecs,
  type BooleanSpec,
  type ChoiceSpec,
  checkChoice,
  checkSpecified,
  type NumberSpec,
  type ObjectSpec,
  type OptionSpec,
  type OptionSpecs,
  type SpecOf,
} from './option-specs.ts';
export { type PcaCodeOptions, pca } from './pca/index.ts';
export { opq, type PqCodeOptions, pq } from './pq/index.ts';
export type {
  Encoder,
  Estimator,
  EstimatorOptions,
  ListProbe,
  Quantizer,
  ScanHeap,
  ScanStatistics,
} from './quantizer.ts';
export { type RabitqCodeOptions, type RabitqMode, rabitq } from './rabitq/index.ts';
export { type WaterLevel, waterLevel } from './rate-distortion.ts';
export { modelReaders } from './readers.ts';
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
  type SaqCodeOptions,
  SaqDecoder,
  SaqEncoder,
  SaqEstimator,
  type SaqLayout,
  type SaqModel,
  type SaqOptions,
  SaqQuantizer,
  type SaqSegment,
  saq,
  saqDefect,
  saqLayout,
  saveSaqModel,
  singleSegmentPlan,
  trainSaq,
  writeSaqModel,
} from './saq/index.ts';
export {
  type FixedCodeOptions,
  float16,
  type ScalarCodeOptions,
  type ScalarRanges,
  scalar,
  sign,
} from './scalar/index.ts';
export {
  type LinearQuantizerOptions,
  type QuantizerOptions,
  readQuantizer,
  trainQuantizer,
  writeQuantizer,
} from './train-quantizer.ts';
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
export { checkTrainingSample } from './training-minimum.ts';
export { type TurboQuantCodeOptions, turboquant } from './turboquant/index.ts';
