/** Shared by tests and benches of all packages: dimensions, seeded data, error bounds. */
export { clusteredRows, gaussianRows, isotropicRows, randomBytes, skewedRows } from './data.ts';
export { dotErrorBound, F32_EPSILON, l2ErrorBound } from './error-bound.ts';
export { PARITY_DIMS } from './parity-dims.ts';
export { type RefusingCore, refusingCore } from './refusing-core.ts';
