/** Files of every released version load for ever; today's bytes are those of the file. */
import { readFileSync } from 'node:fs';
import { createCore, hasRelaxedSimd } from '@sagitta/core-wasm';
import { createCore as createRelaxedCore } from '@sagitta/core-wasm/relaxed';
import { expect, it } from 'vitest';
import { loadIndex, saveIndex } from '../../src/index.ts';
import { exactNeighbors } from '../brute-force.ts';
import { GOLDEN_D, GOLDEN_FILE, goldenRows, makeGoldenIndex } from './make-index.ts';

const file = readFileSync(GOLDEN_FILE);

it('loads version 1', () => {
  using core = createCore();
  using index = loadIndex(core, file);
  expect({ n: index.n, d: index.d, nlist: index.nlist, bits: index.bits, kept: index.keepsVectors }).toEqual({
    n: 90,
    d: GOLDEN_D,
    nlist: 4,
    bits: 2.5,
    kept: true,
  });
  const rows = goldenRows();
  for (let i = 0; i < 90; i += 10) {
    const query = rows.subarray(i * GOLDEN_D, (i + 1) * GOLDEN_D);
    const found = index.search(query, 5, { nprobe: 4, gamma: 1000, rerank: { candidates: 90 } });
    expect([...found.ids]).toEqual([...exactNeighbors('l2', rows, GOLDEN_D, query, 5).ids]);
  }
});

it('is written byte for byte', () => {
  using core = createCore();
  using index = makeGoldenIndex(core);
  expect(Buffer.compare(saveIndex(index), file)).toBe(0);
});

it.skipIf(!hasRelaxedSimd())('is written byte for byte by the relaxed build, where the engine has it', () => {
  using core = createRelaxedCore();
  using index = makeGoldenIndex(core);
  expect(Buffer.compare(saveIndex(index), file)).toBe(0);
});
