/**
 * Integers inside, f32 at the end. A code of B bits is c components of 8, 4, 2 and 1 bits; each has four i32 lane sums,
 * exact while Σ|q|·255 < 2³¹. A lane sum is rounded to f32 once, scaled by a power of two (exact), and summed: c − 1
 * additions over components, two over lanes. With u = 2⁻²⁴ the error is below (c + 2)·u·Σ code·|q|, to first order, and
 * nothing is rounded at all while Σ code·|q| ≤ 2²⁴.
 */
import { expect, it } from 'vitest';
import { RandomStream } from '../src/random.ts';
import * as twin from '../src/reference/bit-dot.ts';
import { packCode } from '../src/reference/code-pack.ts';
import { describeBuilds, expectWithin, Output, put } from './kernel-parity.case.ts';

/** One group of 16, odd and even counts of groups, common segments and embeddings. */
const DIMS = [16, 32, 48, 64, 112, 128, 256, 272, 768, 1536, 2048];
const BITS = Array.from({ length: 16 }, (_, i) => i + 1);
const LONGEST = 65_536;

/** Σ|q| may be this: 255·8,421,504 = 2,147,483,520 < 2³¹. */
const BUDGET = 8_421_504;

/** Integers over all of i16 where the budget allows it: |q| ≤ BUDGET/dims. */
function randomQuery(dims: number, limit: number, seed: number): Int16Array {
  const random = new RandomStream(seed, 'query');
  return Int16Array.from({ length: dims }, () => Math.round((2 * random.nextUnit() - 1) * limit));
}

/** n codes of dims values below 2^bits, one after the other. */
function codesOf(n: number, dims: number, bits: number, valueAt: (i: number) => number): Uint8Array {
  const codeBytes = (dims * bits) / 8;
  const codes = new Uint8Array(n * codeBytes);
  for (let i = 0; i < n; i++) {
    const values = Uint16Array.from({ length: dims }, (_, j) => valueAt(i * dims + j));
    packCode(values, dims, bits, codes.subarray(i * codeBytes, (i + 1) * codeBytes));
  }
  return codes;
}

function randomCodes(n: number, dims: number, bits: number, seed: number): Uint8Array {
  const random = new RandomStream(seed, 'codes');
  return codesOf(n, dims, bits, () => random.nextU32() >>> (32 - bits));
}

/** 8, 4, 2 and 1 bits: how many make up a code. */
function componentCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest > 0; count++) rest -= [8, 4, 2, 1].find((width) => width <= rest) ?? rest;
  return count;
}

describeBuilds('dotCodeRows', (core) => {
  const run = (codes: Uint8Array, n: number, dims: number, bits: number, query: Int16Array): Float32Array =>
    core.scope((scope) => {
      const out = new Output(scope, n * 4);
      core.kernels.dotCodeRows(put(scope, codes), n, dims, bits, put(scope, query), out.at());
      return out.f32();
    });

  const expectTwin = (codes: Uint8Array, n: number, dims: number, bits: number, query: Int16Array): void => {
    const expected = new Float64Array(n);
    const magnitudes = new Float64Array(n);
    twin.dotCodeRows(codes, n, dims, bits, query, expected);
    twin.dotCodeRows(codes, n, dims, bits, query.map(Math.abs), magnitudes);
    const relative = (componentCount(bits) + 2.001) * 2 ** -24;
    expectWithin(run(codes, n, dims, bits, query), expected, (i) =>
      magnitudes[i] <= 2 ** 24 ? 0 : relative * magnitudes[i],
    );
  };

  it.each(DIMS)('equals the twin at %i dims, 1 to 16 bits', (dims) => {
    const query = randomQuery(dims, Math.min(32_767, Math.floor(BUDGET / dims)), 1);
    for (const bits of BITS) {
      for (const n of [0, 1, 2, 5]) expectTwin(randomCodes(n, dims, bits, 2), n, dims, bits, query);
    }
  });

  it.each(BITS)('rounds nothing while the sum of magnitudes is at most 2²⁴, at %i bits', (bits) => {
    const dims = 48;
    const query = randomQuery(dims, Math.min(32_767, Math.floor(2 ** 24 / (dims * 2 ** bits))), 3);
    const codes = randomCodes(5, dims, bits, 4);
    const expected = new Float64Array(5);
    twin.dotCodeRows(codes, 5, dims, bits, query, expected);
    expect([...run(codes, 5, dims, bits, query)]).toEqual([...expected]);
  });

  it.each(BITS)('does not overflow with the largest codes of %i bits at 65,536 dims', (bits) => {
    // Σ|q|·255 = 65,536·128·255 = 2,139,095,040 < 2³¹ = 2,147,483,648. Every lane sum is 2²¹·(2^w − 1) and every
    // partial result a multiple of 2²¹ with 16 significant bits: exact in f32 too.
    const codes = codesOf(2, LONGEST, bits, () => 2 ** bits - 1);
    for (const q of [128, -128]) {
      const product = LONGEST * q * (2 ** bits - 1);
      const out = run(codes, 2, LONGEST, bits, new Int16Array(LONGEST).fill(q));
      expect([...out]).toEqual([product, product]);
    }
  });

  it.each(BITS)('does not overflow when one lane gets the whole budget, at %i bits', (bits) => {
    // i32x4.dot_i16x8_s puts dims ≡ 2l, 2l + 1 (mod 8) into lane l. 257 extreme entries in one lane, zeros elsewhere:
    // 257·32,768·255 = 2,147,450,880 < 2³¹; one more would pass it.
    const codes = codesOf(1, LONGEST, bits, () => 2 ** bits - 1);
    for (const [extreme, first, period] of [
      [32_767, 0, 16],
      [-32_768, 0, 16],
      [-32_768, 15, 16],
      [32_767, 5, 8],
    ]) {
      const query = new Int16Array(LONGEST);
      for (let i = 0; i < 257; i++) query[first + i * period] = extreme;
      const product = 257 * extreme * (2 ** bits - 1);
      expectWithin(
        run(codes, 1, LONGEST, bits, query),
        [product],
        () => 5.001 * 2 ** -24 * Math.abs(product),
      );
    }
  });

  it.each(BITS)('equals the twin at 65,536 dims with random codes of %i bits', (bits) => {
    const query = randomQuery(LONGEST, 128, 5);
    expectTwin(randomCodes(1, LONGEST, bits, 6), 1, LONGEST, bits, query);
  });

  it.each(BITS)('takes each dim of a code of %i bits once', (bits) => {
    const dims = 112;
    const query = randomQuery(dims, 32_767, 7);
    for (let j = 0; j < dims; j++) {
      const codes = codesOf(1, dims, bits, (i) => (i === j ? 2 ** (bits - 1) : 0));
      expect(run(codes, 1, dims, bits, query)[0]).toBe(Math.fround(2 ** (bits - 1) * query[j]));
    }
  });
});
