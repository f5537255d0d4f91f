/**
 * Addresses above 2 GiB are negative where somebody takes them for i32: everything gives there, byte for byte, what it
 * gives below; an index larger than that is right; at 4 GiB memory ends by name.
 */
import { CapacityError, type Core, createCore, METRICS, type VectorSet } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildFlat,
  buildIvf,
  type IndexOptions,
  IvfIndex,
  saveIndex,
  saveMultiVectorIndex,
  trainIndex,
} from '../src/index.ts';
import { createFdeStore, FDE_ENCODINGS } from '../src/muvera/index.ts';
import { INDEX_KINDS } from './index-kinds.ts';
import { rowsOf } from './multi-vector-index/chamfer.ts';
import { KINDS, trainKind } from './multi-vector-index/index-kinds.ts';
import { tokenDocuments } from './multi-vector-index/token-documents.ts';

const GIB = 2 ** 30;
const hashOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

describe('above 2 GiB', () => {
  let low: Core;
  let high: Core;
  beforeAll(() => {
    low = createCore();
    high = createCore();
    // blocks of 64 bytes after it lie above
    expect(high.allocate(Math.ceil(2.2 * GIB)).at()).toBeLessThan(GIB);
    const first = high.allocate(64);
    expect(first.at()).toBeGreaterThan(2 ** 31);
    first.dispose();
  }, 600_000);
  afterAll(() => {
    high.dispose();
    low.dispose();
  });
  const same = (run: (core: Core) => unknown): void => expect(run(high)).toEqual(run(low));

  const d = 48;
  const rows = clusteredRows(900, d, { seed: 5, clusters: 12, spread: 0.5 });
  const queries = clusteredRows(8, d, { seed: 5, clusters: 12, spread: 0.5, stream: 'query' });

  for (const [name, options] of Object.entries(INDEX_KINDS)) {
    it.each(METRICS)(`an index of %s, ${name}, is built, saved and searched as below`, (metric) => {
      const all = { ...options, metric, seed: 3 } as IndexOptions;
      same((core) => {
        using flat = buildFlat(core, rows, d, all);
        using ivf = buildIvf(core, rows, d, { ...all, nlist: 9 });
        // the last block of each list is filled up
        for (const index of [flat, ivf]) index.add(queries);
        const rerank = { candidates: 40 };
        const isRanked = options.keepVectors || options.secondary || options.quantizerOptions?.secondBits;
        return [flat, ivf].map((index) => [
          hashOf(saveIndex(index)),
          index.searchBatch(queries, 10, { nprobe: 4, ...(isRanked && { rerank }) }),
          index.estimates(queries.subarray(0, d), 9),
        ]);
      });
    });
  }

  const documents = tokenDocuments(300, 24, { seed: 3, least: 2 });
  it.each(Object.keys(KINDS))('an index of %s finds documents as below', (name) => {
    same((core) => {
      using index = trainKind(core, documents, name);
      index.add({ ids: Array.from({ length: documents.n }, (_, i) => i), tokens: documents });
      for (let id = 0; id < 90; id++) index.delete(id);
      const query = rowsOf(documents, 100);
      return [
        index.search(query, 10),
        index.search(query, 10, { exact: true }),
        index.explain(query, 101),
        hashOf(saveMultiVectorIndex(index)),
      ];
    });
  });

  it.each(FDE_ENCODINGS)('a store of %s FDEs scores as below', (encoding) => {
    const length = 64;
    const sample = clusteredRows(300, length, { seed: 7, clusters: 9, spread: 0.5 });
    same((core) => {
      using store = createFdeStore(core, { encoding, length, blockLength: 32, sample });
      store.append(sample);
      const query = sample.subarray(0, length);
      return [store.search(query, 20), store.scoreSlots(query, Uint32Array.of(5, 1, 299))];
    });
  });
});

