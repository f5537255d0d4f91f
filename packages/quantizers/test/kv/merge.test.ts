/** Two layers as one: the golden values, the error known beforehand, what is kept apart. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mergeError, mergeLayers, miniCacheRatio, restoreLayers } from '../../src/kv/index.ts';
import { likePair, lost } from './caches.ts';

const GOLDEN = JSON.parse(
  readFileSync(new URL('../golden/kin-golden.json', import.meta.url), 'utf8'),
).minicache;

/** One token of one head, keys and values alike. */
function one(a: readonly number[], b: readonly number[], t: number): ReturnType<typeof mergeLayers> {
  const layer = (x: readonly number[]): { key: Float32Array; value: Float32Array } => ({
    key: Float32Array.from(x),
    value: Float32Array.from(x),
  });
  return mergeLayers(layer(a), layer(b), { heads: 1, tokens: 1, headDims: a.length }, { t, keep: 0 });
}

describe('golden values', () => {
  it.each(['slerpOrthogonal', 'slerpNear'] as const)('%s', (name) => {
    const { a, b, t, direction, angularDistance, restored } = GOLDEN[name];
    const merged = one(a, b, t);
    for (const [j, value] of [...merged.key.directions].entries()) expect(value).toBeCloseTo(direction[j], 7);
    if (angularDistance !== undefined)
      expect(Math.acos(merged.key.cosines[0] as number) / Math.PI).toBeCloseTo(angularDistance, 7);
    if (restored === undefined) return;
    const [first, second] = restoreLayers(merged);
    for (const [j, value] of [...(first.key as Float32Array)].entries())
      expect(value).toBeCloseTo(restored.first[j], 6);
    for (const [j, value] of [...(second.value as Float32Array)].entries())
      expect(value).toBeCloseTo(restored.second[j], 6);
  });

  it('relative error of a merge', () => {
    for (const { cosine, error } of GOLDEN.relativeErrorOfMerge)
      expect(mergeError(cosine)).toBeCloseTo(error, 12);
    expect(mergeError(-1)).toBe(2);
    expect(mergeError(1)).toBe(0);
  });

  it('ratios as the paper counts', () => {
    const { product, honest, allLayersQuantized4bitGroup128 } = GOLDEN.ratio;
    expect(miniCacheRatio({ merged: 0 })).toBeCloseTo(allLayersQuantized4bitGroup128, 12);
    expect(miniCacheRatio({ merged: 0.5 })).toBeCloseTo(product, 12);
    for (const { retained, magnitudesStored, ratio } of honest) {
      expect(miniCacheRatio({ merged: 0.5, retained, lengths: magnitudesStored })).toBeCloseTo(ratio, 12);
    }
  });
});

describe('errors', () => {
  it.each([0.5, 0.7, 0.9, 0.98])('are those of the formula, at cosine %d', (cosine) => {
    const [a, b] = likePair(500, 64, cosine, 3);
    const shape = { heads: 5, tokens: 100, headDims: 64 };
    const merged = mergeLayers({ key: a, value: b }, { key: b, value: a }, shape, { keep: 0 });
    const [first, second] = restoreLayers(merged);
    let [expected, energy] = [0, 0];
    for (const [i, own] of merged.key.cosines.entries()) {
      const pair = (merged.key.firstLengths[i] as number) ** 2 + (merged.key.secondLengths[i] as number) ** 2;
      expected += pair * mergeError(own);
      energy += pair;
    }
    const error = (lost(a, first.key) * energyOf(a) + lost(b, second.key) * energyOf(b)) / energy;
    expect(Math.abs(error / (expected / energy) - 1)).toBeLessThan(0.05);
  });

  it('another t lies nearer to one layer, by the arc', () => {
    const [a, b] = likePair(50, 16, 0.6, 4);
    const shape = { heads: 1, tokens: 50, headDims: 16 };
    for (const t of [0, 0.25, 0.6, 1]) {
      const { directions, cosines } = mergeLayers({ key: a, value: a }, { key: b, value: b }, shape, {
        keep: 0,
        t,
      }).key;
      for (let i = 0; i < 50; i++) {
        const row = directions.subarray(16 * i, 16 * i + 16);
        const own = a.subarray(16 * i, 16 * i + 16);
        const cos = row.reduce((sum, x, j) => sum + x * (own[j] as number), 0) / Math.sqrt(energyOf(own));
        expect(Math.acos(Math.min(1, cos))).toBeCloseTo(t * Math.acos(cosines[i] as number), 3);
      }
    }
  });
});

describe('what is kept apart', () => {
  it('are the furthest of the share, and come back as they were', () => {
    const [a, b] = likePair(330, 32, 0.9, 5);
    const shape = { heads: 1, tokens: 330, headDims: 32 };
    const merged = mergeLayers({ key: a, value: a }, { key: b, value: b }, shape, { keep: 0.03 });
    const { kept, cosines } = merged.key;
    expect(kept.length).toBe(10);
    const most = Math.max(...Array.from(kept, (i) => cosines[i] as number));
    expect(cosines.filter((cosine) => cosine < most).length).toBeLessThan(10);
    const [first, second] = restoreLayers(merged);
    for (const i of kept) {
      expect(second.key.subarray(32 * i, 32 * i + 32)).toEqual(b.subarray(32 * i, 32 * i + 32));
      expect(
        lost(a.subarray(32 * i, 32 * i + 32), first.key.subarray(32 * i, 32 * i + 32) as Float32Array),
      ).toBeLessThan(1e-12);
    }
  });

  it('are opposite vectors in any case; zero vectors stay zero', () => {
    const merged = mergeLayers(
      { key: Float32Array.of(1, 0, 0, 0, 3, 4), value: new Float32Array(6) },
      { key: Float32Array.of(-2, 0, 1, 1, 0, 0), value: new Float32Array(6) },
      { heads: 1, tokens: 3, headDims: 2 },
      { keep: 0 },
    );
    expect([...merged.key.kept]).toEqual([0]);
    const [first, second] = restoreLayers(merged);
    expect([...first.key].map((x) => Math.round(1e5 * x) / 1e5)).toEqual([1, 0, 0, 0, 3, 4]);
    expect([...second.key].map((x) => Math.round(1e5 * x) / 1e5)).toEqual([-2, 0, 1, 1, 0, 0]);
    expect(second.value.every((x) => x === 0)).toBe(true);
  });

  it('refuses what does not fit, by name', () => {
    const layer = { key: new Float32Array(4), value: new Float32Array(4) };
    const shape = { heads: 1, tokens: 2, headDims: 2 };
    expect(() => mergeLayers(layer, { ...layer, key: new Float32Array(3) }, shape)).toThrow(
      /"second.key" expected length/,
    );
    expect(() => mergeLayers({ ...layer, value: [1] as never }, layer, shape)).toThrow(
      /"first.value" expected a Float32Array/,
    );
    expect(() => mergeLayers(layer, layer, { ...shape, heads: 0 })).toThrow(/"shape.heads"/);
    expect(() => mergeLayers(layer, layer, shape, { keep: 2 })).toThrow(/"keep"/);
    expect(() => mergeLayers(layer, layer, shape, { t: -1 })).toThrow(/"t"/);
    expect(() => mergeLayers({ ...layer, key: Float32Array.of(1, Number.NaN, 0, 0) }, layer, shape)).toThrow(
      /"first.key"/,
    );
  });
});

function energyOf(x: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) ** 2;
  return sum;
}
