import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter, crc32, FormatError, littleEndianBytes, RandomStream } from '../src/index.ts';

function formatErrorOf(body: () => unknown): FormatError {
  try {
    body();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error('expected a FormatError, nothing was thrown');
}

describe('ByteWriter and ByteReader', () => {
  it('round-trip every type', () => {
    const writer = new ByteWriter();
    writer.u8(255).u16(65_535).u32(4_294_967_295).f32(1.5).f64(Math.PI).string('naïve ✓').align(8);
    writer
      .bytes(Uint8Array.of(1, 2, 3))
      .array(Float32Array.of(1, -2))
      .array(Uint32Array.of(7, 8));
    const bytes = writer.finish();
    expect(bytes.length).toBe(writer.length);

    const reader = new ByteReader(bytes);
    expect([reader.u8(), reader.u16(), reader.u32()]).toEqual([255, 65_535, 4_294_967_295]);
    expect([reader.f32(), reader.f64(), reader.string()]).toEqual([1.5, Math.PI, 'naïve ✓']);
    reader.align(8);
    expect(reader.offset % 8).toBe(0);
    expect([...reader.view(3)]).toEqual([1, 2, 3]);
    expect([...reader.f32Array('values', 2), ...reader.u32Array(2)]).toEqual([1, -2, 7, 8]);
    reader.end();
  });

  it('are little-endian', () => {
    expect([...new ByteWriter().u16(0x0102).u32(0x03040506).finish()]).toEqual([2, 1, 6, 5, 4, 3]);
    expect([...littleEndianBytes(Uint16Array.of(0x0102, 0x0304))]).toEqual([2, 1, 4, 3]);
  });

  it('lose nothing at any length where the writer grows', () => {
    for (let start = 240; start <= 260; start++) {
      const writer = new ByteWriter().bytes(new Uint8Array(start).fill(9));
      writer.u8(1).u16(2).u32(3).f32(4).f64(5).bytes(Uint8Array.of(6));
      const reader = new ByteReader(writer.finish());
      expect(reader.view(start).every((byte) => byte === 9)).toBe(true);
      const values = [reader.u8(), reader.u16(), reader.u32(), reader.f32(), reader.f64(), reader.u8()];
      expect(values).toEqual([1, 2, 3, 4, 5, 6]);
    }
    // each method as the one that grows: the first write past 256, 512, … bytes
    const writer = new ByteWriter();
    for (let i = 0; i < 5000; i++) writer.u32(i);
    const reader = new ByteReader(writer.finish());
    for (let i = 0; i < 5000; i++) expect(reader.u32()).toBe(i);
    expect([...new ByteWriter().bytes(new Uint8Array(1000).fill(3)).finish()]).toEqual(Array(1000).fill(3));
  });

  it('read a view without a copy', () => {
    const bytes = Uint8Array.of(0, 1, 2, 3);
    expect(new ByteReader(bytes.subarray(1)).view(2).buffer).toBe(bytes.buffer);
  });

  it('end a short read in a FormatError at its offset in the file', () => {
    const reader = new ByteReader(new Uint8Array(6), 100);
    reader.u32();
    const error = formatErrorOf(() => reader.u32());
    expect(error.offset).toBe(104);
    expect(error.code).toBe('SAGITTA_FORMAT');
    expect(error.message).toMatch(/4 more bytes, got 2/);
    expect(reader.u16()).toBe(0);
    expect(() => reader.end()).not.toThrow();
  });

  it('refuse a huge, negative or unreal count before they allocate', () => {
    const reader = new ByteReader(new Uint8Array(16));
    for (const count of [5, 2 ** 31, 2 ** 45, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => reader.f32Array('values', count)).toThrow(FormatError);
      expect(() => reader.u32Array(count)).toThrow(FormatError);
      expect(() => reader.view(count * 4)).toThrow(FormatError);
    }
    expect(reader.remaining).toBe(16);
  });

  it('refuse values out of range, not finite, not UTF-8, padding that is not zero and bytes left over', () => {
    const words = new ByteReader(new ByteWriter().u32(1).u32(9).finish());
    words.u32();
    expect(formatErrorOf(() => words.u32In('bits', 1, 8)).offset).toBe(4);
    expect(formatErrorOf(() => words.end()).message).toMatch(/4 more bytes/);
    const floats = new ByteReader(new ByteWriter().f32(1).f32(Number.NaN).finish());
    expect(formatErrorOf(() => floats.f32Array('means', 2)).offset).toBe(4);
    expect(() => new ByteReader(Uint8Array.of(2, 0, 0xc3, 0x28)).string()).toThrow(FormatError);
    expect(() => new ByteReader(Uint8Array.of(9, 0, 65)).string()).toThrow(FormatError);
    const padded = new ByteReader(Uint8Array.of(1, 0, 5, 0));
    padded.u8();
    expect(formatErrorOf(() => padded.align(4)).offset).toBe(1);
  });

  it('refuse to write a string that is too long', () => {
    expect(() => new ByteWriter().string('x'.repeat(65_536))).toThrow(RangeError);
  });
});

describe('crc32', () => {
  it('gives the check value of the standard', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });

  it('equals the bit-by-bit definition at every length and alignment', () => {
    const random = new RandomStream(1, 'crc');
    const bytes = Uint8Array.from({ length: 80 }, () => random.nextBelow(256));
    for (let start = 0; start < 8; start++) {
      for (let end = start; end <= bytes.length; end++) {
        let c = 0xffffffff;
        for (const byte of bytes.subarray(start, end)) {
          c ^= byte;
          for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
        }
        expect(crc32(bytes.subarray(start, end))).toBe(~c >>> 0);
      }
    }
  });

  it('continues from an earlier result', () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, i) => i * 7);
    for (const cut of [0, 1, 50, 99, 100]) {
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(crc32(bytes));
    }
  });
});
