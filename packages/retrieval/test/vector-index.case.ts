/** What every index has to do, whatever it is made of: the suite that flat and IVF, coded and plain, all pass. */

import { type Core, createCore, type Metric } from '@sagitta/core-wasm';
import type { CodeName } from '@sagitta/quantizers';
import { clusteredRows } from '@sagitta/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildFlat,
  buildIvf,
  type IndexOptions,
  type IvfIndex,
  indexPieces,
  loadIndex,
  NO_ID,
  saveIndex,
  trainIndex,
} from '../src/index.ts';
import { exactNeighbors, exactScore } from './brute-force.ts';

export interface IndexCase {
  readonly kind: 'flat' | 'ivf';
  readonly quantizer: CodeName;
  readonly bits?: number;
  readonly quantizerOptions?: IndexOptions['quantizerOptions'];
  readonly secondary?: IndexOptions['secondary'];
  /** How far an estimate may be off, in units of d (of 1 for cosine), and how many of 200 true neighbours must be found. */
  readonly tolerance?: number;
  readonly leastHits?: number;
  readonly metric: Metric;
}

const D = 24;
const N = 700;
const NLIST = 9;
const DATA = { seed: 5, clusters: 12, spread: 0.5 };
/** Every list, and no code left unread. */
const ALL = { nprobe: NLIST, gamma: 1000 } as const;

/** One assertion: comparing arrays element by element takes seconds. */
function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.compare(actual, expected)).toBe(0);
}

