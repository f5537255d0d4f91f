/**
 * Compressions of columns in Arrow and Parquet files. What a block holds at most follows from its length, so a lie about its
 * size is found before memory is taken for it.
 */
import * as zlib from 'node:zlib';
import { UnsupportedError } from '@sagitta/core-wasm';
import { ZSTDDecoder } from 'zstddec';
import { lz4Block, lz4Frame, lz4Hadoop } from './lz4.ts';
import { snappyBlock } from './snappy.ts';

export type Codec = 'SNAPPY' | 'GZIP' | 'BROTLI' | 'ZSTD' | 'LZ4_RAW' | 'LZ4' | 'LZ4_FRAME';

/** Bytes that a byte of the codec can stand for at most. Brotli knows no limit, and its output grows as it is made. */
const MAX_RATIO: Readonly<Record<Codec, number>> = {
  SNAPPY: 64,
  GZIP: 1032,
  BROTLI: 1 << 15,
  // a block of 128 KiB takes four bytes
  ZSTD: 1 << 15,
  LZ4_RAW: 256,
  LZ4: 256,
  LZ4_FRAME: 256,
};

/**
 * The `size` bytes that `input` stands for.
 * @param fail makes the error if it stands for anything else
 */
export async function decompress(
  codec: Codec,
  input: Uint8Array,
  size: number,
  fail: (what: string) => Error,
): Promise<Uint8Array> {
  const bytes = await decompressUpTo(codec, input, size, fail);
  if (bytes.length === size) return bytes;
  throw fail(`expected ${size} bytes of ${codec}, got ${bytes.length}`);
}

/** The bytes that `input` stands for, at most `size`. */
export async function decompressUpTo(
  codec: Codec,
  input: Uint8Array,
  size: number,
  fail: (what: string) => Error,
): Promise<Uint8Array> {
  if (size === 0) return new Uint8Array(0);
  if (size > MAX_RATIO[codec] * (input.length + 64))
    throw fail(`${input.length} bytes of ${codec} cannot hold the ${size} that are said to be in them`);
  const bytes = codec === 'ZSTD' ? await zstd(input, size) : expand(codec, input, size);
  if (bytes === undefined) throw fail(`expected ${size} bytes of ${codec}, got damaged ones`);
  return bytes;
}

function expand(codec: Exclude<Codec, 'ZSTD'>, input: Uint8Array, size: number): Uint8Array | undefined {
  switch (codec) {
    case 'GZIP':
      return orUndefined(() => zlib.gunzipSync(input, { maxOutputLength: size }));
    case 'BROTLI':
      return orUndefined(() => zlib.brotliDecompressSync(input, { maxOutputLength: size }));
    case 'SNAPPY':
      return into(size, (out) => snappyBlock(input, out));
    case 'LZ4_RAW':
      return into(size, (out) => lz4Block(input, out));
    case 'LZ4_FRAME':
      return part(size, (out) => lz4Frame(input, out));
    // old writers said LZ4 and meant any of the three
    case 'LZ4':
      return into(
        size,
        (out) => lz4Hadoop(input, out) || lz4Frame(input, out) === size || lz4Block(input, out),
      );
  }
}

function into(size: number, fill: (out: Uint8Array) => boolean): Uint8Array | undefined {
  const out = new Uint8Array(size);
  return fill(out) ? out : undefined;
}

function part(size: number, fill: (out: Uint8Array) => number): Uint8Array | undefined {
  const out = new Uint8Array(size);
  const length = fill(out);
  return length < 0 ? undefined : out.subarray(0, length);
}

function orUndefined(body: () => Uint8Array): Uint8Array | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}

/** Bytes of one block that the memory of the WebAssembly decoder has room for. */
const MAX_WASM_BYTES = 2 ** 29;

/** By Node where it can (22.15 on), else by the reference code in WebAssembly. */
async function zstd(input: Uint8Array, size: number): Promise<Uint8Array | undefined> {
  const native: unknown = Reflect.get(zlib, 'zstdDecompressSync');
  if (typeof native === 'function') {
    return orUndefined(() => {
      const bytes: unknown = native(input, { maxOutputLength: size });
      return bytes instanceof Uint8Array ? bytes : new Uint8Array(0);
    });
  }
  if (input.length + size > MAX_WASM_BYTES)
    throw new UnsupportedError(
      `a ZSTD block of ${size} bytes needs Node 22.15 or newer, got ${process.version}`,
    );
  const decoder = new ZSTDDecoder();
  await decoder.init();
  return orUndefined(() => decoder.decode(input, size));
}
