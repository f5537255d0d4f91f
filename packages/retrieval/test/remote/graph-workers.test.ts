/** Graphs in workers: one holds what a direct call makes, several hold a graph each. */
import { createCore, RandomStream, UnsupportedError } from '@sagitta/core-wasm';
import { sampleRows } from '@sagitta/quantizers';
import { clusteredRows } from '@sagitta/testing';
import { afterEach, expect, it } from 'vitest';
import { saveIndex, trainGraph } from '../../src/index.ts';
import type { BuildOptions } from '../../src/remote/index.ts';
import { exactNeighbors } from '../brute-force.ts';
import { endWorkers, manyWorkers, oneWorker } from './support/memory-place.ts';

afterEach(endWorkers);

const D = 24;
const N = 3000;
const rows = clusteredRows(N, D, { seed: 6, clusters: 20, spread: 0.6 });
const queries = clusteredRows(20, D, { seed: 6, clusters: 20, spread: 0.6, stream: 'query' });
const options: BuildOptions = { metric: 'l2', bits: 6, graph: { degree: 16 } };
const search = { ef: 50 };

function direct(): Uint8Array {
  const sample = sampleRows({ data: rows, n: N, d: D }, 20_000, new RandomStream(1, 'build/sample'));
  using index = trainGraph(createCore(), sample, { metric: 'l2', bits: 6, degree: 16 });
  index.add(rows);
  return saveIndex(index);
}

it('one worker builds, saves, loads and opens what a direct call makes', async () => {
  const file = direct();
  await using one = await oneWorker();
  const info = await one.build(rows, D, options);
  expect(info).toMatchObject({ kind: 'graph', n: N });
  expect(Buffer.compare(await one.toBytes(), file)).toBe(0);
  const found = await one.searchBatch(queries, 10, search);
  await using other = await oneWorker();
  await other.load({ bytes: file });
  expect(await other.searchBatch(queries, 10, search)).toEqual(found);
  await other.open({ bytes: file });
  const paged = await other.searchBatch(queries, 10, search);
  const same = paged.ids.filter((id, i) => found.ids.subarray(i - (i % 10), i - (i % 10) + 10).includes(id));
  expect(same.length).toBeGreaterThan(190);
});

it('several workers hold a graph each, and are not saved as one file', async () => {
  await using many = await manyWorkers(3);
  await many.build(rows, D, options);
  expect(many.n).toBe(N);
  const { ids } = await many.searchBatch(queries, 10, search);
  let hits = 0;
  for (let q = 0; q < 20; q++) {
    const truth = new Set(exactNeighbors('l2', rows, D, queries.subarray(q * D, (q + 1) * D), 10).ids);
    hits += ids.subarray(10 * q, 10 * q + 10).filter((id) => truth.has(id)).length;
  }
  expect(hits / 200).toBeGreaterThan(0.95);
  await expect(many.toBytes()).rejects.toThrow(UnsupportedError);
  await expect(many.load({ bytes: direct() })).rejects.toThrow('got a graph, which one worker holds whole');
});