/** @param orders in how many ways vectors are added */
export function vectorIndexCase(one: IndexCase, { orders = 2 }: { readonly orders?: number } = {}): void {
  const { kind, quantizer, metric, bits = 8, quantizerOptions, secondary } = one;
  const { tolerance = 0.003, leastHits = quantizer === 'float32' ? 200 : 194 } = one;
  const rows = clusteredRows(N, D, DATA);
  const queries = clusteredRows(20, D, { ...DATA, stream: 'query' });
  const row = (i: number): Float32Array => rows.subarray(i * D, (i + 1) * D);
  const query = (i: number): Float32Array => queries.subarray(i * D, (i + 1) * D);
  const options: IndexOptions = {
    metric,
    quantizer,
    ...(quantizer !== 'float32' && { bits }),
    seed: 3,
    ...(quantizerOptions && { quantizerOptions }),
    ...(secondary && { secondary }),
  };
  const lists = kind === 'ivf' ? { nlist: NLIST } : {};
  const build = (core: Core, data = rows, more: Partial<IndexOptions> = {}): IvfIndex =>
    kind === 'flat'
      ? buildFlat(core, data, D, { ...options, ...more })
      : buildIvf(core, data, D, { ...options, ...more, nlist: Math.min(NLIST, data.length / D) });

  const label = secondary ? `${quantizer} with ${secondary.quantizer}` : quantizer;
  describe(`${kind}, ${label}, ${metric}`, () => {
    const core = createCore();
    let index: IvfIndex;
    /** Trained and empty, and with all vectors added at once. */
    let trained: Uint8Array;
    let added: Uint8Array;
    beforeAll(() => {
      index = build(core);
      using whole = trainIndex(core, { data: rows, n: N, d: D }, { ...options, ...lists });
      trained = saveIndex(whole);
      whole.add(rows);
      added = saveIndex(whole);
    });
    afterAll(() => {
      index.dispose();
      expect(core.bytesUsed()).toBe(0);
    });

    it('says what it is', () => {
      expect(index.n).toBe(N);
      expect(index.d).toBe(D);
      expect(index.kind).toBe(kind);
      expect(index.metric).toBe(metric);
      expect(index.nlist).toBe(kind === 'flat' ? 1 : NLIST);
      expect(index.quantizer).toBe(quantizer);
      expect(index.bytesPerVector).toBe(index.codeBytesPerVector + 4);
      expect(index.secondary?.quantizer).toBe(secondary?.quantizer);
      if (quantizer === 'float32') expect(index.codeBytesPerVector).toBe(4 * D);
      // (8 bits of 64 dims and 64 bits of factors) is the quota
      if (quantizer === 'saq') expect(index.codeBytesPerVector).toBeLessThanOrEqual(72);
      expect(index.lists.sizes().reduce((sum, size) => sum + size, 0)).toBe(N);
    });

    it('finds what exact search finds where every list is read', () => {
      let hits = 0;
      let worst = 0;
      for (let q = 0; q < 20; q++) {
        const truth = exactNeighbors(metric, rows, D, query(q), 10);
        const found = index.search(query(q), 10, ALL);
        expect(found.ids).toBeInstanceOf(Uint32Array);
        expect(found.scores).toBeInstanceOf(Float32Array);
        const wanted = new Set(truth.ids);
        for (const id of found.ids) if (wanted.has(id)) hits++;
        for (const [i, id] of found.ids.entries()) {
          worst = Math.max(
            worst,
            Math.abs((found.scores[i] as number) - exactScore(metric, query(q), row(id))),
          );
        }
      }
      expect(worst).toBeLessThan(tolerance * (metric === 'cosine' ? 1 : D));
      expect(hits).toBeGreaterThanOrEqual(leastHits);
    });

    it('orders results by score, best first, each id once', () => {
      for (let q = 0; q < 20; q++) {
        const { ids, scores } = index.search(query(q), 50, { nprobe: 4 });
        expect(new Set(ids).size).toBe(ids.length);
        const sign = metric === 'l2' ? 1 : -1;
        const places = Array.from(ids, (id, i) => ({ id, score: sign * (scores[i] as number) }));
        expect(places).toEqual([...places].sort((a, b) => a.score - b.score || a.id - b.id));
      }
    });

    it('reads no other list, and finds no less, as nprobe grows', () => {
      let seen = new Set<number>();
      for (let nprobe = 1; nprobe <= index.nlist; nprobe++) {
        const now = new Set(index.estimates(query(0), nprobe).ids);
        expect([...seen].every((id) => now.has(id))).toBe(true);
        seen = now;
      }
      expect(seen.size).toBe(N);
      expect(index.search(query(0), 5, { nprobe: 1_000 })).toEqual(
        index.search(query(0), 5, { nprobe: index.nlist }),
      );
    });

    it('gives all n where k is more', () => {
      const found = index.search(query(1), N + 300, ALL);
      expect(found.ids.length).toBe(N);
      expect(new Set(found.ids).size).toBe(N);
    });

    it('gives results of the estimates', () => {
      for (let q = 0; q < 5; q++) {
        const all = index.estimates(query(q), index.nlist);
        const sign = metric === 'l2' ? 1 : -1;
        const best = Array.from(all.ids, (id, i) => ({ id, score: all.scores[i] as number }))
          .sort((a, b) => sign * (a.score - b.score) || a.id - b.id)
          .slice(0, 30);
        const found = index.search(query(q), 30, { ...ALL, rerank: false });
        const near = new Map(best.map(({ id, score }) => [id, score]));
        let same = 0;
        for (const [i, id] of found.ids.entries()) {
          const score = near.get(id);
          if (score === undefined) continue;
          same++;
          // the scan adds in another order than the estimator
          expect(Math.abs((found.scores[i] as number) - score)).toBeLessThan(1e-3 * (1 + Math.abs(score)));
        }
        expect(same).toBeGreaterThanOrEqual(29);
      }
    });

    it('answers a batch as it answers each query', () => {
      const k = 7;
      const batch = index.searchBatch(queries, k, { nprobe: 3 });
      for (let q = 0; q < 20; q++) {
        const one = index.search(query(q), k, { nprobe: 3 });
        expect(batch.ids.subarray(q * k, q * k + one.ids.length)).toEqual(one.ids);
        expect(batch.scores.subarray(q * k, q * k + one.ids.length)).toEqual(one.scores);
      }
      const padded = index.searchBatch(query(0), N + 2, ALL);
      expect([...padded.ids.subarray(N)]).toEqual([NO_ID, NO_ID]);
      expect(padded.scores.at(-1)).toBe(metric === 'l2' ? Infinity : -Infinity);
    });

    it('gives ties to the lower id', () => {
      const copies = new Float32Array(300 * D);
      for (let i = 0; i < 300; i++) copies.set(row(i % 2), i * D);
      // two vectors teach most quantizers nothing: trained on all, then the copies are added
      using twins = loadIndex(core, trained);
      twins.add(copies);
      const { ids, scores } = twins.search(row(0), 20, { nprobe: twins.nlist });
      expect([...ids]).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i));
      expect(new Set(scores).size).toBe(1);
    });

    it('has the same bytes however vectors are added', () => {
      expectSame(added, saveIndex(index));
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 4, maxLength: 12 }), (steps) => {
          using pieces = loadIndex(core, trained);
          let at = 0;
          for (const step of steps) {
            const end = Math.min(N, at + step);
            pieces.add(rows.subarray(at * D, end * D));
            at = end;
          }
          pieces.add(rows.subarray(at * D));
          expectSame(saveIndex(pieces), added);
        }),
        { numRuns: orders, seed: 11 },
      );
    });

    it('comes back from its bytes', () => {
      const bytes = saveIndex(index);
      expectSame(Buffer.concat(indexPieces(index)), bytes);
      using loaded = loadIndex(core, bytes.slice());
      expectSame(saveIndex(loaded), bytes);
      for (let q = 0; q < 20; q++) {
        expect(loaded.search(query(q), 9, { nprobe: 3, statistics: true })).toEqual(
          index.search(query(q), 9, { nprobe: 3, statistics: true }),
        );
      }
      loaded.add(rows.subarray(0, 33 * D));
      expect(loaded.n).toBe(N + 33);
      expect(index.n).toBe(N);
    });

    it('scores candidates exactly where a rerank is asked for', () => {
      using keeping = build(core, rows, {
        keepVectors: true,
        ...(quantizer !== 'float32' &&
          quantizer !== 'float16' && { bits: quantizerOptions?.sketch || quantizerOptions?.ranges ? 2 : 1 }),
      });
      expect(keeping.bytesPerVector).toBe(keeping.codeBytesPerVector + 4 + 4 * D);
      using loaded = loadIndex(core, saveIndex(keeping));
      const fetch = (ids: Uint32Array): Float32Array => {
        const out = new Float32Array(ids.length * D);
        for (const [i, id] of ids.entries()) out.set(row(id), i * D);
        return out;
      };
      for (let q = 0; q < 10; q++) {
        const settings = { nprobe: NLIST, gamma: 1000 };
        const truth = exactNeighbors(metric, rows, D, query(q), 10);
        const found = keeping.search(query(q), 10, { ...settings, rerank: { candidates: N } });
        expect([...found.ids]).toEqual([...truth.ids]);
        for (let i = 0; i < 10; i++) {
          const exact = truth.scores[i] as number;
          expect(Math.abs((found.scores[i] as number) - exact)).toBeLessThan(1e-4 * (1 + Math.abs(exact)));
        }
        const fetched = index.search(query(q), 10, { ...settings, rerank: { candidates: N, fetch } });
        expect([...fetched.ids]).toEqual([...truth.ids]);
        expect(loaded.search(query(q), 10, { ...settings, rerank: { candidates: N } })).toEqual(found);
      }
      const { statistics } = keeping.search(query(0), 3, { rerank: { candidates: 40 }, statistics: true });
      expect(statistics?.reranked).toBe(40);
    });

    it('counts what a search read', () => {
      const all = index.search(query(2), 5, { ...ALL, rerank: false, statistics: true }).statistics;
      const blocks = [...index.lists.sizes()].reduce((sum, size) => sum + Math.ceil(size / 32), 0);
      expect(all?.lists).toBe(index.nlist);
      expect(all?.blocks).toBe(blocks);
      expect(all?.reranked).toBe(0);
      const buffered = index.search(query(2), 5, { ...ALL, statistics: true }).statistics;
      expect(buffered?.reranked).toBe(secondary ? 50 : 0);
      const pruned = index.search(query(2), 5, { nprobe: NLIST, gamma: 0.5, statistics: true }).statistics;
      expect(pruned?.codeBitsRead).toBeLessThanOrEqual(all?.codeBitsRead as number);
      if (quantizer === 'saq' && kind === 'ivf') {
        expect(pruned?.codeBitsRead).toBeLessThan(all?.codeBitsRead as number);
      }
      expect(index.search(query(2), 5).statistics).toBeUndefined();
    });

    it('may be empty', () => {
      using empty = loadIndex(core, trained);
      expect(empty.search(query(0), 5).ids.length).toBe(0);
      expect([...empty.searchBatch(query(0), 2).ids]).toEqual([NO_ID, NO_ID]);
      empty.add(new Float32Array(0));
      expect(empty.n).toBe(0);
      using loaded = loadIndex(core, saveIndex(empty));
      expect(loaded.n).toBe(0);
      loaded.add(row(4));
      expect([...loaded.search(row(4), 3, ALL).ids]).toEqual([0]);
    });

    it('refuses bad arguments by name, and is as it was', () => {
      const before = saveIndex(index);
      const used = core.bytesUsed();
      const bad = rows.slice(0, 3 * D);
      bad[D + 2] = Number.NaN;
      expect(() => index.add(bad)).toThrow(/"vectors"/);
      expect(() => index.add(rows.subarray(0, D + 1))).toThrow(/"vectors"/);
      expect(() => index.search(query(0).subarray(1), 3)).toThrow(/"query" expected length d = 24, got 23/);
      expect(() => index.search(bad.subarray(D, 2 * D), 3)).toThrow(/"query"/);
      for (const k of [0, -1, 1.5, Number.NaN, 2 ** 31])
        expect(() => index.search(query(0), k)).toThrow(/"k"/);
      for (const nprobe of [0, 0.5, -3, Number.NaN])
        expect(() => index.search(query(0), 3, { nprobe })).toThrow(/"nprobe"/);
      for (const gamma of [-1, Number.NaN, Infinity])
        expect(() => index.search(query(0), 3, { gamma })).toThrow(/"gamma"/);
      if (!secondary && !quantizerOptions?.secondBits)
        expect(() => index.search(query(0), 3, { rerank: { candidates: 9 } })).toThrow(/"rerank"/);
      expect(() => index.search(query(0), 3, { rerank: { candidates: 0 } })).toThrow(/"rerank.candidates"/);
      const short = { candidates: 9, fetch: () => new Float32Array(3) };
      expect(() => index.search(query(0), 3, { rerank: short })).toThrow(/"rerank.fetch"/);
      expect(core.bytesUsed()).toBe(used);
      expectSame(saveIndex(index), before);
    });
  });
}
