/** The index whose file is golden/ivf-saq-l2.v1.sag. `write-golden.ts` beside it wrote the file. */
import type { Core } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { buildIvf, type IvfIndex } from '../../src/index.ts';

export const GOLDEN_FILE: URL = new URL('ivf-saq-l2.v1.sag', import.meta.url);
export const GOLDEN_D = 20;
export const goldenRows = (): Float32Array =>
  clusteredRows(90, GOLDEN_D, { seed: 9, clusters: 6, spread: 0.4 });

export function makeGoldenIndex(core: Core): IvfIndex {
  return buildIvf(core, goldenRows(), GOLDEN_D, {
    metric: 'l2',
    bits: 2.5,
    nlist: 4,
    seed: 9,
    keepVectors: true,
  });
}
