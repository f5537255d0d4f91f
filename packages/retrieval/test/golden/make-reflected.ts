/** The index whose file is golden/flat-saq-reflected.v1.sag: a SAQ model of version 2. `write-golden.ts` beside it wrote both files. */
import type { Core } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { buildFlat, type IvfIndex } from '../../src/index.ts';

export const GOLDEN_REFLECTED: URL = new URL('flat-saq-reflected.v1.sag', import.meta.url);
export const GOLDEN_ANSWERS: URL = new URL('flat-saq-reflected.answers.json', import.meta.url);
export const REFLECTED_D = 1030;
const SHAPE = { seed: 9, clusters: 8, spread: 0.4 };

const rows = (): Float32Array => clusteredRows(48, REFLECTED_D, SHAPE);
const queries = (): Float32Array => clusteredRows(4, REFLECTED_D, { ...SHAPE, stream: 'queries' });

export interface Answer {
  readonly ids: readonly number[];
  readonly scores: readonly number[];
}

/** What the index finds for four queries, in order. */
export function answersOf(index: IvfIndex): readonly Answer[] {
  const all = queries();
  return [0, 1, 2, 3].map((q) => {
    const { ids, scores } = index.search(all.subarray(q * REFLECTED_D, (q + 1) * REFLECTED_D), 6);
    return { ids: [...ids], scores: [...scores] };
  });
}

export function makeGoldenReflected(core: Core): IvfIndex {
  return buildFlat(core, rows(), REFLECTED_D, { metric: 'l2', quantizer: 'saq', bits: 2, seed: 9 });
}
