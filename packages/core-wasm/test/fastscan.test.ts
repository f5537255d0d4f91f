/** Integer sums: the kernels equal their twins exactly, and no number of sub-quantizers overflows. */
import { randomBytes } from '@sagitta/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as twin from '../src/reference/fastscan.ts';
import { describeBuilds, Output, put } from './kernel-parity.case.ts';

/** Around the widening at 256, around block and register sizes. */
const SUBQUANTIZERS = [1, 2, 3, 5, 15, 16, 17, 64, 192, 240, 255, 256, 257, 258, 384, 511, 512, 513, 768];
const COUNTS = [1, 15, 16, 17, 31, 32, 33, 64, 100];
/** Dims of other libraries' overflow reports, and the longest vectors there are. */
const WORST_CASE_DIMS = [64, 100, 128, 768, 1024, 1536, 2560, 4096, 10_240, 65_536];

const TWINS = { fastscanU8: twin.fastscanU8, fastscanU16: twin.fastscanU16 } as const;

const blockBytes = (n: number, m: number): number => Math.ceil(n / 32) * 16 * m;

describeBuilds('fast scan', (core) => {
  const scan = (
    kernel: 'fastscanU8' | 'fastscanU16',
    codes: Uint8Array,
    n: number,
    m: number,
    luts: Uint8Array,
  ): Uint32Array =>
    core.scope((scope) => {
      const out = new Output(scope, 128 * Math.ceil(n / 32));
      core.kernels[kernel](put(scope, codes), n, m, put(scope, luts), out.at());
      return out.u32().slice(0, n);
    });

  it.each(['fastscanU8', 'fastscanU16'] as const)('%s equals its twin', (kernel) => {
    for (const m of SUBQUANTIZERS) {
      for (const n of m < 20 ? COUNTS : [1, 33, 64]) {
        const codes = randomBytes(blockBytes(n, m), 7 * m + n);
        const luts = randomBytes((kernel === 'fastscanU8' ? 16 : 32) * m, m);
        const expected = new Uint32Array(n);
        TWINS[kernel](codes, n, m, luts, expected);
        expect(scan(kernel, codes, n, m, luts), `m = ${m}, n = ${n}`).toEqual(expected);
      }
    }
  });

  it.each(['fastscanU8', 'fastscanU16'] as const)('%s equals its twin on random shapes', (kernel) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 600 }),
        fc.nat(1000),
        (n, m, seed) => {
          const codes = randomBytes(blockBytes(n, m), seed);
          const luts = randomBytes((kernel === 'fastscanU8' ? 16 : 32) * m, seed + 1);
          const expected = new Uint32Array(n);
          TWINS[kernel](codes, n, m, luts, expected);
          expect(scan(kernel, codes, n, m, luts)).toEqual(expected);
        },
      ),
      { numRuns: 40, seed: 5 },
    );
  });

  it('cannot overflow, whatever the number of dims', () => {
    for (const dims of WORST_CASE_DIMS) {
      // as many sub-quantizers as dims, and every entry the greatest
      const codes = new Uint8Array(blockBytes(33, dims)).fill(0xff);
      const u8 = scan('fastscanU8', codes, 33, dims, new Uint8Array(16 * dims).fill(255));
      expect(new Set(u8)).toEqual(new Set([255 * dims]));
      const u16 = scan('fastscanU16', codes, 33, dims, new Uint8Array(32 * dims).fill(255));
      expect(new Set(u16)).toEqual(new Set([65_535 * dims]));
    }
  });

  it('keeps vectors apart where neighbours have the greatest and the least sums', () => {
    const m = 1000;
    const luts = new Uint8Array(16 * m);
    for (let s = 0; s < m; s++) luts[16 * s + 9] = 255;
    // vector i has code 9 everywhere if i is a multiple of 3
    const rows = Uint8Array.from({ length: (64 * m) / 2 }, (_, at) =>
      Math.floor(at / (m / 2)) % 3 === 0 ? 0x99 : 0x11,
    );
    const codes = new Uint8Array(blockBytes(64, m));
    twin.fastscanPack(rows, 64, m, codes);
    const sums = scan('fastscanU8', codes, 64, m, luts);
    expect([...sums]).toEqual(Array.from({ length: 64 }, (_, i) => (i % 3 === 0 ? 255 * m : 0)));
  });

  it('packs rows into blocks as its twin does, and unpacks them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(1000),
        (n, m, seed) => {
          const rowBytes = Math.ceil(m / 2);
          const rows = randomBytes(n * rowBytes, seed);
          // the half behind an odd m is no code
          if (m % 2 === 1) for (let i = 1; i <= n; i++) rows[i * rowBytes - 1] &= 15;
          const expected = new Uint8Array(blockBytes(n, m));
          twin.fastscanPack(rows, n, m, expected);
          core.scope((scope) => {
            const blocks = new Output(scope, expected.length);
            core.kernels.fastscanPack(put(scope, rows), n, m, blocks.at());
            expect(blocks.u8()).toEqual(expected);
            const back = new Output(scope, rows.length);
            core.kernels.fastscanUnpack(blocks.at(), n, m, back.at());
            expect(back.u8()).toEqual(rows);
            const twinBack = new Uint8Array(rows.length);
            twin.fastscanUnpack(expected, n, m, twinBack);
            expect(twinBack).toEqual(rows);
          });
        },
      ),
      { numRuns: 60, seed: 3 },
    );
  });

  describe('tables of signs', () => {
    const limits = { U8: 63, U16: 16_383 } as const;

    for (const width of ['U8', 'U16'] as const) {
      const limit = limits[width];
      const entryBytes = width === 'U8' ? 1 : 2;

      const signLuts = (query: Int16Array): Uint8Array =>
        core.scope((scope) => {
          const out = new Output(scope, 16 * entryBytes * Math.ceil(query.length / 4));
          const typed = width === 'U8' ? Int8Array.from(query) : query;
          core.kernels[`signLuts${width}`](put(scope, typed), query.length, out.at());
          return out.u8();
        });

      it.each([
        ['signed', -limit],
        ['unsigned', 0],
      ] as const)(`${width}: the scan of 1-bit codes is <bits, query>, %s query`, (_, least) => {
        for (const dims of [1, 3, 4, 5, 63, 64, 65, 100, 768, 1536]) {
          const m = Math.ceil(dims / 4);
          const n = 37;
          const values = randomBytes(2 * dims, dims);
          const query = Int16Array.from({ length: dims }, (_, i) => {
            const word = (values[2 * i] as number) + 256 * (values[2 * i + 1] as number);
            return least + (word % (limit - least + 1));
          });
          const luts = signLuts(query);
          const expectedLuts = new Uint8Array(luts.length);
          if (width === 'U8') twin.signLutsU8(Int8Array.from(query), dims, expectedLuts);
          else twin.signLutsU16(query, dims, expectedLuts);
          expect(luts).toEqual(expectedLuts);

          const rowBytes = Math.ceil(m / 2);
          // bits behind the last dim are set too: they must count nothing
          const rows = randomBytes(n * rowBytes, dims + 1);
          const codes = new Uint8Array(blockBytes(n, m));
          twin.fastscanPack(rows, n, m, codes);
          const sums = scan(`fastscan${width}`, codes, n, m, luts);
          const negative = query.reduce((sum, value) => sum + Math.min(value, 0), 0);
          const magnitude = query.reduce((sum, value) => sum + Math.abs(value), 0);
          for (let i = 0; i < n; i++) {
            let dot = 0;
            let signDot = 0;
            for (let j = 0; j < dims; j++) {
              const bit = ((rows[i * rowBytes + (j >> 3)] as number) >> (j & 7)) & 1;
              dot += bit * (query[j] as number);
              signDot += (bit ? 1 : -1) * (query[j] as number);
            }
            const sum = sums[i] as number;
            expect(sum + negative).toBe(dot);
            expect(2 * sum - magnitude).toBe(signDot);
          }
        }
      });

      it(`${width}: the greatest values do not overflow an entry`, () => {
        const entry = (luts: Uint8Array, b: number): number =>
          (luts[b] as number) + (width === 'U8' ? 0 : 256 * (luts[16 + b] as number));
        const greatest = signLuts(new Int16Array(4).fill(limit));
        expect([entry(greatest, 0), entry(greatest, 15)]).toEqual([0, 4 * limit]);
        const least = signLuts(new Int16Array(4).fill(-limit));
        expect([entry(least, 0), entry(least, 15)]).toEqual([4 * limit, 0]);
      });

      it(`${width}: signs of the longest vectors do not overflow`, () => {
        for (const dims of WORST_CASE_DIMS) {
          // every bit against the sign of its value, then every bit with it
          const query = Int16Array.from({ length: dims }, (_, i) => (i % 2 === 0 ? limit : -limit));
          const m = Math.ceil(dims / 4);
          const luts = signLuts(query);
          const codes = new Uint8Array(blockBytes(33, m));
          expect(new Set(scan(`fastscan${width}`, codes.fill(0xaa), 33, m, luts))).toEqual(new Set([0]));
          const all = new Set([limit * dims]);
          expect(new Set(scan(`fastscan${width}`, codes.fill(0x55), 33, m, luts))).toEqual(all);
        }
      });
    }
  });
});
