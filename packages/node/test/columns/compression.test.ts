import { brotliCompressSync, gzipSync } from 'node:zlib';
import { FormatError } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { type Codec, decompress } from '../../src/columns/compression.ts';

const fail = (what: string): FormatError => new FormatError(what);
const CONTENT = 'abcdefgh-abcdefgh-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const ascii = (text: string): number[] => [...Buffer.from(text)];

// "abcdefgh-" as it is, 9 bytes from 9 back, "a", 29 bytes from 1 back: by hand from the formats' descriptions
const SNAPPY = bytes(48, 8 << 2, ...ascii('abcdefgh-'), ((9 - 4) << 2) | 1, 9, 0, 97, (28 << 2) | 2, 1, 0);
const LZ4 = bytes(0x95, ...ascii('abcdefgh-'), 9, 0, 0x1f, 97, 1, 0, 5, 0x50, ...ascii('aaaaa'));
const LENGTH = CONTENT.length;

const frame = (block: Uint8Array): Uint8Array =>
  Buffer.concat([
    bytes(0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0, block.length, 0, 0, 0),
    block,
    bytes(0, 0, 0, 0),
  ]);
const hadoop = (block: Uint8Array): Uint8Array =>
  Buffer.concat([bytes(0, 0, 0, LENGTH, 0, 0, 0, block.length), block]);
/** A frame of one raw block. */
const zstd = Buffer.concat([
  bytes(0x28, 0xb5, 0x2f, 0xfd, 0x20, LENGTH, 1 | (LENGTH << 3), LENGTH >> 5, 0),
  Buffer.from(CONTENT),
]);

const CASES: readonly (readonly [Codec, Uint8Array])[] = [
  ['SNAPPY', SNAPPY],
  ['GZIP', gzipSync(CONTENT)],
  ['BROTLI', brotliCompressSync(CONTENT)],
  ['ZSTD', zstd],
  ['LZ4_RAW', LZ4],
  ['LZ4_FRAME', frame(LZ4)],
  ['LZ4', hadoop(LZ4)],
  ['LZ4', frame(LZ4)],
  ['LZ4', LZ4],
];

describe.each(CASES)('%s', (codec, input) => {
  it('is read', async () => {
    const out = await decompress(codec, input, LENGTH, fail);
    expect(Buffer.from(out).toString()).toBe(CONTENT);
  });

  it('is refused with another size, cut, or said to hold what it cannot', async () => {
    for (const size of [LENGTH - 1, LENGTH + 1, 2 ** 31])
      await expect(decompress(codec, input, size, fail), String(size)).rejects.toThrow(FormatError);
    for (const length of [0, 1, 5, input.length - 6])
      await expect(decompress(codec, input.subarray(0, length), LENGTH, fail)).rejects.toThrow(FormatError);
  });

  it('never gives other than the size, whatever byte is changed', async () => {
    for (let at = 0; at < input.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = Uint8Array.from(input);
        changed[at] = (changed[at] as number) ^ flip;
        const out: unknown = await decompress(codec, changed, LENGTH, fail).catch((error: unknown) => error);
        expect(out instanceof FormatError || (out instanceof Uint8Array && out.length === LENGTH)).toBe(true);
      }
    }
  });
});
