/** The index over plain stores: the common suite, and what the order of stages can be seen by. */
import { createCore, joinTokenSets } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { MultiVectorIndex } from '../../src/index.ts';
import type { MultiVectorParts } from '../../src/multi-vector-index/multi-vector-index.ts';
import { shortQueryFactor } from '../../src/search/budgets.ts';
import { rowsOf } from './chamfer.ts';
import { FakeFdeStore, FakeTokenStore, fakeEncoder } from './fakes.ts';
import { CASE_D as D, multiVectorCase } from './multi-vector-index.case.ts';
import { tokenDocuments } from './token-documents.ts';

multiVectorCase({
  name: 'plain stores, ip',
  metric: 'ip',
  // f32 sums of at most 16 terms of unit vectors, and of at most 10 tokens
  tolerance: 1e-5,
  leastHits: 100,
  make: (core) =>
    new MultiVectorIndex({
      core,
      metric: 'ip',
      encoder: fakeEncoder(D),
      stores: { fdes: new FakeFdeStore(D), tokens: new FakeTokenStore(D, 'ip') },
    }),
});

multiVectorCase({
  name: 'plain stores of every stage, cosine',
  metric: 'cosine',
  tolerance: 1e-5,
  leastHits: 100,
  make: (core) =>
    new MultiVectorIndex({
      core,
      metric: 'cosine',
      encoder: fakeEncoder(D),
      stores: {
        fdes: new FakeFdeStore(D),
        finerFdes: new FakeFdeStore(D),
        tokens: new FakeTokenStore(D, 'cosine', 0.5),
        finerTokens: new FakeTokenStore(D, 'cosine'),
      },
    }),
});

