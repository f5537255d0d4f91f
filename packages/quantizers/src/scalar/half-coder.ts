/** Half precision (IEEE 754 binary16): 2 bytes a dimension, rounded to nearest, ties to even. */
import { type Block, type ByteReader, type ByteWriter, type Core, Owner, type Ptr } from '@sagitta/core-wasm';
import type { CodedRows, Coder, Dots } from '../linear/coder.ts';

/** Is the greatest finite half. */
export const LARGEST_HALF = 65_504;

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** The least normal half: values below it keep fewer and fewer bits, and none below 2^-25. */
const LEAST_HALF = 2 ** -14;

/**
 * Refuses values of which half precision would leave too little: the largest has to be a normal half, unless all are 0.
 * @throws RangeError
 */
export function checkHalves(label: string, values: Float32Array): void {
  let most = 0;
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
  if (most === 0 || most >= LEAST_HALF) return;
  throw new RangeError(
    `"${label}" expected values of which the largest is at least 6.1e-5 for half precision (multiply all by one number), got ${most}`,
  );
}

/** f32 → bits of the nearest half. @throws RangeError beyond ±65,504, about `label` */
export function numberToHalf(value: number, label = 'vectors'): number {
  float[0] = value;
  const bits = word[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  // 65,520 and beyond would round to infinity
  if (magnitude >= 0x477ff000) {
    throw new RangeError(
      `"${label}" expected values within ±${LARGEST_HALF} for half precision, got ${value}`,
    );
  }
  if (magnitude < 0x38800000) {
    // subnormal: the float addition rounds to multiples of 2^-24
    float[0] = Math.abs(value) + 0.5;
    return sign | ((word[0] as number) - 0x3f000000);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000;
  return sign | (rounded >>> 13);
}

/** Gives the number that the bits of a half stand for. */
export function halfToNumber(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  word[0] = exponent === 0 ? 0 : ((exponent + 112) << 23) | (mantissa << 13);
  const magnitude = exponent === 0 ? mantissa / 16_777_216 : (float[0] as number);
  return bits & 0x8000 ? -magnitude : magnitude;
}

/** Keeps vectors in half precision. */
export class HalfCoder implements Coder {
  readonly dims: number;
  readonly codeBytes: number;
  readonly factors: number = 0;
  readonly norm: 'exact' | 'decoded';
  readonly writesNorms = false;
  readonly isBlocked = false;
  readonly reach: number = LARGEST_HALF;

  /** norm — 'exact' where the frame keeps fewer dimensions than vectors have. */
  constructor(dims: number, norm: 'exact' | 'decoded') {
    this.dims = dims;
    this.norm = norm;
    this.codeBytes = 2 * dims;
  }

  encode(_core: Core, rows: Float32Array, n: number, out: CodedRows): void {
    const view = new DataView(out.codes.buffer, out.codes.byteOffset, out.codes.byteLength);
    for (let i = 0; i < n * this.dims; i++) view.setUint16(2 * i, numberToHalf(rows[i] as number), true);
  }

  decode(coded: CodedRows, n: number, out: Float32Array): void {
    const { codes } = coded;
    const view = new DataView(codes.buffer, codes.byteOffset, codes.byteLength);
    for (let i = 0; i < n * this.dims; i++) out[i] = halfToNumber(view.getUint16(2 * i, true));
  }

  codesDefect(codes: Uint8Array): string | undefined {
    // the largest exponent: infinities and NaN
    for (let at = 1; at < codes.length; at += 2) {
      if (((codes[at] as number) & 0x7c) === 0x7c) return '"codes" expected finite halves, got another';
    }
    return undefined;
  }

  createDots(core: Core): Dots {
    return new HalfDots(core, this.dims);
  }

  write(writer: ByteWriter): void {
    writer.u32(this.norm === 'exact' ? 1 : 0);
  }
}

class HalfDots extends Owner implements Dots {
  readonly a = 1;
  readonly b = 0;
  readonly isInteger = false;
  readonly #dims: number;
  readonly #query: Block;

  constructor(core: Core, dims: number) {
    super(core);
    this.#dims = dims;
    this.#query = this.allocate(4 * dims);
  }

  setQuery(query: Float32Array): void {
    this.checkLive('dots');
    this.#query.f32().set(query);
  }

  compute(codes: Ptr, out: Ptr, n: number): void {
    this.checkLive('dots');
    this.core.kernels.dotF16Rows(this.#query.at(), codes, n, this.#dims, out);
  }
}

/** @throws FormatError */
/** Reads a coder of half precision. */
export function readHalfCoder(reader: ByteReader, dims: number): HalfCoder {
  return new HalfCoder(dims, reader.u32In('norm', 0, 1) === 1 ? 'exact' : 'decoded');
}
