/** The sweep against every code there is, and against the quality that the specification gives. */
import { RandomStream } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { optimalMagnitudes } from '../../src/rabitq/optimal-code.ts';
import { fastStep } from '../../src/rabitq/train.ts';
import { normalRows } from '../normal-rows.ts';
import { optimalCosine } from '../reference/saq.ts';

function cosine(magnitudes: Float64Array, codes: Uint16Array): number {
  let ip = 0;
  let a2 = 0;
  let v2 = 0;
  for (let i = 0; i < codes.length; i++) {
    const [a, v] = [magnitudes[i] as number, (codes[i] as number) + 0.5];
    ip += a * v;
    a2 += a * a;
    v2 += v * v;
  }
  return ip / Math.sqrt(a2 * v2);
}

/** The best cosine of all (2^(bits-1))^d codes. */
function bestOfAll(magnitudes: Float64Array, bits: number): number {
  const levels = 1 << (bits - 1);
  const codes = new Uint16Array(magnitudes.length);
  let best = 0;
  for (let number = 0; number < levels ** codes.length; number++) {
    let rest = number;
    for (let i = 0; i < codes.length; i++) {
      codes[i] = rest % levels;
      rest = Math.floor(rest / levels);
    }
    best = Math.max(best, cosine(magnitudes, codes));
  }
  return best;
}

describe('the optimal code', () => {
  it.each([
    [6, 2],
    [6, 3],
    [4, 4],
    [3, 6],
  ])('of %i dims at %i bits is the best of all codes', (d, bits) => {
    const out = new Uint16Array(d);
    for (let seed = 1; seed <= 40; seed++) {
      const magnitudes = Float64Array.from(gaussianRows(1, d, seed), Math.abs);
      // ties and zeros
      if (seed % 5 === 0) magnitudes[1] = magnitudes[0] as number;
      if (seed % 7 === 0) magnitudes[2] = 0;
      optimalMagnitudes(magnitudes, bits, out);
      expect(cosine(magnitudes, out)).toBeCloseTo(bestOfAll(magnitudes, bits), 12);
    }
  });

  it.each([1, 2, 3, 4, 5, 6, 8, 9])('at %i bits agrees with the reference sweep', (bits) => {
    const d = 96;
    const out = new Uint16Array(d);
    for (let seed = 1; seed <= 5; seed++) {
      const row = gaussianRows(1, d, 100 + seed);
      const magnitudes = Float64Array.from(row, Math.abs);
      optimalMagnitudes(magnitudes, bits, out);
      expect(cosine(magnitudes, out)).toBeCloseTo(optimalCosine(row, bits), 10);
    }
  });

  // specification 2.1: the shortcut without clamping has .0628 and 6.06e-3
  it.each([
    [2, 0.0613],
    [4, 5.74e-3],
  ])('of 768 dims at %i bits has a mean loss of %f', (bits, loss) => {
    const d = 768;
    const rows = normalRows(300, d, 7);
    const out = new Uint16Array(d);
    let sum = 0;
    for (let i = 0; i < 300; i++) {
      const magnitudes = Float64Array.from(rows.subarray(i * d, (i + 1) * d), Math.abs);
      optimalMagnitudes(magnitudes, bits, out);
      sum += 1 - cosine(magnitudes, out);
    }
    expect(Math.abs(sum / 300 / loss - 1)).toBeLessThan(0.03);
  });
});

// the best uniform quantizers of the normal density have steps .9957, .5860, .3352 (Max, 1960, table II)
it.each([
  [2, 0.9957],
  [3, 0.586],
  [4, 0.3352],
])('the constant step of the fast mode at %i bits is one over that of Max', (bits, step) => {
  const found = fastStep(768, bits, new RandomStream(1, 'step')) / Math.sqrt(768);
  expect(Math.abs(found * step - 1)).toBeLessThan(0.03);
});

it('one bit needs no step', () => {
  expect(fastStep(64, 1, new RandomStream(1, 'step'))).toBe(0);
});
