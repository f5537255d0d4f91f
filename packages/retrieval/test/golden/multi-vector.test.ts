/** Multi-vector files of every released version load for ever; today's bytes are those of the file. */
import { readFileSync } from 'node:fs';
import { createCore, hasRelaxedSimd } from '@sagitta/core-wasm';
import { createCore as createRelaxedCore } from '@sagitta/core-wasm/relaxed';
import { expect, it } from 'vitest';
import { fdeIndexes, loadMultiVectorIndex, saveMultiVectorIndex } from '../../src/index.ts';
import { chamfer, rowsOf } from '../multi-vector-index/chamfer.ts';
import {
  GOLDEN_MULTI_VECTOR,
  GOLDEN_MULTI_VECTOR_1,
  GOLDEN_MULTI_VECTOR_2,
  GOLDEN_REGRESSION,
  goldenDocuments,
  goldenIds,
  goldenIds1,
  goldenMetadata,
  goldenQueries,
  makeGoldenMultiVector,
  makeGoldenRegression,
} from './make-multi-vector.ts';

const file = readFileSync(GOLDEN_MULTI_VECTOR);
const older = readFileSync(GOLDEN_MULTI_VECTOR_1);

it.each([
  [1, older, goldenIds1],
  [2, readFileSync(GOLDEN_MULTI_VECTOR_2), goldenIds],
  [3, file, goldenIds],
] as const)('loads version %i', (version, bytes, ids) => {
  using core = createCore();
  using index = loadMultiVectorIndex(core, bytes, { indexes: fdeIndexes });
  const documents = goldenDocuments();
  const queries = goldenQueries();
  expect(index.ids()).toEqual(ids);
  for (const [i, id] of ids.entries()) {
    const expected = version === 1 ? (i % 3 === 0 ? { id } : undefined) : goldenMetadata[i];
    expect(index.get(id)?.metadata).toEqual(expected);
  }
  expect(index.records.indexed).toEqual(version === 1 ? [] : ['mtime', 'tags']);
  for (let q = 0; q < queries.n; q++) {
    const query = rowsOf(queries, q);
    const all = ids.map((_, i) => chamfer(query, rowsOf(documents, i), 16));
    const best = ids[all.indexOf(Math.max(...all))];
    expect(index.searchIds(query, 3, { exact: true }).ids).toContain(best);
    const { scores, ids: found } = index.searchIds(query, 1);
    // bytes: half a step of 1/127 of a unit vector's components, both sides, at most
    const exact = all[ids.indexOf(found[0] as never)] as number;
    expect(Math.abs((scores[0] as number) - exact)).toBeLessThan(0.03 * (query.length / 16));
  }
});

it('reads version 1 as what version 2 of the same would be', () => {
  using core = createCore();
  using index = loadMultiVectorIndex(core, older, { indexes: fdeIndexes });
  const saved = saveMultiVectorIndex(index);
  using again = loadMultiVectorIndex(core, saved, { indexes: fdeIndexes });
  expect(again.ids()).toEqual(goldenIds1);
  expect(Buffer.compare(saveMultiVectorIndex(again), saved)).toBe(0);
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

it.each(['simd', 'relaxed'])('regression is trained, written and read byte for byte, %s', (build) => {
  if (build === 'relaxed' && !hasRelaxedSimd()) return;
  const golden = readFileSync(GOLDEN_REGRESSION);
  using core = build === 'relaxed' ? createRelaxedCore() : createCore();
  using index = makeGoldenRegression(core);
  expect(Buffer.compare(saveMultiVectorIndex(index), golden)).toBe(0);
  using loaded = loadMultiVectorIndex(core, golden, { indexes: fdeIndexes });
  const query = rowsOf(goldenQueries(), 0);
  expect(loaded.searchIds(query, 5)).toEqual(index.searchIds(query, 5));
});