describe('an index of 2.6 GiB', () => {
  const d = 1024;
  /** Vectors of a cluster, which is a list: 78 MiB. */
  const size = 20_000;
  const clusters = 35;

  /** Values of whole numbers around a centre far from the others, the same for the same cluster. */
  function cluster(c: number, n = size): Float32Array {
    const out = new Float32Array(n * d);
    let state = (c + 1) * 0x9e3779b1;
    for (let i = 0; i < out.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      out[i] = (state >>> 24) + ((i % d) % clusters === c ? 4096 : 0);
    }
    return out;
  }

  function nearest(c: number, query: Float32Array, k: number): { ids: number[]; scores: number[] } {
    const all = cluster(c);
    const scored = Array.from({ length: size }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += ((all[i * d + j] as number) - (query[j] as number)) ** 2;
      return { id: c * size + i, sum: Math.fround(sum) };
    });
    scored.sort((a, b) => a.sum - b.sum || a.id - b.id);
    const best = scored.slice(0, k);
    return { ids: best.map(({ id }) => id), scores: best.map(({ sum }) => sum) };
  }

  it('finds what is nearest, and ends at 4 GiB as it was', () => {
    using core = createCore();
    const data = new Float32Array(clusters * 4 * d);
    for (let c = 0; c < clusters; c++) data.set(cluster(c, 4), c * 4 * d);
    const sample: VectorSet = { data, n: clusters * 4, d };
    using index = trainIndex(core, sample, { metric: 'l2', quantizer: 'float32', nlist: clusters });
    expect(index).toBeInstanceOf(IvfIndex);
    for (let c = 0; c < clusters; c++) index.add(cluster(c));
    expect(core.bytesUsed()).toBeGreaterThan(2.6 * GIB);
    const ask = (): void => {
      for (const c of [0, 20, clusters - 1]) {
        // whole numbers: sums below 2^24 are exact in float32, whatever their order
        const query = cluster(c, 3)
          .slice(2 * d)
          .map((value, j) => (j % 7 === 0 ? value + 1 : value));
        const found = index.search(query, 5, { nprobe: clusters });
        const expected = nearest(c, query, 5);
        expect([...found.ids]).toEqual(expected.ids);
        expect(found.ids[0]).toBe(c * size + 2);
        for (const [i, score] of found.scores.entries()) {
          // f32 sums of d terms, in any order
          const bound = (expected.scores[i] as number) * d * 2 ** -23;
          expect(Math.abs(score - (expected.scores[i] as number))).toBeLessThanOrEqual(bound);
        }
      }
    };
    ask();
    const again = cluster(0);
    let refusal: unknown;
    let used = 0;
    for (let c = 0; refusal === undefined; c++) {
      used = core.bytesUsed();
      try {
        index.add(again);
      } catch (error) {
        refusal = error;
      }
      expect(c).toBeLessThan(30);
    }
    expect(refusal).toBeInstanceOf(CapacityError);
    expect(core.bytesUsed()).toBe(used);
    expect(core.memoryBytes()).toBeLessThanOrEqual(4 * GIB);
    expect(core.memoryBytes()).toBeGreaterThan(3 * GIB);
    expect(index.search(again.subarray(0, d), 1).scores[0]).toBe(0);
  });
});

describe('a flat index of float32', () => {
  const d = 1024;
  /** 64 MiB of vectors. */
  const rows = 16_384;

  /** Whole numbers, others in every batch; vector i of a batch is far from all others along dimension i mod d. */
  function batch(number: number): Float32Array {
    const out = new Float32Array(rows * d);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < d; j += 64) out[i * d + j] = (i * 31 + j * 7 + number * 13) % 251;
      out[i * d + (i % d)] = 1000 + number + (i >> 10);
    }
    return out;
  }

  it('grows in pieces to 3.5 GiB of the 4 there are, and finds what is in the first and the last of them', () => {
    using core = createCore();
    using index = buildFlat(core, batch(0), d, { metric: 'l2', quantizer: 'none' });
    let batches = 1;
    for (; core.bytesUsed() < 3.5 * GIB; batches++) index.add(batch(batches));
    expect(batches).toBe(Math.ceil(3.5 / ((rows * 4 * (d + 1)) / GIB)));
    expect(index.n).toBe(batches * rows);
    for (const [number, row] of [
      [0, 0],
      [1, 5000],
      [batches - 1, rows - 1],
    ] as const) {
      const query = batch(number).slice(row * d, (row + 1) * d);
      const { ids, scores } = index.search(query, 1);
      expect([ids[0], scores[0]]).toEqual([number * rows + row, 0]);
    }
    // half of it goes, in place
    const keep = Uint32Array.from({ length: Math.ceil(index.n / 2) }, (_, i) => 2 * i);
    index.compaction(keep).commit();
    expect(core.bytesUsed()).toBeLessThan(1.8 * GIB);
    const query = batch(batches - 1).slice((rows - 2) * d, (rows - 1) * d);
    expect(index.search(query, 1).ids[0]).toBe((batches * rows - 2) / 2);
  });
});
