/** The entries of an app of SAQ alone: the same index, byte for byte, and a refusal of what they do not carry. */
import { createCore, UnsupportedError } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { buildFlat, buildIvf, buildSaqIndex, loadIndex, loadSaqIndex, saveIndex } from '../src/index.ts';

const D = 24;
const rows = clusteredRows(400, D, { seed: 5, clusters: 8, spread: 0.5 });
const OPTIONS = { metric: 'l2', bits: 4, seed: 3 } as const;

it('build what buildFlat and buildIvf build', () => {
  using core = createCore();
  using flat = buildFlat(core, rows, D, OPTIONS);
  using saqFlat = buildSaqIndex(core, rows, D, OPTIONS);
  using ivf = buildIvf(core, rows, D, { ...OPTIONS, nlist: 5, iterations: 3 });
  using saqIvf = buildSaqIndex(core, rows, D, { ...OPTIONS, nlist: 5, iterations: 3 });
  expect(Buffer.compare(saveIndex(saqFlat), saveIndex(flat))).toBe(0);
  expect(Buffer.compare(saveIndex(saqIvf), saveIndex(ivf))).toBe(0);
});

it('load indexes of SAQ codes and of float32, and name what they refuse', () => {
  using core = createCore();
  const saved = (quantizer: 'saq' | 'none' | 'rabitq'): Uint8Array => {
    using index = buildFlat(core, rows, D, { metric: 'l2', quantizer, seed: 3 });
    return saveIndex(index);
  };
  for (const quantizer of ['saq', 'none'] as const) {
    const bytes = saved(quantizer);
    using index = loadSaqIndex(core, bytes);
    using same = loadIndex(core, bytes);
    expect(index.search(rows.subarray(0, D), 5)).toEqual(same.search(rows.subarray(0, D), 5));
  }
  expect(() => loadSaqIndex(core, saved('rabitq'))).toThrow(UnsupportedError);
  expect(() => loadSaqIndex(core, saved('rabitq'))).toThrow(/expected saq or none .* got rabitq/);
  expect(core.bytesUsed()).toBe(0);
});
