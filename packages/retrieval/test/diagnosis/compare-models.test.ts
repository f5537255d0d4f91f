import { createCore } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { compareModels, type ModelDifference } from '../../src/diagnosis/index.ts';
import { orthogonal } from '../bridge/spaces.ts';
import { golden } from './golden-sets.ts';

const core = createCore();
const N = 2000;
const D = 64;

/** Rows whose singular values fall as i^-.6, on axes turned so that none is a coordinate. */
const factors = Float64Array.from({ length: D }, (_, i) => 1 / (i + 1) ** 0.6);
const axes = orthogonal(D, 5);
const rows = (() => {
  const normals = gaussianRows(N, D, 1);
  const out = new Float32Array(N * D);
  for (let i = 0; i < N; i++) {
    for (let t = 0; t < D; t++) {
      const value = (normals[i * D + t] as number) * (factors[t] as number);
      for (let j = 0; j < D; j++) {
        out[i * D + j] = (out[i * D + j] as number) + value * (axes[t * D + j] as number);
      }
    }
  }
  return out;
})();
const first = Math.sqrt(N);

/** Rows and random directions of the given strength, a share of the largest singular value. */
function disturbed(strength: number, rank: number): Float32Array {
  const out = rows.slice();
  const directions = orthogonal(D, 77);
  for (let r = 0; r < rank; r++) {
    const weights = gaussianRows(N, 1, 100 + r);
    const scale = (strength * first) / Math.sqrt(weights.reduce((sum, value) => sum + value * value, 0));
    for (let i = 0; i < N; i++) {
      for (let j = 0; j < D; j++) {
        out[i * D + j] =
          (out[i * D + j] as number) + scale * (weights[i] as number) * (directions[r * D + j] as number);
      }
    }
  }
  return out;
}

function compare(after: Float32Array): ModelDifference {
  return compareModels(core, { data: rows, d: D }, { data: after, d: D });
}

describe('compareModels', () => {
  it('finds the golden intruder', () => {
    const { before, after, intruders } = golden.spectral;
    const [wanted] = intruders as [(typeof intruders)[number]];
    const set = (of: readonly (readonly number[])[]): { data: Float32Array; d: number } => ({
      data: Float32Array.from(of.flat()),
      d: 4,
    });
    const found = compareModels(core, set(before), set(after), { k: 3 }).intruders;
    expect(found).toHaveLength(1);
    expect(found[0]?.index).toBe(wanted.index);
    expect(found[0]?.singularValue).toBeCloseTo(wanted.value, 5);
    expect(found[0]?.largestCosine).toBeCloseTo(wanted.largestCosine, 5);
    wanted.direction.forEach((value, j) => {
      expect(found[0]?.direction[j]).toBeCloseTo(value, 5);
    });
  });

  it('finds nothing where nothing changed, and nothing new in noise', () => {
    const same = compare(rows);
    expect(same.intruders).toEqual([]);
    expect(same).toMatchObject({ neighbourOverlap: 1, mixedOverlap: 1, advice: 'same-index' });
    for (const share of [same.subspaceOverlap, same.cka, same.meanCosine]) expect(share).toBeCloseTo(1, 4);
    const noise = gaussianRows(N, D, 9);
    const energy = Math.sqrt(rows.reduce((sum, value) => sum + value * value, 0) / (N * D));
    const noisy = compare(rows.map((value, at) => value + 0.05 * energy * (noise[at] as number)));
    expect(noisy.intruders).toEqual([]);
    expect(noisy.cka).toBeGreaterThan(0.99);
    expect(noisy.neighbourOverlap).toBeGreaterThan(0.85);
    expect(noisy.advice).toBe('same-index');
  });

  it('counts what was added, which alignment hides, and says that it can be taken out', () => {
    const weak = compare(disturbed(0.3, 1));
    const strong = compare(disturbed(1, 1));
    const four = compare(disturbed(0.6, 4));
    expect([weak, strong, four].map(({ intruders }) => intruders.length)).toEqual([1, 1, 4]);
    // 21 % of the neighbours were gone in the measurement that this repeats, at an alignment of .995
    expect(weak.cka).toBeGreaterThan(0.98);
    expect(weak.neighbourOverlap).toBeLessThan(0.9);
    expect(strong.neighbourOverlap).toBeLessThan(weak.neighbourOverlap);
    expect(four.neighbourOverlap).toBeLessThan(strong.neighbourOverlap);
    for (const { without, neighbourOverlap, intruders } of [weak, strong, four]) {
      expect(without.indices).toEqual(intruders.map(({ index }) => index));
      expect(without.neighbourOverlap).toBeGreaterThan(neighbourOverlap);
    }
    expect(four.advice).toBe('re-embed');
  });

  it('says that a rotation loses nothing, though all its directions are new', () => {
    const turn = orthogonal(D, 21);
    const turned = new Float32Array(N * D);
    for (let i = 0; i < N; i++) {
      for (let t = 0; t < D; t++) {
        const value = rows[i * D + t] as number;
        for (let j = 0; j < D; j++)
          turned[i * D + j] = (turned[i * D + j] as number) + value * (turn[t * D + j] as number);
      }
    }
    const found = compare(turned);
    expect(found.intruders).toHaveLength(10);
    expect(found.neighbourOverlap).toBeGreaterThan(0.999);
    expect(found.mixedOverlap).toBeLessThan(0.1);
    expect(found.cka).toBeCloseTo(1, 4);
    expect(found.advice).toBe('rotate');
    expect(found.reason).toMatch(
      /^A bridge can carry queries over.*10 of its first 10 directions are new\.$/,
    );
  });

  it('refuses sets of other shapes', () => {
    const set = { data: rows.slice(0, 10 * D), d: D };
    expect(() => compareModels(core, set, { data: rows.slice(0, 9 * D), d: D })).toThrow(
      /"after rows" expected/,
    );
    expect(() => compareModels(core, set, { data: rows.slice(0, 10 * D), d: D / 2 })).toThrow(
      /"after.d" expected/,
    );
    expect(() => compareModels(core, set, set, { epsilon: 2 })).toThrow(/"epsilon" expected/);
  });
});
