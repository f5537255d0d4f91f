/** Shared by tests, benches and the fuzzer of all packages: dimensions, seeded data, error bounds, changed files. */
export {
  containerEntries,
  containerSections,
  joinSections,
  type LooseSection,
  repairChecksums,
  type TableEntry,
} from './container-file.ts';
export { clusteredRows, gaussianRows, isotropicRows, randomBytes, skewedRows } from './data.ts';
export { dotErrorBound, F32_EPSILON, l2ErrorBound } from './error-bound.ts';
export {
  applyMutations,
  drawMutations,
  drawSplice,
  isContainer,
  type Mutated,
  type Mutation,
  type Splice,
} from './mutations.ts';
export { PARITY_DIMS } from './parity-dims.ts';
export { type RefusingCore, refusingCore } from './refusing-core.ts';
export { bytesOfPieces } from './snapshot-bytes.ts';
