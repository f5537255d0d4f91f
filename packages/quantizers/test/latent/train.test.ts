/** Codebooks of one dimension: Lloyd's conditions hold, and little is lost to the best cells there are. */
import { createCore } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { blockCount, type LinearQuantizer, trainQuantizer } from '../../src/index.ts';
import { LatentCoder } from '../../src/latent/coder.ts';
import { lloydLevels } from '../../src/training/lloyd.ts';
import { referenceCells } from '../reference/family.ts';

const core = createCore();

function squaredError(values: Float32Array, levels: ArrayLike<number>): number {
  let sum = 0;
  for (const value of values) {
    let least = Infinity;
    for (let c = 0; c < levels.length; c++) least = Math.min(least, (value - (levels[c] as number)) ** 2);
    sum += least;
  }
  return sum;
}

describe('lloydLevels', () => {
  const heavy = gaussianRows(1, 240, 3).map((value) => value ** 3);
  it.each([
    ['normal', gaussianRows(1, 240, 1)],
    ['heavy tails', heavy],
    ['two heaps', gaussianRows(1, 240, 2).map((value, i) => 0.1 * value + (i % 2 === 0 ? 5 : -3))],
  ])('%s values: near the best cells that dynamic programming finds', (_, values) => {
    const sorted = values.slice().sort();
    for (const count of [2, 4, 8, 16]) {
      const levels = lloydLevels(sorted, count);
      for (let c = 1; c < count; c++) expect(levels[c]).toBeGreaterThanOrEqual(levels[c - 1] as number);
      // a local optimum: at most 1.6 times the least error here, and the least at 2 levels of normal values
      const best = referenceCells(sorted, count);
      const error = squaredError(sorted, levels);
      expect(error).toBeGreaterThanOrEqual(best * (1 - 1e-9));
      expect(error, `${count} levels`).toBeLessThan(1.6 * best);
      // each level is the mean of the values that are nearest to it
      for (let c = 0; c < count; c++) {
        const own = [...sorted].filter((value) => {
          const gap = Math.abs(value - (levels[c] as number));
          return levels.every((level, other) => other === c || Math.abs(value - level) > gap);
        });
        if (own.length === 0) continue;
        const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
        expect(Math.abs(mean - (levels[c] as number))).toBeLessThan(1e-6 * (1 + Math.abs(mean)));
      }
    }
  });

  it('takes values fewer than levels, and equal ones', () => {
    expect([...new Set(lloydLevels(Float32Array.of(3), 4))]).toEqual([3]);
    expect([...new Set(lloydLevels(new Float32Array(9).fill(-1.5), 16))]).toEqual([-1.5]);
    const two = lloydLevels(Float32Array.of(-1, -1, 2, 2), 8);
    expect(squaredError(Float32Array.of(-1, 2), two)).toBe(0);
  });
});

describe('latent', () => {
  const D = 20;
  const N = 400;
  // a dimension of heaps, one of one value, the others normal
  const rows = gaussianRows(N, D, 7).map((value, i) => {
    if (i % D === 0) return value > 0 ? 4 + 0.01 * value : -4;
    return i % D === 1 ? 2.5 : value;
  });
  const train = (bits: number): LinearQuantizer =>
    trainQuantizer(core, { data: rows, n: N, d: D }, { name: 'latent', metric: 'ip', bits });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('at %i bits every coordinate decodes to its nearest level', (bits) => {
    const quantizer = train(bits);
    const { coder } = quantizer;
    if (!(coder instanceof LatentCoder)) throw new Error('expected a LatentCoder');
    expect(quantizer.layout.bytesPerVector).toBe((32 * bits) / 8);
    using encoder = quantizer.createEncoder(core);
    using blocks = core.allocate(blockCount(N) * quantizer.layout.blockBytes);
    const origin = new Float32Array(D);
    encoder.encode(rows, origin, blocks, 0);
    const decoded = quantizer.decode(core, blocks, N, origin);
    for (let i = 0; i < N * D; i++) {
      const levels = coder.levels.subarray((i % D) << bits, ((i % D) + 1) << bits);
      const nearest = Math.min(...levels.map((level) => Math.abs(level - (rows[i] as number))));
      expect(Math.abs((decoded[i] as number) - (rows[i] as number))).toBeLessThan(nearest + 1e-6);
    }
  });

  it('learns what a uniform grid cannot: heaps and constants', () => {
    const heaps = (quantizer: LinearQuantizer): number => {
      using encoder = quantizer.createEncoder(core);
      using blocks = core.allocate(blockCount(N) * quantizer.layout.blockBytes);
      encoder.encode(rows, new Float32Array(D), blocks, 0);
      const decoded = quantizer.decode(core, blocks, N, new Float32Array(D));
      let sum = 0;
      for (let i = 0; i < N * D; i += D) sum += ((decoded[i] as number) - (rows[i] as number)) ** 2;
      return sum;
    };
    const scalar = trainQuantizer(
      core,
      { data: rows, n: N, d: D },
      { name: 'scalar', metric: 'ip', bits: 2 },
    );
    expect(heaps(train(2))).toBeLessThan(heaps(scalar));
  });

  it('refuses bits out of range', () => {
    expect(() => train(0)).toThrow(/"bits"/);
    expect(() => train(9)).toThrow(/"bits"/);
    expect(core.bytesUsed()).toBe(0);
  });
});
