// The vectors of every index here, from a seed. Imports no package: a cold start begins after this.
import { skewedRows } from '../../runtime-tests/smoke/seeded.mjs';

export const N = 10_000;
export const D = 384;

/** @returns {Float32Array} n × D, energy falling with the dim */
export function vectors(n) {
  return skewedRows(n, D, 3);
}
