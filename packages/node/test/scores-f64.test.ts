import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { dotF64, l2F64, normF64 } from '../src/scores-f64.ts';

/** Both sides of the pairs that the loops take, and an empty sum. */
const DIMS = [0, 1, 2, 3, 8, 17, 784];

describe('scores in f64', () => {
  const a = gaussianRows(1, 1000, 1);
  const b = gaussianRows(1, 1000, 2);

  it.each(DIMS)('are plain sums over %i values, wherever these begin', (d) => {
    for (const [a0, b0] of [
      [0, 0],
      [5, 200],
    ] as const) {
      let [dot, l2, squares] = [0, 0, 0];
      for (let i = 0; i < d; i++) {
        const [x, y] = [a[a0 + i] as number, b[b0 + i] as number];
        dot += x * y;
        l2 += (x - y) ** 2;
        squares += x * x;
      }
      expect(dotF64(a, a0, b, b0, d)).toBeCloseTo(dot, 10);
      expect(l2F64(a, a0, b, b0, d)).toBeCloseTo(l2, 10);
      expect(normF64(a, a0, d)).toBeCloseTo(Math.sqrt(squares), 10);
    }
  });

  it('keep what float32 would lose: digits, the smallest and the largest values', () => {
    const far = Float32Array.of(2 ** 12, 1, 2 ** -12);
    expect(dotF64(far, 0, far, 0, 3)).toBe(2 ** 24 + 1 + 2 ** -24);
    expect(l2F64(far, 0, new Float32Array(3), 0, 3)).toBe(2 ** 24 + 1 + 2 ** -24);
    expect(normF64(Float32Array.of(0, 2 ** -149), 0, 2)).toBe(2 ** -149);
    expect(normF64(Float32Array.of(2 ** 127, 0, 0), 0, 3)).toBe(2 ** 127);
    expect(l2F64(Float32Array.of(2 ** 127), 0, Float32Array.of(-(2 ** 127)), 0, 1)).toBe(2 ** 256);
  });
});
