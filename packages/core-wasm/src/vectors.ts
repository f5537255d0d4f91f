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

/** Documents (or queries) as sets of token vectors, one after the other. */
export interface TokenSet {
  /** tokens × d values, row-major; never written to by this library. */
  readonly data: Float32Array;
  /** n + 1 ascending numbers of tokens, from 0 on: set i has the rows offsets[i] … offsets[i + 1] - 1, none where they are equal. */
  readonly offsets: Uint32Array;
  /** Sets. */
  readonly n: number;
  readonly d: number;
}

/**
 * Checks `data` (tokens × d finite values) and `offsets` (from 0 to the number of tokens, ascending) and joins them; no
 * copy is made. Empty sets, and no sets at all (offsets [0]), are fine.
 * @throws TypeError on other kinds of arrays, RangeError on a ragged length, on offsets that do not ascend or do not end
 * at the last token, on NaN and infinities
 */
export function tokenSet(data: Float32Array, offsets: Uint32Array, d: number, label = 'tokens'): TokenSet {
  const tokens = vectorSet(data, d, label).n;
  if (!(offsets instanceof Uint32Array)) {
    throw new TypeError(`"${label} offsets" expected a Uint32Array, got ${typeof offsets}`);
  }
  const n = offsets.length - 1;
  if (n < 0 || offsets[0] !== 0) {
    throw new RangeError(`"${label} offsets" expected to begin with 0, got ${offsets[0]}`);
  }
  for (let i = 0; i < n; i++) {
    if ((offsets[i + 1] as number) < (offsets[i] as number)) {
      throw new RangeError(
        `"${label} offsets" expected ascending numbers, got ${offsets[i + 1]} after ${offsets[i]} at ${i + 1}`,
      );
    }
  }
  if (offsets[n] !== tokens) {
    throw new RangeError(`"${label} offsets" expected to end at ${tokens} tokens, got ${offsets[n]}`);
  }
  return { data, offsets, n, d };
}

/**
 * Sets given one by one (each tokens × d values, empty ones too), copied into one.
 * @throws TypeError on a set that is no Float32Array, RangeError on a ragged one, on NaN and infinities
 */
export function joinTokenSets(sets: readonly Float32Array[], d: number, label = 'tokens'): TokenSet {
  checkInteger('d', d, 1, MAX_DIMENSION);
  const offsets = new Uint32Array(sets.length + 1);
  for (const [i, set] of sets.entries()) {
    const rows = checkFloat32(`${label}[${i}]`, set).length / d;
    if (!Number.isInteger(rows)) {
      throw new RangeError(
        `"${label}[${i}]" expected a length that is a multiple of d = ${d}, got ${set.length}`,
      );
    }
    const end = (offsets[i] as number) + rows;
    checkInteger(`${label} in all`, end, 0, 2 ** 32 - 1);
    offsets[i + 1] = end;
  }
  const data = new Float32Array((offsets[sets.length] as number) * d);
  for (const [i, set] of sets.entries()) data.set(set, (offsets[i] as number) * d);
  return tokenSet(data, offsets, d, label);
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
