/** Twins of assembly/table-rows.ts. */
import { unpackCode } from './code-pack.ts';

/** out[i] = Σ_s luts[256·s + code]; codes u8[n × m], luts f32[m × 256]. */
export function tableRowsU8(
  codes: Uint8Array,
  n: number,
  m: number,
  luts: Float32Array,
  out: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let s = 0; s < m; s++) sum += luts[256 * s + (codes[i * m + s] as number)] as number;
    out[i] = sum;
  }
}

/** out[i] = Σ_j luts[2^bits·j + code]; codes n × dims·bits/8 bytes in the layout of packCode, luts f32[dims × 2^bits]. */
export function tableRowsPacked(
  codes: Uint8Array,
  n: number,
  dims: number,
  bits: number,
  luts: Float32Array,
  out: Float32Array,
): void {
  const codeBytes = (dims * bits) / 8;
  const values = new Uint16Array(dims);
  for (let i = 0; i < n; i++) {
    unpackCode(codes.subarray(i * codeBytes, (i + 1) * codeBytes), dims, bits, values);
    let sum = 0;
    for (let j = 0; j < dims; j++) sum += luts[(j << bits) + (values[j] as number)] as number;
    out[i] = sum;
  }
}

/** Returns the value of half-precision bits; no infinity and no NaN. */
export function halfToNumber(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  const magnitude = exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

/** out[i] = <q, row>; rows u16[n × d] of half precision. */
export function dotF16Rows(
  q: Float32Array,
  rows: Uint16Array,
  n: number,
  d: number,
  out: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += (q[j] as number) * halfToNumber(rows[i * d + j] as number);
    out[i] = sum;
  }
}

/** out[i] += weight·values[i], each operation rounded to f32. */
export function addScaledF32(values: Float32Array, weight: number, out: Float32Array): void {
  for (const [i, value] of values.entries())
    out[i] = (out[i] as number) + Math.fround(value * Math.fround(weight));
}

/** What stands at the head of a block, f32[32] each, in this order. */
export const FACTOR_ADD = 1;
/** Says that the factors of a block have a scale for each vector. */
export const FACTOR_SCALE = 2;
/** Says that the factors of a block have an offset for each vector. */
export const FACTOR_OFFSET = 4;
/** The dots are u32. */
export const INTEGER_DOTS = 8;

/** Holds a, b and the sum of the terms that a score is made of. */
export interface AffineTerms {
  readonly a: number;
  readonly b: number;
  readonly sum: number;
  readonly weight: number;
  readonly base: number;
}

/** out[i] = base + add_i + weight·(scale_i·(a·dot_i + b) + offset_i·sum). blocks f32, blockFloats apart. */
export function affineScores(
  blocks: Float32Array,
  blockFloats: number,
  n: number,
  factors: number,
  dots: ArrayLike<number>,
  { a, b, sum, weight, base }: AffineTerms,
  out: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    let at = Math.floor(i / 32) * blockFloats + (i % 32);
    const next = (bit: number, missing: number): number => {
      if ((factors & bit) === 0) return missing;
      const value = blocks[at] as number;
      at += 32;
      return value;
    };
    const add = next(FACTOR_ADD, 0);
    const scale = next(FACTOR_SCALE, 1);
    const offset = next(FACTOR_OFFSET, 0);
    out[i] = base + add + weight * (scale * (a * (dots[i] as number) + b) + offset * sum);
  }
}
