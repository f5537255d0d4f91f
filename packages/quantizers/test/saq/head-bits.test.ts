import { RandomStream } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { headBits } from '../../src/saq/head-bits.ts';
import { FACTOR_BITS, NORM_BITS, type SaqSegment } from '../../src/saq/layout.ts';

const plan = (...segments: readonly (readonly [dims: number, bits: number])[]) =>
  segments.map(([dims, bits]) => ({ dims, bits }) as SaqSegment);

function bytesOf(coded: readonly SaqSegment[], chosen: readonly number[]): number {
  let bits = NORM_BITS;
  for (const [s, { dims }] of coded.entries()) {
    if (chosen[s] as number) bits += FACTOR_BITS + dims * (chosen[s] as number);
  }
  return bits / 8;
}

describe('headBits', () => {
  it('takes the leading bits of the leading segments, as many as there is room for', () => {
    const coded = plan([16, 13], [16, 9], [32, 8], [48, 7], [96, 6], [112, 5], [144, 4], [112, 3], [112, 2]);
    const shares = Float32Array.of(1, 0.484, 0.415, 0.342, 0.281, 0.206, 0.148, 0.092, 0.053, 0);
    expect(headBits(coded, shares)).toEqual([8, 8, 8, 4, 4, 0, 0, 0, 0]);
    expect(bytesOf(coded, headBits(coded, shares))).toBeLessThanOrEqual(160);
  });

  it('takes a wide segment in where the head would be less than half full without it', () => {
    // Fashion-MNIST at 8 bits: with the first alone a walk of ef 16 finds .72, with both .98
    const shares = Float32Array.of(1, 0.416, 0.24, 0);
    expect(headBits(plan([32, 13], [128, 13], [48, 10]), shares)).toEqual([8, 8, 0]);
    expect(headBits(plan([32, 13], [416, 13], [96, 9]), shares)).toEqual([8, 8, 0]);
    // more than half
    expect(headBits(plan([96, 13], [128, 13], [48, 10]), shares)).toEqual([8, 0, 0]);
    expect(headBits(plan([400, 13], [128, 13], [48, 10]), shares)).toEqual([8, 0, 0]);
  });

  it('is at least half full, or has all there is, and no more than one component beyond its room', () => {
    const random = new RandomStream(1, 'head-bits');
    for (let i = 0; i < 2000; i++) {
      const coded = plan(
        ...Array.from(
          { length: 1 + random.nextBelow(8) },
          () => [16 * (1 + random.nextBelow(30)), 1 + random.nextBelow(13)] as const,
        ),
      );
      const shares = Float32Array.from({ length: coded.length + 1 }, (_, s) =>
        s === coded.length ? 0 : 0.8 ** s,
      );
      const chosen = headBits(coded, shares);
      const bytes = bytesOf(coded, chosen);
      const most = Math.max(...coded.map(({ dims, bits }) => dims * Math.min(8, bits) + FACTOR_BITS)) / 8;
      expect(chosen[0]).toBeGreaterThan(0);
      expect(bytes).toBeLessThan(160 + most);
      const first = chosen.indexOf(0);
      expect(chosen.slice(first < 0 ? chosen.length : first).every((bits) => bits === 0)).toBe(true);
      if (bytes >= 80) continue;
      expect(first).toBe(-1);
    }
  });
});
