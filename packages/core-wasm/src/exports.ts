/** What every entry of the package exports besides createCore. */
export { ByteReader, ByteWriter, littleEndianBytes, type NumberArray } from './bytes.ts';
export {
  checkBytes,
  checkFinite,
  checkFloat32,
  checkInteger,
  checkLength,
  checkNumber,
  checkOneOf,
  MAX_MAGNITUDE,
  MAX_SQUARE,
  MIN_MAGNITUDE,
} from './checks.ts';
export {
  type Container,
  type ContainerParts,
  type ContainerTable,
  containerHead,
  containerPieces,
  MAX_HEADER_BYTES,
  readContainer,
  readContainerTable,
  type Section,
  type SectionEntry,
  type SectionSummary,
  writeContainer,
} from './container.ts';
export { type Core, type CoreOptions, checkCore, instantiateCore } from './core.ts';
export { crc32 } from './crc32.ts';
export { BusyError, CapacityError, FormatError, UnsupportedError } from './errors.ts';
export type { HeldBytes } from './held-bytes.ts';
export { type CoreSource, type InitOptions, init } from './init.ts';
export { integerSteps } from './integer-steps.ts';
export type { Kernels } from './kernels.ts';
export { type Block, MAX_MEMORY_BYTES, NO_PTR, type Ptr, type Scope } from './memory.ts';
export { checkMetric, isSmallerBetter, METRICS, type Metric } from './metric.ts';
export {
  type HalfArray,
  type Numbers,
  toFloat32,
  toFloat32Rows,
  toUint32,
  type Vectors,
  type WholeNumbers,
} from './numbers.ts';
export { checkOptions, type OptionKind, type OptionTable } from './options.ts';
export { making, Owner } from './owner.ts';
export { RandomStream } from './random.ts';
export { rotate, rotateBack, rotationSigns } from './rotation.ts';
export { type Build, hasRelaxedSimd } from './select-build.ts';
export {
  type BlockRows,
  blockBytes,
  runsOf,
  Snapshot,
  type SnapshotParts,
  type SnapshotPiece,
} from './snapshot.ts';
export { largestAmount, longestStored, MAX_SCORE_PART, rowsDefect } from './stored-range.ts';
export {
  boundedSet,
  boundedTokenSet,
  joinTokenSets,
  MAX_DIMENSION,
  type MetricQuery,
  metricQuery,
  metricSet,
  normalizeRows,
  shapedSet,
  type TokenSet,
  type TokenSetInput,
  tokenSet,
  type VectorSet,
  type VectorSetInput,
  type VectorUse,
  vectorSet,
} from './vectors.ts';
