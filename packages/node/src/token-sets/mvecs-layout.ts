/**
 * .mvecs, version 1: token sets one after the other, little-endian (docs/formats.md).
 *
 *   0   magic "MVEC" · u16 version 1 · u16 type of the values (0 float32, 1 float16, 2 int8)
 *   8   u32 d · u32 zero
 *   16  u64 sets · u64 tokens of all sets
 *   32  per set: u32 tokens of the set, then tokens × d values
 *
 * An int8 is value / 127, as embeddings of length 1 are often kept.
 */
import { ByteReader, ByteWriter, FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import { decodeFloat16 } from '../readers/float16.ts';

export const MVECS_TYPES = ['float32', 'float16', 'int8'] as const;
export type MvecsType = (typeof MVECS_TYPES)[number];

export interface MvecsHeader {
  readonly type: MvecsType;
  readonly d: number;
  readonly sets: number;
  readonly tokens: number;
}

export const MVECS_HEADER_BYTES = 32;
export const MVECS_VALUE_BYTES = { float32: 4, float16: 2, int8: 1 } as const;

const MAGIC = 0x4345564d; // "MVEC"
const VERSION = 1;

export function writeMvecsHeader({ type, d, sets, tokens }: MvecsHeader): Uint8Array {
  const writer = new ByteWriter().u32(MAGIC).u16(VERSION).u16(MVECS_TYPES.indexOf(type)).u32(d).u32(0);
  for (const value of [sets, tokens]) writer.u32(value % 2 ** 32).u32(Math.floor(value / 2 ** 32));
  return writer.finish();
}

/** Checks the header against the size of the file. @throws FormatError */
export function readMvecsHeader(path: string, bytes: Uint8Array, fileBytes: number): MvecsHeader {
  const fail = (what: string, offset: number): FormatError => new FormatError(`${path}: ${what}`, offset);
  if (bytes.length < MVECS_HEADER_BYTES) {
    throw fail(`expected a header of ${MVECS_HEADER_BYTES} bytes, got ${bytes.length}`, bytes.length);
  }
  const reader = new ByteReader(bytes);
  if (reader.u32() !== MAGIC) throw fail('expected the magic "MVEC" of a .mvecs file', 0);
  const version = reader.u16();
  if (version !== VERSION) throw fail(`expected .mvecs version ${VERSION}, got ${version}`, 4);
  const number = reader.u16();
  const type = MVECS_TYPES[number];
  if (type === undefined)
    throw fail(`expected a type of values from 0 to ${MVECS_TYPES.length - 1}, got ${number}`, 6);
  const d = reader.u32();
  if (d < 1 || d > MAX_DIMENSION) throw fail(`expected a dimension from 1 to ${MAX_DIMENSION}, got ${d}`, 8);
  const zero = reader.u32();
  if (zero !== 0) throw fail(`expected 0, got ${zero}`, 12);
  const sets = reader.u32() + reader.u32() * 2 ** 32;
  const tokens = reader.u32() + reader.u32() * 2 ** 32;
  const expected = MVECS_HEADER_BYTES + 4 * sets + tokens * d * MVECS_VALUE_BYTES[type];
  if (expected !== fileBytes) {
    throw fail(
      `expected ${expected} bytes for ${sets} sets of ${tokens} tokens, the file has ${fileBytes}`,
      16,
    );
  }
  return { type, d, sets, tokens };
}

/** bytes — out.length values of the type, at any place of their buffer. */
export function decodeMvecsValues(type: MvecsType, bytes: Uint8Array, out: Float32Array): void {
  // typed arrays need an even start, and a set's place in the file is any
  const own = bytes.slice().buffer;
  if (type === 'float32') out.set(new Float32Array(own));
  else if (type === 'float16') decodeFloat16(new Uint16Array(own), out);
  else {
    const values = new Int8Array(own);
    for (let i = 0; i < out.length; i++) out[i] = (values[i] as number) / 127;
  }
}
