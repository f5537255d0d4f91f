/** The file of a graph loads for ever, and today's bytes are those of the file. */
import { readFileSync } from 'node:fs';
import { createCore, hasRelaxedSimd } from '@sagitta/core-wasm';
import { createCore as createRelaxedCore } from '@sagitta/core-wasm/relaxed';
import { expect, it } from 'vitest';
import { loadIndex, saveIndex } from '../../src/index.ts';
import { exactNeighbors } from '../brute-force.ts';
import { GOLDEN_GRAPH, GRAPH_D, graphRows, makeGoldenGraph } from './make-graph.ts';

const file = readFileSync(GOLDEN_GRAPH);

it('loads version 1', () => {
  using core = createCore();
  using index = loadIndex(core, file);
  expect({ n: index.n, d: index.d, kind: index.kind, bits: index.bits, degree: index.degree }).toEqual({
    n: 130,
    d: GRAPH_D,
    kind: 'graph',
    bits: 10,
    degree: 8,
  });
  const rows = graphRows();
  for (let i = 0; i < 130; i += 10) {
    const query = rows.subarray(i * GRAPH_D, (i + 1) * GRAPH_D);
    const found = index.search(query, 5, { ef: 8, gamma: 1000 });
    expect(found.ids[0]).toBe(i);
    const truth = new Set(exactNeighbors('l2', rows, GRAPH_D, query, 8).ids);
    expect(found.ids.filter((id) => truth.has(id)).length).toBeGreaterThanOrEqual(4);
  }
});

it('is written byte for byte', () => {
  using core = createCore();
  using index = makeGoldenGraph(core);
  expect(Buffer.compare(saveIndex(index), file)).toBe(0);
});

it.skipIf(!hasRelaxedSimd())('is written byte for byte by the relaxed build, where the engine has it', () => {
  using core = createRelaxedCore();
  using index = makeGoldenGraph(core);
  expect(Buffer.compare(saveIndex(index), file)).toBe(0);
});
