/** The index whose file is golden/graph-saq-l2.v1.sag. `write-golden.ts` beside it wrote the file. */
import type { Core } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { buildGraph, type IvfIndex } from '../../src/index.ts';

export const GOLDEN_GRAPH: URL = new URL('graph-saq-l2.v1.sag', import.meta.url);
export const GRAPH_D = 64;
export const graphRows = (): Float32Array =>
  clusteredRows(130, GRAPH_D, { seed: 9, clusters: 6, spread: 0.4 });

/** Heads and tails, low bits among them, and more vectors than a walk from all entries meets. */
export function makeGoldenGraph(core: Core): IvfIndex {
  return buildGraph(core, graphRows(), GRAPH_D, {
    metric: 'l2',
    bits: 10,
    degree: 8,
    efConstruction: 16,
    seed: 9,
  });
}
