/** Files of vector indexes load for ever; today's bytes are those of the file. */
import { readFileSync } from 'node:fs';
import { createCore } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import { loadVectorIndex, saveIndex } from '../../src/index.ts';
import {
  GOLDEN_D,
  GOLDEN_VECTOR_INDEX,
  type GoldenNote,
  goldenIdOf,
  goldenRows,
  makeGoldenVectorIndex,
} from './make-vector-index.ts';

const file = readFileSync(GOLDEN_VECTOR_INDEX);

it('loads version 2 with records', () => {
  using core = createCore();
  using index = loadVectorIndex<GoldenNote>(core, file);
  expect([index.n, index.dead, index.quantizer, index.nlist, index.bits]).toEqual([147, 0, 'saq', 5, 4]);
  expect(index.report()).toMatchObject({ isTrained: true, trainedOn: 150 });
  expect(index.has(goldenIdOf(10))).toBe(false);
  expect(index.get(goldenIdOf(12))?.metadata).toEqual({ folder: 'x', mtime: -1 });
  expect(index.get(goldenIdOf(7))).toEqual({ id: 7, metadata: undefined });
  const query = goldenRows().subarray(40 * GOLDEN_D, 41 * GOLDEN_D);
  const every = { nprobe: 5, gamma: 1000 } as const;
  expect(index.search(query, 1, every)[0]).toMatchObject({ id: goldenIdOf(40) });
  const found = index.search(query, 5, { ...every, filter: { folder: 'f0', tags: { contains: 'even' } } });
  expect(found).toHaveLength(5);
  expect(found.every(({ metadata }) => metadata?.folder === 'f0' && metadata.mtime % 2 === 0)).toBe(true);
});

it('is what is written today', () => {
  using core = createCore();
  using index = makeGoldenVectorIndex(core);
  expect(Buffer.compare(saveIndex(index), file)).toBe(0);
});
