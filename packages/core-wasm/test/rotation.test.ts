/** The rotation on the host against the kernel's twin, and back again. */
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { RandomStream, rotate, rotateBack, rotationSigns } from '../src/index.ts';
import { rotateF32Rows } from '../src/reference/hadamard.ts';

describe.each([16, 48, 64, 80, 768, 1000])('of %i dims', (d) => {
  const signs = rotationSigns(new RandomStream(3, 'test'), d);
  const row = Float64Array.from(gaussianRows(1, d, 5));

  it('is that of the kernel, but for the rounding of f32', () => {
    const rotated = row.slice();
    rotate(rotated, signs);
    const twin = Float32Array.from(row);
    rotateF32Rows(twin, 1, d, d, signs);
    const worst = Math.max(...rotated.map((value, i) => Math.abs(value - (twin[i] as number))));
    expect(worst).toBeLessThan(1e-5);
    expect(Math.hypot(...rotated) / Math.hypot(...row)).toBeCloseTo(1, 12);
  });

  it('comes back', () => {
    const back = row.slice();
    rotate(back, signs);
    expect(Math.max(...back.map((value, i) => Math.abs(value - (row[i] as number))))).toBeGreaterThan(0.1);
    rotateBack(back, signs);
    expect(Math.max(...back.map((value, i) => Math.abs(value - (row[i] as number))))).toBeLessThan(1e-12);
  });
});

it('has signs of both kinds, the same from the same seed', () => {
  const signs = rotationSigns(new RandomStream(1, 'test'), 512);
  expect(signs.length).toBe(2048);
  expect(new Set(signs)).toEqual(new Set([0, 0x80000000]));
  expect(signs.filter((sign) => sign !== 0).length / signs.length).toBeCloseTo(0.5, 1);
  expect(rotationSigns(new RandomStream(1, 'test'), 512)).toEqual(signs);
});
