/** Sets of vectors: flat, row-major, compact. */
import { checkFinite, checkInteger, MAX_MAGNITUDE, MIN_MAGNITUDE } from './checks.ts';
import type { Metric } from './metric.ts';
import {
  type Numbers,
  toFloat32,
  toFloat32Rows,
  toUint32,
  type Vectors,
  type WholeNumbers,
} from './numbers.ts';

/** Largest dimension any kernel is proven for. */
export const MAX_DIMENSION = 65_536;

/** Holds n vectors of d dimensions, row after row. */
export interface VectorSet {
  /** n × d values, row-major; never written to by this library. */
  readonly data: Float32Array;
  readonly n: number;
  readonly d: number;
}

/**
 * Checks `data` (n × d finite values) and gives it its shape; a Float32Array is not copied.
 * @throws TypeError if data holds no numbers, RangeError on a length that is no multiple of d or on NaN and infinities
 */
export function vectorSet(data: Vectors, d: number, label = 'data'): VectorSet {
  const set = shapedSet(data, d, label);
  checkFinite(label, set.data, d);
  return set;
}

/** vectorSet without a look at the values: for what checks them as it goes. @throws as vectorSet, but for NaN and infinities */
export function shapedSet(data: Vectors, d: number, label: string): VectorSet {
  checkInteger('d', d, 1, MAX_DIMENSION);
  const values = toFloat32Rows(label, data, d);
  if (values.length % d !== 0) {
    throw new RangeError(`"${label}" expected a length that is a multiple of d = ${d}, got ${values.length}`);
  }
  return { data: values, n: values.length / d, d };
}

/**
 * Vectors as an index of that metric works with them. For 'cosine' a fresh array of rows of length 1 (zero rows stay zero),
 * whatever their finite size; for 'l2' and 'ip' boundedSet.
 * @throws TypeError, RangeError as vectorSet and boundedSet do
 */
export function metricSet(
  metric: Metric,
  data: Vectors,
  d: number,
  label = 'data',
  use: VectorUse = {},
): VectorSet {
  if (metric !== 'cosine') return boundedSet(data, d, label, use);
  const set = vectorSet(data, d, label);
  return { ...set, data: normalizeRows(set.data, d) };
}

/** What vectors are for. */
export interface VectorUse {
  /** They are trained on: not all of them may be so short that their squares vanish. */
  readonly isSample?: boolean;
}

/**
 * vectorSet, of vectors of lengths up to MAX_MAGNITUDE; of a sample the longest is of at least MIN_MAGNITUDE, unless all
 * are zero.
 * @throws TypeError, RangeError as vectorSet does, and on vectors out of that range
 */
export function boundedSet(
  data: Vectors,
  d: number,
  label = 'data',
  { isSample = false }: VectorUse = {},
): VectorSet {
  const set = shapedSet(data, d, label);
  const { data: values } = set;
  let most = 0;
  for (let start = 0; start < values.length; start += d) {
    const energy = energyOf(values, start, d);
    // NaN fails the comparison too
    if (!(energy <= MAX_MAGNITUDE * MAX_MAGNITUDE)) refuseRow(label, values, start, d);
    if (energy > most) most = energy;
  }
  if (isSample && most > 0 && most < MIN_MAGNITUDE * MIN_MAGNITUDE) {
    throw new RangeError(`"${label}" expected ${RANGE}, got vectors of at most ${Math.sqrt(most)}`);
  }
  return set;
}

const RANGE =
  'vectors of lengths from 2^-56 to 2^56, unless the metric is cosine (multiply all by one number)';

/** |x|²: of any float32 values it neither overflows nor vanishes in f64. */
function energyOf(values: Float32Array, start: number, d: number): number {
  let energy = 0;
  for (let i = start; i < start + d; i++) energy += (values[i] as number) * (values[i] as number);
  return energy;
}

/** A query as an index of its metric works with it; its inner products are `scale` times those of `values`. */
export interface MetricQuery {
  readonly values: Float32Array;
  /** A power of two; 1 unless the metric is 'ip' and the query is out of the range of vectors. */
  readonly scale: number;
}

/**
 * One vector (d values) to search for: scaled to length 1 for 'cosine'; for 'ip', where it is longer or shorter than what
 * products in float32 can take, by a power of two; as it is for 'l2'.
 * @throws TypeError on what holds no numbers, RangeError on another length, NaN and infinities; for 'l2' above MAX_MAGNITUDE
 */
