/** Sets of vectors: flat, row-major, compact. */
import { checkFinite, checkFloat32, checkInteger } from './checks.ts';

/** Largest dimension any kernel is proven for. */
export const MAX_DIMENSION = 65_536;

export interface VectorSet {
  /** n × d values, row-major; never written to by this library. */
  readonly data: Float32Array;
  readonly n: number;
  readonly d: number;
}

/**
 * Checks `data` (n × d finite values) and gives it its shape.
 * @throws TypeError if data is no Float32Array, RangeError on a length that is no multiple of d or on NaN and infinities
 */
export function vectorSet(data: Float32Array, d: number, label = 'data'): VectorSet {
  checkFloat32(label, data);
  checkInteger('d', d, 1, MAX_DIMENSION);
  if (data.length % d !== 0) {
    throw new RangeError(`"${label}" expected a length that is a multiple of d = ${d}, got ${data.length}`);
  }
  checkFinite(label, data, d);
  return { data, n: data.length / d, d };
}

/** Rows scaled to unit length into a fresh array; a zero row stays zero. */
export function normalizeRows(data: Float32Array, d: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += d) {
    let energy = 0;
    for (let i = start; i < start + d; i++) energy += (data[i] as number) * (data[i] as number);
    const inverse = energy > 0 ? 1 / Math.sqrt(energy) : 0;
    for (let i = start; i < start + d; i++) out[i] = (data[i] as number) * inverse;
  }
  return out;
}
