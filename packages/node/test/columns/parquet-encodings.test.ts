import { describe, expect, it } from 'vitest';
import {
  deltaLengthTexts,
  deltaTexts,
  joinStreams,
  PageBytes,
  plainTexts,
  readDeltas,
  readHybrid,
} from '../../src/columns/parquet/encodings.ts';
import { ThriftReader } from '../../src/columns/parquet/thrift.ts';

const page = (...bytes: readonly number[]): PageBytes => new PageBytes(Uint8Array.from(bytes));

function hybrid(width: number, n: number, ...bytes: readonly number[]): number[] {
  const out = new Uint32Array(n);
  readHybrid(page(...bytes), width, out);
  return [...out];
}

describe('runs and bit-packed groups', () => {
  it('follow the examples of the format', () => {
    // 0 … 7 in 3 bits, from the description of the format
    expect(hybrid(3, 8, 0b11, 0b10001000, 0b11000110, 0b11111010)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(hybrid(3, 5, 5 << 1, 6)).toEqual([6, 6, 6, 6, 6]);
    expect(hybrid(10, 4, 2 << 1, 0x2c, 0x01, 2 << 1, 7, 0)).toEqual([300, 300, 7, 7]);
    expect(hybrid(32, 2, 2 << 1, 0xff, 0xff, 0xff, 0xff)).toEqual([2 ** 32 - 1, 2 ** 32 - 1]);
    // only as many as are wanted, of runs and of groups
    expect(hybrid(1, 3, 50 << 1, 1)).toEqual([1, 1, 1]);
    expect(hybrid(1, 3, 0b11, 0b101)).toEqual([1, 0, 1]);
  });

  it('end in RangeError where they would not end', () => {
    for (const bytes of [
      [],
      [0],
      [0, 0, 0],
      [1],
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
      [5 << 1],
    ])
      expect(() => hybrid(3, 8, ...bytes), String(bytes)).toThrow(RangeError);
    expect(() => hybrid(33, 1, 2, 0, 0, 0, 0, 0)).toThrow(RangeError);
  });
});

describe('deltas', () => {
  // blocks of 128 in 4 mini-blocks of 32; first value 7, then differences of −2, 0 and 2 above the least: the format's second example
  const head = [0x80, 0x01, 4];
  const example = [...head, 8, 14, 3, 2, 0, 0, 0, 0b11000000, 0b00111111, 0, 0, 0, 0, 0, 0];

  it('follow the example of the format', () => {
    expect([...readDeltas(page(...example), 8, false)]).toEqual([7, 5, 3, 1, 2, 3, 4, 5]);
    expect([...readDeltas(page(...head, 5, 2, 2, 0, 0, 0, 0), 5, true)]).toEqual([1, 2, 3, 4, 5]);
    expect([...readDeltas(page(...head, 0, 0), 0, true)]).toEqual([]);
  });

  it('wrap at the width of the type', () => {
    // 2^31 − 1 and one more
    const most = [0xfe, 0xff, 0xff, 0xff, 0x0f];
    expect([...readDeltas(page(...head, 2, ...most, 2, 0, 0, 0, 0), 2, false)]).toEqual([
      2 ** 31 - 1,
      -(2 ** 31),
    ]);
  });

  it('refuse blocks that are none, and too few values', () => {
    for (const bytes of [
      [],
      [0, 0, 5, 2],
      [0x80, 1, 3, 5, 2],
      [0x80, 1, 0, 5, 2],
      [...head, 3, 2, 2, 0, 0, 0, 0],
      [...head, 5, 2],
    ])
      expect(() => readDeltas(page(...bytes), 5, false), String(bytes)).toThrow(RangeError);
    expect(() => readDeltas(page(...head, 5, 2, 2, 65, 0, 0, 0, ...Array(300).fill(0)), 5, true)).toThrow(
      /64 bits/,
    );
  });

  it('lead to texts', () => {
    // lengths 5 and 3, then the texts
    const lengths = [...head, 2, 10, 3, 0, 0, 0, 0];
    expect(deltaLengthTexts(page(...lengths, ...Buffer.from('Helloyou')), 2)).toEqual(['Hello', 'you']);
    const prefixes = [...head, 2, 0, 8, 0, 0, 0, 0];
    const rest = [...head, 2, 10, 7, 0, 0, 0, 0];
    expect(deltaTexts(page(...prefixes, ...rest, ...Buffer.from('axislp')), 2)).toEqual(['axisl', 'axisp']);
    expect(() => deltaTexts(page(...rest, ...rest, ...Buffer.from('axislp')), 2)).toThrow(/prefix/);
  });
});

it('joins split streams and reads plain texts', () => {
  expect([...joinStreams(page(1, 2, 3, 11, 12, 13), 3, 2)]).toEqual([1, 11, 2, 12, 3, 13]);
  expect(() => joinStreams(page(1, 2), 3, 2)).toThrow(RangeError);
  expect(plainTexts(page(2, 0, 0, 0, 104, 105, 0, 0, 0, 0), 2)).toEqual(['hi', '']);
  expect(() => plainTexts(page(9, 0, 0, 0, 104), 1)).toThrow(RangeError);
  expect(() => plainTexts(page(0, 0, 0, 0), 1e9)).toThrow(/1000000000 texts in 4 bytes/);
});

describe('Thrift', () => {
  const read = (...bytes: readonly number[]) => new ThriftReader(Uint8Array.from(bytes)).struct();

  it('reads fields by number', () => {
    const struct = read(0x15, 0x04, 0x18, 2, 104, 105, 0x11, 0x19, 0x25, 2, 4, 0x1c, 0x15, 6, 0, 0);
    expect([struct.number(1), struct.text(2), struct.boolean(3), struct.struct(5)?.number(1)]).toEqual([
      2,
      'hi',
      true,
      3,
    ]);
    expect([struct.number(2), struct.text(1), struct.struct(9), struct.structs(1)]).toEqual([
      undefined,
      '',
      undefined,
      [],
    ]);
  });

  it.each([
    ['nothing', []],
    ['a text beyond the end', [0x18, 100, 1]],
    ['a list longer than the bytes', [0x19, 0xf5, 0xff, 0xff, 0xff, 0x7f, 0]],
    ['structs without end', Array(200).fill(0x1c)],
    ['lists without end', [0x19, ...Array(200).fill(0x19)]],
    ['an integer without end', [0x15, ...Array(12).fill(0xff)]],
    ['an unknown type', [0x1d, 0]],
  ])('refuses %s', (_, bytes) => {
    expect(() => read(...bytes)).toThrow(RangeError);
  });
});