export function metricQuery(metric: Metric, query: Numbers, d: number, label = 'query'): MetricQuery {
  const values = toFloat32(label, query);
  if (values.length !== d) throw new RangeError(`"${label}" expected length d = ${d}, got ${values.length}`);
  const energy = energyOf(values, 0, d);
  if (!(energy < Number.POSITIVE_INFINITY)) checkFinite(label, values);
  if (metric === 'cosine') return { values: normalizeRows(values, d), scale: 1 };
  const isLong = energy > MAX_MAGNITUDE * MAX_MAGNITUDE;
  if (isLong && metric === 'l2') refuseRow(label, values, 0, d);
  const isShort = energy > 0 && energy < MIN_MAGNITUDE * MIN_MAGNITUDE;
  if (metric === 'l2' || !(isLong || isShort)) return { values, scale: 1 };
  let scale = 1;
  while (energy > 4 * scale * scale) scale *= 2;
  while (energy < scale * scale) scale /= 2;
  return { values: values.map((value) => value / scale), scale };
}

function refuseRow(label: string, values: Float32Array, start: number, d: number): never {
  checkFinite(label, values, d);
  let largest = start;
  for (let i = start; i < start + d; i++) {
    if (Math.abs(values[i] as number) > Math.abs(values[largest] as number)) largest = i;
  }
  throw new RangeError(
    `"${label}" expected ${RANGE}, got ${values[largest]} in row ${start / d}, dimension ${largest - start}`,
  );
}

/** Vectors at the door: their numbers, of any kind that vectorSet takes, and their dimension. */
export interface VectorSetInput {
  /** n × d values, or one array of d numbers a vector. */
  readonly data: Vectors;
  /** Not read: the numbers and d tell. */
  readonly n?: number;
  readonly d: number;
}

/** Holds documents (or queries) as sets of token vectors, one after the other. */
export interface TokenSet {
  /** tokens × d values, row-major; never written to by this library. */
  readonly data: Float32Array;
  /** n + 1 ascending numbers of tokens, from 0 on: set i has the rows offsets[i] … offsets[i + 1] - 1, none where they are equal. */
  readonly offsets: Uint32Array;
  /** Sets. */
  readonly n: number;
  readonly d: number;
}

/** Token sets at the door: what tokenSet checks, number arrays of any kind that it takes. */
export interface TokenSetInput {
  /** tokens × d values, or one array of d numbers a token. */
  readonly data: Vectors;
  /** n + 1 ascending numbers from 0 on, the last the number of tokens. */
  readonly offsets: WholeNumbers;
  /** Not read: the offsets tell. */
  readonly n?: number;
  readonly d: number;
}

/**
 * Checks `data` (tokens × d finite values) and `offsets` (from 0 to the number of tokens, ascending) and joins them; of a
 * Float32Array and a Uint32Array no copy is made. Empty sets, and no sets at all (offsets [0]), are fine.
 * @throws TypeError on what holds no numbers, RangeError on a ragged length, on offsets that do not ascend or do not end
 * at the last token, on NaN and infinities
 */
export function tokenSet(data: Vectors, offsets: WholeNumbers, d: number, label = 'tokens'): TokenSet {
  return withOffsets(vectorSet(data, d, label), offsets, label);
}

/**
 * Makes the tokenSet of vectors in the range of boundedSet.
 * @throws TypeError, RangeError as both do
 */
export function boundedTokenSet(
  data: Vectors,
  offsets: WholeNumbers,
  d: number,
  label = 'tokens',
  use: VectorUse = {},
): TokenSet {
  return withOffsets(boundedSet(data, d, label, use), offsets, label);
}

function withOffsets({ data, n: tokens, d }: VectorSet, given: WholeNumbers, label: string): TokenSet {
  const offsets = toUint32(`${label} offsets`, given);
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
 * Joins sets given one by one (each tokens × d values or an array of tokens, empty ones too), copied into one.
 * @throws TypeError on a set that holds no numbers, RangeError on a ragged one, on NaN and infinities
 */
export function joinTokenSets(sets: readonly Vectors[], d: number, label = 'tokens'): TokenSet {
  checkInteger('d', d, 1, MAX_DIMENSION);
  if (!Array.isArray(sets))
    throw new TypeError(`"${label}" expected an array of token sets, got ${typeof sets}`);
  const parts = Array.from(sets, (set: Vectors, i) => shapedSet(set, d, `${label}[${i}]`));
  const offsets = new Uint32Array(parts.length + 1);
  for (const [i, { n }] of parts.entries()) {
    offsets[i + 1] = checkInteger(`${label} in all`, (offsets[i] as number) + n, 0, 2 ** 32 - 1);
  }
  const data = new Float32Array((offsets[parts.length] as number) * d);
  for (const [i, part] of parts.entries()) data.set(part.data, (offsets[i] as number) * d);
  checkFinite(label, data, d);
  return { data, offsets, n: parts.length, d };
}

/** Rows scaled to unit length into a fresh array, whatever their finite size; a zero row stays zero. */
export function normalizeRows(data: Float32Array, d: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += d) {
    const energy = energyOf(data, start, d);
    const inverse = energy > 0 ? 1 / Math.sqrt(energy) : 0;
    for (let i = start; i < start + d; i++) out[i] = (data[i] as number) * inverse;
  }
  return out;
}