describe('stages', () => {
  const documents = tokenDocuments(300, D, { seed: 6 });
  const queries = tokenDocuments(4, D, { seed: 6, least: 6, most: 6, stream: 'queries' });
  const ids = Array.from({ length: 300 }, (_, i) => i);

  function make(more: Partial<MultiVectorParts> = {}): {
    index: MultiVectorIndex;
    fdes: FakeFdeStore;
    tokens: FakeTokenStore;
  } {
    const fdes = new FakeFdeStore(D);
    const tokens = new FakeTokenStore(D, 'ip');
    const stores = { fdes, tokens, ...more.stores };
    const index = new MultiVectorIndex({
      core: createCore(),
      metric: 'ip',
      encoder: fakeEncoder(D),
      ...more,
      stores,
    });
    return { index, fdes: stores.fdes as FakeFdeStore, tokens: stores.tokens as FakeTokenStore };
  }

  it('reranks exactly the best of the scan', () => {
    const { index, fdes, tokens } = make();
    index.add({ ids, tokens: documents });
    const query = rowsOf(queries, 0);
    const { slots } = fdes.search(index.encodeQuery(query).fde, 30);
    index.searchIds(query, 5, { candidates: 50, rerank: 30 });
    expect(tokens.asked.length).toBe(1);
    expect(tokens.asked[0]?.slots).toEqual(slots.slice().sort());
  });

  it('takes the rerank of finer FDEs where they are kept', () => {
    const finerFdes = new FakeFdeStore(D);
    const { index, fdes, tokens } = make({
      stores: { fdes: new FakeFdeStore(D), tokens: new FakeTokenStore(D, 'ip'), finerFdes },
    });
    index.add({ ids, tokens: documents });
    // the coarse scan is made blind: it gives slots in order
    for (const row of fdes.rows) row.fill(0);
    const query = rowsOf(queries, 1);
    const best = finerFdes.search(index.encodeQuery(query).fde, 300).slots.filter((slot) => slot < 100);
    const { statistics } = index.searchIds(query, 5, {
      candidates: 100,
      fdeRescore: 100,
      rerank: 10,
      statistics: true,
    });
    expect(statistics).toMatchObject({ candidates: 100, rescored: 100, reranked: 10 });
    expect(tokens.asked[0]?.slots).toEqual(best.slice(0, 10).sort());
  });

  it('refines the best of coarse tokens by finer ones, whose score it gives', () => {
    const coarse = new FakeTokenStore(D, 'ip', 0.25);
    const fine = new FakeTokenStore(D, 'ip');
    const { index } = make({ stores: { fdes: new FakeFdeStore(D), tokens: coarse, finerTokens: fine } });
    index.add({ ids, tokens: documents });
    const query = rowsOf(queries, 2);
    const { ids: found, scores } = index.searchIds(query, 3, { rerank: 50, refine: 8 });
    expect(coarse.asked[0]?.slots.length).toBe(50);
    expect(fine.asked[0]?.slots.length).toBe(8);
    const exact = fine.explain({ data: query, n: 6, d: D }, found[0] as number).similarity;
    expect(scores[0]).toBe(Math.fround(exact));
  });

  it('asks for more candidates where queries are short', () => {
    expect([1, 2, 3, 4, 32].map(shortQueryFactor)).toEqual([8, 4, 3, 1, 1]);
    const { index, fdes } = make();
    index.add({ ids, tokens: documents });
    const token = rowsOf(queries, 0).subarray(0, D);
    const search = (shortQueries: 'overfetch' | 'exact' | 'same', more = {}) =>
      index.searchIds(token, 2, { shortQueries, statistics: true, ...more }).statistics;
    expect(search('overfetch')?.reranked).toBe(300);
    expect(search('same')?.reranked).toBe(100);
    expect(search('overfetch', { rerank: 20 })?.reranked).toBe(20);
    const scans = fdes.scans;
    expect(search('exact')?.path).toBe('exact');
    expect(fdes.scans).toBe(scans);
  });

  it('takes all documents or none, however many chunks they come in', () => {
    const fdes = new FakeFdeStore(D, 250);
    const { index, tokens } = make({ stores: { fdes, tokens: new FakeTokenStore(D, 'ip') } });
    const most = 200;
    const some = { ...documents, offsets: documents.offsets.slice(0, most + 1), n: most };
    const data = documents.data.slice(0, (some.offsets[most] as number) * D);
    index.add({ ids: ids.slice(0, most), tokens: { ...some, data } });
    const before = index.searchIds(rowsOf(queries, 0), 10);
    // 70,000 tokens: at least five chunks, of which the first fit
    const large = joinTokenSets(
      Array.from({ length: 70 }, (_, i) => new Float32Array(1000 * D).fill(1 / (i + 4))),
      D,
    );
    const names = Array.from({ length: 70 }, (_, i) => `large ${i}`);
    expect(() => index.add({ ids: names, tokens: large })).toThrow(/fake is full/);
    expect([index.n, index.dead, fdes.n, tokens.n]).toEqual([most, 0, most, most]);
    expect(index.searchIds(rowsOf(queries, 0), 10)).toEqual(before);
    index.add({
      ids: names.slice(0, 20),
      tokens: joinTokenSets(
        [...Array(20)].map(() => large.data.slice(0, D)),
        D,
      ),
    });
    expect([index.n, fdes.n, tokens.n]).toEqual([220, 220, 220]);
  });

  it('measures each stage by the clock it is given', () => {
    let now = 0;
    const clock = (): number => now++;
    const { index } = make({ clock });
    index.add({ ids, tokens: documents });
    const { statistics } = index.searchIds(rowsOf(queries, 0), 3, { ballCarving: 0.9, statistics: true });
    expect(statistics?.milliseconds).toEqual({ encode: 1, scan: 1, rescore: 0, rerank: 1, refine: 1 });
  });

  it('copies metadata', () => {
    const { index } = make();
    const value = { tags: ['a'] };
    index.add({ ids: [1], tokens: joinTokenSets([rowsOf(queries, 0)], D), metadata: [value] });
    value.tags.push('b');
    expect(index.get(1)?.metadata).toEqual({ tags: ['a'] });
  });
});
