import { createCore } from '@sagitta/core-wasm';
import { buildFlat, buildGraph } from '@sagitta/retrieval';
import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { measureSearch } from '../src/index.ts';

const D = 8;
const core = createCore();
const rows = gaussianRows(60, D, 1);
const index = buildFlat(core, rows, D, { metric: 'l2', quantizer: 'float32' });
const queries = { data: rows.subarray(0, 10 * D), n: 10, d: D };

it('counts the true first k', () => {
  // a query's own row is its nearest; the second column is wrong in every row
  const truth = Uint32Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? i / 2 : 0xffff));
  expect(measureSearch(index, queries, truth, 2, { k: 1, nprobe: 1 }).recall).toBe(1);
  const both = measureSearch(index, queries, truth, 2, { k: 2, nprobe: 1, repeat: 3 });
  expect(both.recall).toBe(0.5);
  expect(both.nprobe).toBe(1);
  expect(both.p99Ms).toBeGreaterThanOrEqual(both.p50Ms);
  // of 30 times the 99th percentile is the largest, and 16 are at least the 50th: the mean lies between
  const meanMs = 1000 / both.qps;
  expect(meanMs).toBeLessThanOrEqual(both.p99Ms * (1 + 1e-9));
  expect(meanMs).toBeGreaterThanOrEqual((both.p50Ms * 16) / 30);
});

it('asks every query once to warm up and once a pass, in order', () => {
  const asked: number[] = [];
  const fetch = (ids: Uint32Array): Float32Array => {
    asked.push(ids[0] as number);
    return rows.slice((ids[0] as number) * D, ((ids[0] as number) + 1) * D);
  };
  const truth = Uint32Array.from({ length: 10 }, (_, i) => i);
  const { recall } = measureSearch(index, queries, truth, 1, {
    k: 1,
    nprobe: 1,
    repeat: 2,
    rerank: { candidates: 1, fetch },
  });
  expect(recall).toBe(1);
  expect(asked).toEqual(Array.from({ length: 30 }, (_, i) => i % 10));
});

it('refuses a truth that does not fit', () => {
  const truth = new Uint32Array(20);
  expect(() => measureSearch(index, queries, truth, 2, { k: 3, nprobe: 1 })).toThrow(/"k"/);
  expect(() => measureSearch(index, queries, truth.subarray(2), 2, { k: 2, nprobe: 1 })).toThrow(/"truth"/);
  expect(() => measureSearch(index, queries, truth, 2, { k: 2, nprobe: 1, repeat: 0 })).toThrow(/"repeat"/);
});

it('says which width it needs, and repeats it', () => {
  const truth = Uint32Array.from({ length: 10 }, (_, i) => i);
  using graph = buildGraph(core, rows, D, { metric: 'l2' });
  const measured = measureSearch(graph, queries, truth, 1, { k: 1, ef: 60 });
  expect(measured).toMatchObject({ ef: 60, recall: 1 });
  expect(measured).not.toHaveProperty('nprobe');
  expect(() => measureSearch(graph, queries, truth, 1, { k: 1, nprobe: 1 })).toThrow('"ef" expected');
  expect(() => measureSearch(index, queries, truth, 1, { k: 1, ef: 60 })).toThrow('"nprobe" expected');
});
