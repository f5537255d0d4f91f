import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../src/random.ts';
import * as twin from '../src/reference/code-pack.ts';
import { describeBuilds, Output, put } from './kernel-parity.case.ts';

/** One group of 16, odd and even counts of groups, common segments and embeddings, the longest dimension. */
const DIMS = [16, 32, 48, 64, 112, 128, 256, 272, 768, 1536, 2048, 65_536];
const BITS = Array.from({ length: 16 }, (_, i) => i + 1);

function randomValues(dims: number, bits: number, seed: number): Uint16Array {
  const random = new RandomStream(seed, 'codes');
  return Uint16Array.from({ length: dims }, () => random.nextU32() >>> (32 - bits));
}

function packed(values: Uint16Array, bits: number): Uint8Array {
  const out = new Uint8Array((values.length * bits) / 8).fill(0xff);
  twin.packCode(values, values.length, bits, out);
  return out;
}

describeBuilds('packCode and unpackCode', (core) => {
  const pack = (values: Uint16Array, bits: number): Uint8Array =>
    core.scope((scope) => {
      const out = new Output(scope, (values.length * bits) / 8);
      core.kernels.packCode(put(scope, values), values.length, bits, out.at());
      return out.u8();
    });

  const unpack = (codes: Uint8Array, dims: number, bits: number): Uint16Array =>
    core.scope((scope) => {
      const out = new Output(scope, dims * 2);
      core.kernels.unpackCode(put(scope, codes), dims, bits, out.at());
      return out.u16();
    });

  it.each(DIMS)('pack the bytes of the twin and read them back at %i dims, 1 to 16 bits', (dims) => {
    for (const bits of BITS) {
      const values = randomValues(dims, bits, bits);
      const codes = packed(values, bits);
      expect(Buffer.compare(pack(values, bits), codes)).toBe(0);
      const back = unpack(codes, dims, bits);
      expect(Buffer.compare(Buffer.from(back.buffer), Buffer.from(values.buffer))).toBe(0);
    }
  });

  it.each(BITS)('fill every bit with the largest code of %i bits, and none with zero', (bits) => {
    const largest = new Uint16Array(272).fill(2 ** bits - 1);
    expect(pack(largest, bits).every((byte) => byte === 255)).toBe(true);
    expect(unpack(new Uint8Array(34 * bits).fill(255), 272, bits)).toEqual(largest);
    expect(pack(new Uint16Array(272), bits).every((byte) => byte === 0)).toBe(true);
    expect(unpack(new Uint8Array(34 * bits), 272, bits)).toEqual(new Uint16Array(272));
  });

  it.each(BITS)('keep each of %i bits of each dim at a place of its own', (bits) => {
    const dims = 48;
    const taken = new Set<number>();
    const bad: number[] = [];
    for (let i = 0; i < dims; i++) {
      for (let bit = 0; bit < bits; bit++) {
        const codes = pack(
          new Uint16Array(dims).map((_, j) => (j === i ? 1 << bit : 0)),
          bits,
        );
        const at = codes.findIndex((byte) => byte !== 0);
        const isOneBit = Math.clz32(codes[at] & -codes[at]) === Math.clz32(codes[at]);
        taken.add(at * 8 + 31 - Math.clz32(codes[at]));
        if (!isOneBit || codes.filter((byte) => byte !== 0).length !== 1) bad.push(i);
      }
    }
    expect(bad).toEqual([]);
    expect(taken.size).toBe(dims * bits);
  });

  it('do not let bits above the code spill into its neighbours', () => {
    for (const bits of BITS) {
      const values = randomValues(64, 16, bits);
      const cut = values.map((value) => value % 2 ** bits);
      expect(pack(values, bits)).toEqual(packed(cut, bits));
    }
  });

  it('are inverse to each other for any codes', () => {
    const code = fc
      .record({ bits: fc.integer({ min: 1, max: 16 }), groups: fc.integer({ min: 1, max: 9 }) })
      .chain(({ bits, groups }) =>
        fc.tuple(
          fc.constant(bits),
          fc.uint16Array({ minLength: 16 * groups, maxLength: 16 * groups, max: 2 ** bits - 1 }),
        ),
      );
    fc.assert(
      fc.property(code, ([bits, values]) => {
        expect(unpack(pack(values, bits), values.length, bits)).toEqual(values);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe('the layout of packed codes', () => {
  const counting = Uint16Array.from({ length: 16 }, (_, i) => i);

  it('has a byte a dim at 8 bits', () => {
    expect([...packed(counting, 8)]).toEqual([...counting]);
  });

  it('has dims t and t + 8 in byte t at 4 bits', () => {
    expect([...packed(counting, 4)]).toEqual([0x80, 0x91, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0xf7]);
  });

  it('has eight dims in a little-endian word at 2 bits and sixteen at 1 bit, the first dim lowest', () => {
    const values = counting.map((i) => i % 4);
    expect([...packed(values, 2)]).toEqual([0b11100100, 0b11100100, 0b11100100, 0b11100100]);
    expect([
      ...packed(
        counting.map((i) => (i === 0 || i === 9 ? 1 : 0)),
        1,
      ),
    ]).toEqual([0b00000001, 0b00000010]);
  });

  it('has the components of other widths one after the other, high bits first', () => {
    // 13 = 8 + 4 + 1; 16 dims of 0b10000001_0110_1
    const codes = packed(new Uint16Array(16).fill(0b1000000101101), 13);
    expect([...codes]).toEqual([
      ...new Array(16).fill(0b10000001),
      ...new Array(8).fill(0b01100110),
      0xff,
      0xff,
    ]);
  });
});
