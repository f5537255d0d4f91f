import { createCore } from '@sagitta/core-wasm';
import { buildFlat } from '@sagitta/retrieval';
import { gaussianRows } from '@sagitta/testing';
import { expect, it } from 'vitest';
import { measureSearch } from '../src/index.ts';

const D = 8;
const core = createCore();
const rows = gaussianRows(60, D, 1);
const index = buildFlat(core, rows, D, { metric: 'l2', quantizer: 'none' });
const queries = { data: rows.subarray(0, 10 * D), n: 10, d: D };

it('counts the true first k', () => {
  // a query's own row is its nearest; the second column is wrong in every row
  const truth = Uint32Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? i / 2 : 0xffff));
  expect(measureSearch(index, queries, truth, 2, { k: 1, nprobe: 1 }).recall).toBe(1);
  const both = measureSearch(index, queries, truth, 2, { k: 2, nprobe: 1, repeat: 3 });
  expect(both.recall).toBe(0.5);
  expect(both.nprobe).toBe(1);
  expect(both.p99Ms).toBeGreaterThanOrEqual(both.p50Ms);
  // queries a second and the median describe the same passes
  expect(both.qps).toBeGreaterThan(0);
  expect(Number.isFinite(both.qps)).toBe(true);
});

it('refuses a truth that does not fit', () => {
  const truth = new Uint32Array(20);
  expect(() => measureSearch(index, queries, truth, 2, { k: 3, nprobe: 1 })).toThrow(/"k"/);
  expect(() => measureSearch(index, queries, truth.subarray(2), 2, { k: 2, nprobe: 1 })).toThrow(/"truth"/);
  expect(() => measureSearch(index, queries, truth, 2, { k: 2, nprobe: 1, repeat: 0 })).toThrow(/"repeat"/);
});
