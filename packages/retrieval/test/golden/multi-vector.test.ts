/** Multi-vector files of every released version load for ever; today's bytes are those of the file. */
import { readFileSync } from 'node:fs';
import { createCore, hasRelaxedSimd } from '@sagitta/core-wasm';
import { createCore as createRelaxedCore } from '@sagitta/core-wasm/relaxed';
import { expect, it } from 'vitest';
import { loadMultiVectorIndex, saveMultiVectorIndex } from '../../src/index.ts';
import { chamfer, rowsOf } from '../late-interaction/chamfer.ts';
import {
  GOLDEN_MULTI_VECTOR,
  goldenDocuments,
  goldenIds,
  goldenQueries,
  makeGoldenMultiVector,
} from './make-multi-vector.ts';

const file = readFileSync(GOLDEN_MULTI_VECTOR);

it('loads version 1', () => {
  using core = createCore();
  using index = loadMultiVectorIndex(core, file);
  const documents = goldenDocuments();
  const queries = goldenQueries();
  expect(index.ids()).toEqual(goldenIds);
  expect(index.get('document 3')?.metadata).toEqual({ id: 'document 3' });
  expect(index.get(4)?.metadata).toBeUndefined();
  for (let q = 0; q < queries.n; q++) {
    const query = rowsOf(queries, q);
    const all = goldenIds.map((_, i) => chamfer(query, rowsOf(documents, i), 16));
    const best = goldenIds[all.indexOf(Math.max(...all))];
    expect(index.search(query, 3, { exact: true }).ids).toContain(best);
    const { scores, ids } = index.search(query, 1);
    // bytes: half a step of 1/127 of a unit vector's components, both sides, at most
    const exact = all[goldenIds.indexOf(ids[0] as number)] as number;
    expect(Math.abs((scores[0] as number) - exact)).toBeLessThan(0.03 * (query.length / 16));
  }
});

it('is written byte for byte', () => {
  using core = createCore();
  using index = makeGoldenMultiVector(core);
  expect(Buffer.compare(saveMultiVectorIndex(index), file)).toBe(0);
});

it.skipIf(!hasRelaxedSimd())('is written byte for byte by the relaxed build, where the engine has it', () => {
  using core = createRelaxedCore();
  using index = makeGoldenMultiVector(core);
  expect(Buffer.compare(saveMultiVectorIndex(index), file)).toBe(0);
});
