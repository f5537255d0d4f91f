/**
 * Quantizers: train → immutable model → encode → estimate → decode.
 *
 * @module
 */

export { type Float32CodeOptions, float32 } from './float32/index.ts';
export { type LatentCodeOptions, latent } from './latent/index.ts';
export { type LeanVecCodeOptions, type LeanVecSolver, leanvec } from './leanvec/index.ts';
export { LinearQuantizer } from './linear/linear-quantizer.ts';
export { type LowRankPqCodeOptions, lowRankPq } from './low-rank-pq/index.ts';
export { type LvqCodeOptions, lvq } from './lvq/index.ts';
export type { QuantizerChoice, QuantizerMethod } from './method.ts';
export { fewestVectors, METHODS, type OwnQuantizerOptions } from './methods.ts';
export { type CodeName, QUANTIZER_NAMES, type QuantizerAlias, type QuantizerName } from './names.ts';
export type { OptionSpec } from './option-specs.ts';
export { type PcaCodeOptions, pca } from './pca/index.ts';
export { opq, type PqCodeOptions, pq } from './pq/index.ts';
export type { Encoder, Estimator, EstimatorOptions, Quantizer } from './quantizer.ts';
export { type RabitqCodeOptions, type RabitqMode, rabitq } from './rabitq/index.ts';
export { type RandomCodeOptions, randomProjection } from './random/index.ts';
export { type WaterLevel, waterLevel } from './rate-distortion.ts';
export {
  blockCount,
  type DecodeOptions,
  loadSaqModel,
  type SaqCodeOptions,
  SaqDecoder,
  SaqEncoder,
  SaqEstimator,
  type SaqModel,
  type SaqOptions,
  type SaqSegment,
  saq,
  saveSaqModel,
  trainSaq,
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
  type KmeansModel,
  type KmeansOptions,
  type LeadingPca,
  type LeadingPcaOptions,
  type PcaModel,
  type PcaOptions,
  principalDirections,
  projectRows,
  RowReservoir,
  reservoirRows,
  type SymmetricEigen,
  sampleRows,
  symmetricEigen,
  trainKmeans,
  trainPca,
} from './training/index.ts';
export { type TurboQuantCodeOptions, turboquant } from './turboquant/index.ts';
