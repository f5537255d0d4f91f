import { describe, expect, it } from 'vitest';
import { crc32, tableCrc32 } from '../src/crc32.ts';
import { RandomStream } from '../src/random.ts';

const random = new RandomStream(1, 'crc32');
const bytes = Uint8Array.from({ length: (1 << 20) + 13 }, () => random.nextBelow(256));

describe('crc32', () => {
  it.each([0, 1, 2, 3])('is the same from the engine and from tables, at offset %i', (offset) => {
    const part = bytes.subarray(offset);
    expect(crc32(part)).toBe(tableCrc32(part));
    const [begin, rest] = [part.subarray(0, 17), part.subarray(17)];
    expect(crc32(rest, crc32(begin))).toBe(tableCrc32(part));
  });

  it('reads shared memory', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    expect(crc32(shared)).toBe(tableCrc32(bytes));
  });

  it('comes out the same where the engine has none', () => {
    const { process } = globalThis;
    try {
      Object.defineProperty(globalThis, 'process', { value: {}, configurable: true });
      expect(crc32(bytes)).toBe(tableCrc32(bytes));
    } finally {
      Object.defineProperty(globalThis, 'process', { value: process, configurable: true });
    }
  });
});
