/**
 * Numbers as files hold them, and how they become float32.
 *
 * float64 and bfloat16 are rounded to the nearest float32 (bfloat16 and float16 exactly). Integers are exact or refused: a number
 * that stands for something, such as an id, must not become another in silence. Booleans are 0 and 1.
 */
import { decodeFloat16 } from './float16.ts';

const TYPES = {
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
} as const;

export type NumberType = keyof typeof TYPES;
export type ByteOrder = 'little' | 'big';

export const NUMBER_TYPES: readonly NumberType[] = Object.keys(TYPES) as NumberType[];

/** Bytes of a value. */
export function bytesOf(type: NumberType): number {
  return TYPES[type];
}

/** An integer that float32 cannot hold. */
export class InexactInteger {
  /** Place among the values decoded. */
  readonly at: number;
  readonly value: bigint | number;

  constructor(at: number, value: bigint | number) {
    this.at = at;
    this.value = value;
  }
}

/**
 * Writes out.length values of `bytes` into out.
 * @param bytes out.length × bytesOf(type) bytes or more, at any place of their buffer; left as they are
 * @returns the first integer that is not exact as float32, or undefined
 */
export function decodeNumbers(
  type: NumberType,
  bytes: Uint8Array,
  out: Float32Array,
  order: ByteOrder = 'little',
): InexactInteger | undefined {
  const n = out.length;
  const { buffer, byteOffset: at } = inOrder(bytes.subarray(0, n * TYPES[type]), TYPES[type], order);
  switch (type) {
    case 'float32':
      out.set(new Float32Array(buffer, at, n));
      return undefined;
    case 'float64':
      out.set(new Float64Array(buffer, at, n));
      return undefined;
    case 'float16':
      decodeFloat16(new Uint16Array(buffer, at, n), out);
      return undefined;
    case 'bfloat16':
      decodeBfloat16(new Uint16Array(buffer, at, n), out);
      return undefined;
    case 'bool':
      for (let i = 0, b = new Uint8Array(buffer, at, n); i < n; i++) out[i] = b[i] === 0 ? 0 : 1;
      return undefined;
    case 'int8':
      out.set(new Int8Array(buffer, at, n));
      return undefined;
    case 'uint8':
      out.set(new Uint8Array(buffer, at, n));
      return undefined;
    case 'int16':
      out.set(new Int16Array(buffer, at, n));
      return undefined;
    case 'uint16':
      out.set(new Uint16Array(buffer, at, n));
      return undefined;
    case 'int32':
      return exactIntegers(new Int32Array(buffer, at, n), out);
    case 'uint32':
      return exactIntegers(new Uint32Array(buffer, at, n), out);
    case 'int64':
      return exactBigIntegers(new BigInt64Array(buffer, at, n), out);
    case 'uint64':
      return exactBigIntegers(new BigUint64Array(buffer, at, n), out);
  }
}

/**
 * Values of any type as numbers, without rounding to float32: for counts and ids, and where integers are to be checked later.
 * @param bytes n × bytesOf(type) bytes or more
 * @returns n values; NaN for an integer beyond ±2^53
 */
export function decodeDoubles(
  type: NumberType,
  bytes: Uint8Array,
  n: number,
  order: ByteOrder = 'little',
): Float64Array {
  const { buffer, byteOffset: at } = inOrder(bytes.subarray(0, n * TYPES[type]), TYPES[type], order);
  const out = new Float64Array(n);
  switch (type) {
    case 'int32':
      out.set(new Int32Array(buffer, at, n));
      return out;
    case 'uint32':
      out.set(new Uint32Array(buffer, at, n));
      return out;
    case 'float64':
      out.set(new Float64Array(buffer, at, n));
      return out;
    case 'int64':
    case 'uint64': {
      const wide = type === 'int64' ? new BigInt64Array(buffer, at, n) : new BigUint64Array(buffer, at, n);
      for (let i = 0; i < n; i++) {
        const value = Number(wide[i]);
        out[i] = Number.isSafeInteger(value) ? value : Number.NaN;
      }
      return out;
    }
    default: {
      const small = new Float32Array(n);
      decodeNumbers(type, bytes, small, order);
      out.set(small);
      return out;
    }
  }
}

/** Whether values of the type are whole numbers. */
export function isInteger(type: NumberType): boolean {
  return !type.includes('float');
}

/** The bytes in the order of this machine (little), at a place that is a multiple of a value. */
function inOrder(bytes: Uint8Array, valueBytes: number, order: ByteOrder): Uint8Array<ArrayBuffer> {
  const isBig = order === 'big' && valueBytes > 1;
  if (!isBig && bytes.buffer instanceof ArrayBuffer && bytes.byteOffset % valueBytes === 0)
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  if (!isBig) return own;
  const view = Buffer.from(own.buffer);
  if (valueBytes === 2) view.swap16();
  else if (valueBytes === 4) view.swap32();
  else view.swap64();
  return own;
}

function exactIntegers(values: Int32Array | Uint32Array, out: Float32Array): InexactInteger | undefined {
  out.set(values);
  for (let i = 0; i < values.length; i++)
    if (out[i] !== values[i]) return new InexactInteger(i, values[i] as number);
  return undefined;
}

function exactBigIntegers(
  values: BigInt64Array | BigUint64Array,
  out: Float32Array,
): InexactInteger | undefined {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as bigint;
    out[i] = Number(value);
    if (BigInt(out[i] as number) !== value) return new InexactInteger(i, value);
  }
  return undefined;
}

/** The upper half of a float32. */
function decodeBfloat16(halves: Uint16Array, out: Float32Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < halves.length; i++) bits[i] = (halves[i] as number) << 16;
}
