/** Files with a SAQ model of version 2 load for ever and answer as when they were written; today's bytes are those of the file. */
import { readFileSync } from 'node:fs';
import { createCore, hasRelaxedSimd } from '@sagitta/core-wasm';
import { createCore as createRelaxedCore } from '@sagitta/core-wasm/relaxed';
import { expect, it } from 'vitest';
import { loadIndex, saveIndex } from '../../src/index.ts';
import {
  type Answer,
  answersOf,
  GOLDEN_ANSWERS,
  GOLDEN_REFLECTED,
  makeGoldenReflected,
  REFLECTED_D,
} from './make-reflected.ts';

const file = readFileSync(GOLDEN_REFLECTED);
const answers: readonly Answer[] = JSON.parse(readFileSync(GOLDEN_ANSWERS, 'utf8'));

it('loads and answers as it did', () => {
  using core = createCore();
  using index = loadIndex(core, file);
  expect([index.n, index.d, index.bits]).toEqual([48, REFLECTED_D, 2]);
  const found = answersOf(index);
  expect(found.map(({ ids }) => ids)).toEqual(answers.map(({ ids }) => ids));
  for (const [q, { scores }] of answers.entries()) {
    for (const [i, score] of scores.entries()) {
      // a kernel may sum in another order
      expect(Math.abs((found[q]?.scores[i] as number) / score - 1)).toBeLessThan(1e-5);
    }
  }
});

it('is written byte for byte', () => {
  using core = createCore();
  using index = makeGoldenReflected(core);
  expect(Buffer.compare(saveIndex(index), file)).toBe(0);
});

it.skipIf(!hasRelaxedSimd())('is written byte for byte by the relaxed build, where the engine has it', () => {
  using core = createRelaxedCore();
  using index = makeGoldenReflected(core);
  expect(Buffer.compare(saveIndex(index), file)).toBe(0);
});
