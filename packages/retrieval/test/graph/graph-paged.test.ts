/** Files of graphs of which the tails of codes, kept vectors and secondary codes stay where they are. */
import { createCore, FormatError, METRICS, type Metric } from '@sagitta/core-wasm';
import { clusteredRows, containerEntries, repairChecksums } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  buildGraph,
  bytesSource,
  createVectorIndex,
  type GraphIndexOptions,
  loadIndexFrom,
  openIndex,
  openVectorIndex,
  saveIndex,
} from '../../src/index.ts';

const D = 192;
const N = 1500;
const DATA = { seed: 3, clusters: 30, spread: 0.6 };
const rows = clusteredRows(N, D, DATA);
const queries = clusteredRows(30, D, { ...DATA, stream: 'query' });
const query = (q: number): Float32Array => queries.subarray(q * D, (q + 1) * D);

const KINDS: Record<string, Omit<GraphIndexOptions, 'metric'>> = {
  saq: { bits: 4 },
  'saq of 12 bits, kept vectors': { bits: 12, keepVectors: true },
  'saq, codes of all dims behind it': { bits: 2, secondary: { quantizer: 'lvq', bits: 8 } },
  float32: { quantizer: 'float32' },
  lvq: { quantizer: 'lvq', bits: 4 },
};

describe.each(Object.entries(KINDS))('%s', (name, options) => {
  const core = createCore();
  const metric = METRICS[Object.keys(KINDS).indexOf(name) % METRICS.length] as Metric;
  using index = buildGraph(core, rows, D, { ...options, metric, degree: 16 });
  const bytes = saveIndex(index);
  const asked = (q: number, more = {}) => {
    const rerank = options.keepVectors ? { rerank: { candidates: 40 } } : {};
    return { query: query(q), options: { ef: 60, ...rerank, ...more } };
  };

  it('finds in parts what it finds whole, and reads little', async () => {
    using whole = await loadIndexFrom(core, [bytes]);
    using paged = await openIndex(core, bytesSource(bytes), { gapBytes: 0 });
    expect(paged.kind).toBe('graph');
    expect(paged.n).toBe(N);
    let [hits, most] = [0, 0];
    for (let q = 0; q < 30; q++) {
      const { query: at, options: how } = asked(q);
      const before = paged.reads.bytes;
      const found = await paged.search(at, 10, how);
      most = Math.max(most, paged.reads.bytes - before);
      const wanted = new Set(whole.search(at, 10, how).ids);
      hits += found.ids.filter((id) => wanted.has(id)).length;
    }
    expect(hits / 300).toBeGreaterThan(0.96);
    // secondary codes lie in blocks of 32, which are read whole
    expect(most).toBeLessThan((options.secondary ? 0.6 : 0.25) * bytes.length);
  });

  it('gives the scores of the index in memory', async () => {
    using whole = await loadIndexFrom(core, [bytes]);
    using paged = await openIndex(core, bytesSource(bytes));
    const { query: at, options: how } = asked(3, { gamma: 1000 });
    const [a, b] = [whole.search(at, 10, how), await paged.search(at, 10, how)];
    for (const [i, id] of b.ids.entries()) {
      const j = a.ids.indexOf(id);
      if (j >= 0) expect(b.scores[i]).toBeCloseTo(a.scores[j] as number, 4);
    }
  });

  it('leaves tails unread where heads are enough', async () => {
    using paged = await openIndex(core, bytesSource(bytes));
    const before = paged.reads.bytes;
    const { ids } = await paged.search(query(0), 5, { precision: 'head', rerank: false });
    expect(ids.length).toBe(5);
    expect(paged.reads.bytes).toBe(before);
  });

  it('finds all that is allowed, where that is little', async () => {
    using paged = await openIndex(core, bytesSource(bytes));
    const words = new Uint32Array(Math.ceil(N / 32));
    const some = [3, 400, 401, 1499];
    for (const id of some) words[id >> 5] = (words[id >> 5] as number) | (1 << (id & 31));
    const { ids } = await paged.search(query(0), 10, { allowed: { words, count: 4 }, rerank: false });
    expect([...ids].sort((a, b) => a - b)).toEqual(some);
  });
});

it('a vector index in a graph is opened in parts, dead records and filters and all', async () => {
  using core = createCore();
  using index = createVectorIndex<{ even: boolean }>(core, {
    d: D,
    metric: 'l2',
    index: 'graph',
    trainAt: 1000,
    compactAt: 1,
  });
  const ids = Array.from({ length: N }, (_, i) => `n${i}`);
  index.add({ ids, vectors: rows, metadata: ids.map((_, i) => ({ even: i % 2 === 0 })) });
  index.delete(ids.slice(0, 100));
  using paged = await openVectorIndex<{ even: boolean }>(core, bytesSource(saveIndex(index)));
  expect(paged.n).toBe(N - 100);
  const filter = { even: true };
  for (let q = 0; q < 10; q++) {
    const found = await paged.search(query(q), 5, { filter, ef: 80 });
    expect(found.length).toBe(5);
    expect(found.every(({ metadata }) => metadata?.even)).toBe(true);
    const wanted = new Set(index.search(query(q), 5, { filter, ef: 80 }).map(({ id }) => id));
    expect(found.filter(({ id }) => wanted.has(id)).length).toBeGreaterThanOrEqual(4);
  }
});

it('a file whose edges or heads are damaged is refused when it is opened', async () => {
  using core = createCore();
  using index = buildGraph(core, rows, D, { metric: 'l2', bits: 4, degree: 8 });
  const bytes = saveIndex(index);
  for (const id of ['EDGE', 'HEAD', 'GRPH']) {
    const entry = containerEntries(bytes).find((one) => one.id === id);
    const damaged = bytes.slice();
    const at = (entry?.offset ?? 0) + 40;
    damaged[at] = (damaged[at] as number) ^ 0xff;
    const used = core.bytesUsed();
    await expect(openIndex(core, bytesSource(damaged))).rejects.toThrow(FormatError);
    expect(core.bytesUsed()).toBe(used);
  }
  // edges that lead nowhere, chains in a circle: checksums are right
  const edges = containerEntries(bytes).find((one) => one.id === 'EDGE')?.offset ?? 0;
  const view = (of: Uint8Array): DataView => new DataView(of.buffer, of.byteOffset);
  for (const change of [
    (of: DataView) => of.setUint32(edges + 4, N, true),
    (of: DataView) => {
      of.setUint32(edges + 4 * 7, 1, true);
      of.setUint32(edges + 4 * 15, 0, true);
    },
    (of: DataView) => {
      of.setUint32(edges + 4 * 7, 9, true);
      of.setUint32(edges + 4 * 15, 9, true);
    },
  ]) {
    const crafted = bytes.slice();
    change(view(crafted));
    repairChecksums(crafted, containerEntries(crafted));
    await expect(openIndex(core, bytesSource(crafted))).rejects.toThrow(FormatError);
    await expect(loadIndexFrom(core, [crafted])).rejects.toThrow(FormatError);
  }
});
