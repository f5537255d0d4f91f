/** Distances of random projections are those of the projected space in every list, however lists are read. */
import { createCore } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { buildFlat, buildGraph, buildIvf, type IndexOptions } from '../../src/index.ts';

const core = createCore();
const N = 500;
const D = 48;
const rows = gaussianRows(N, D, 6).map((value, i) => value + (i % D));
const query = gaussianRows(1, D, 7).map((value, j) => value + j);

function squared(id: number): number {
  let sum = 0;
  for (let j = 0; j < D; j++) sum += ((query[j] as number) - (rows[id * D + j] as number)) ** 2;
  return sum;
}

describe.each([
  ['flat', buildFlat(core, rows, D, options(D)), buildFlat(core, rows, D, options(24))],
  [
    'ivf',
    buildIvf(core, rows, D, { ...options(D), nlist: 8 }),
    buildIvf(core, rows, D, { ...options(24), nlist: 8 }),
  ],
  ['graph', buildGraph(core, rows, D, options(D)), buildGraph(core, rows, D, options(24))],
] as const)('%s', (_, all, half) => {
  it('keeps distances where all dims are kept, and half of them within what the formula says', () => {
    // the second is read block by block, where few are allowed
    for (const allowed of [undefined, { words: new Uint32Array(16).fill(32), count: 16 }]) {
      const how = allowed ? { allowed } : {};
      const found = all.search(query, 10, how);
      expect(found.ids.length).toBe(10);
      for (const [i, id] of found.ids.entries()) {
        expect(Math.abs((found.scores[i] as number) / squared(id) - 1)).toBeLessThan(0.01);
      }
      const few = half.search(query, 10, how);
      for (const [i, id] of few.ids.entries()) {
        // six standard deviations of √(2/24·½)
        expect(Math.abs((few.scores[i] as number) / squared(id) - 1)).toBeLessThan(1.25);
      }
    }
  });
});

function options(dims: number): Pick<IndexOptions, 'metric' | 'quantizer' | 'quantizerOptions'> {
  return { metric: 'l2', quantizer: 'random', quantizerOptions: { dims } };
}
