/** Documents as records: ids, metadata, filters as expressions, upserts; and indexes that start empty. */
import { createCore, joinTokenSets } from '@sagitta/core-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildMultiVectorIndex,
  createMultiVectorIndex,
  loadMultiVectorIndex,
  type MultiVectorIndex,
  saveMultiVectorIndex,
} from '../../src/index.ts';
import { rowsOf } from './chamfer.ts';
import { KINDS, trainKind } from './index-kinds.ts';
import { tokenDocuments } from './token-documents.ts';

const D = 16;
const N = 220;
const SAMPLE = tokenDocuments(300, D, { seed: 4, stream: 'sample' });
const documents = tokenDocuments(N, D, { seed: 4 });
const queries = tokenDocuments(10, D, { seed: 4, least: 4, most: 9, stream: 'queries' });
const ids = Array.from({ length: N }, (_, i) => i);
const metadata = ids.map((id) => ({ kind: id % 3 === 0 ? 'third' : 'other', year: 1990 + (id % 20) }));
/** Every stage lets every document through. */
const ALL = { candidates: N, fdeRescore: N, rerank: N, refine: N, nprobe: 1000 } as const;

describe.each(Object.keys(KINDS))('%s', (name) => {
  const core = createCore();
  let index: MultiVectorIndex;
  beforeAll(() => {
    index = trainKind(core, SAMPLE, name);
    index.add({ ids, tokens: documents, metadata });
  });
  afterAll(() => {
    index.dispose();
    expect(core.bytesUsed()).toBe(0);
  });

  it('filters by expressions as by predicates, indexed or not', () => {
    const query = rowsOf(queries, 2);
    using named = trainKind(core, SAMPLE, name, { indexed: ['kind', 'year'] });
    named.add({ ids, tokens: documents, metadata });
    const filter = { kind: 'third', year: { gte: 1995, lt: 2003 } };
    const expected = index.search(query, 9, {
      ...ALL,
      filter: (value) => {
        const { kind, year } = value as { kind: string; year: number };
        return kind === 'third' && year >= 1995 && year < 2003;
      },
    });
    expect(expected.length).toBe(9);
    for (const own of [index, named]) {
      for (const exactBelow of [0, 5000]) {
        expect(own.search(query, 9, { ...ALL, filter, exactBelow })).toEqual(expected);
        expect(own.search(query, 9, { ...ALL, filter: own.filter(filter), exactBelow })).toEqual(expected);
      }
      expect(() => own.search(query, 9, { filter: { year: { gtt: 5 } as never } })).toThrow(
        /"filter.year" expected known options .* got "gtt": did you mean "gt"/,
      );
    }
  });

  it('finds nothing for a query without tokens', () => {
    const nothing = new Float32Array(0);
    for (const options of [{}, { exact: true }, { filter: ids.slice(3) }, { ballCarving: 0.9 }]) {
      expect(index.search(nothing, 3, options)).toEqual([]);
      expect(index.search({ tokens: [] }, 3, options)).toEqual([]);
    }
    expect(index.searchIds(nothing, 3, { statistics: true })).toMatchObject({
      ids: [],
      statistics: { queryTokens: 0, scanned: 0, reranked: 0, allowed: N },
    });
    expect(index.searchBatch(joinTokenSets([nothing, rowsOf(queries, 0)], D), 3)).toEqual([
      [],
      index.search(rowsOf(queries, 0), 3),
    ]);
    expect(index.explain(nothing, 3)).toEqual({ id: 3, similarity: 0, matches: [] });
  });

  it('counts rows where no ids are given, puts what is there or not, and deletes several at once', () => {
    using changing = trainKind(core, SAMPLE, name);
    changing.add({ tokens: documents });
    expect(changing.ids()).toEqual(ids);
    expect(changing.records.isImplicit).toBe(true);
    const query = rowsOf(queries, 3);
    const found = changing.searchIds(query, N, ALL);
    expect(found).toEqual(index.searchIds(query, N, ALL));
    expect(changing.delete([7, 9, 'nobody', 9])).toBe(2);
    expect(changing.has(7)).toBe(false);
    changing.upsert({
      ids: [8, 10n],
      tokens: joinTokenSets([query, query], D),
      metadata: ['put', 'new'],
    });
    expect(changing.searchIds(query, 2, ALL).ids).toEqual([8, 10n]);
    expect([changing.n, changing.dead]).toEqual([N - 1, 3]);
    changing.add({ tokens: joinTokenSets([query], D) });
    expect(changing.searchIds(query, 3, ALL).ids).toEqual([8, N, 10n]);
    const all = changing.search(query, N, ALL);
    changing.compact();
    expect(changing.search(query, N, ALL)).toEqual(all);
    changing.upsert({ ids: [8], tokens: joinTokenSets([query], D) });
    expect(changing.get(8)).toEqual({ tokens: query.length / D, metadata: undefined });
    expect(() => changing.delete([3, -1])).toThrow(/"ids\[1\]"/);
    expect(changing.has(3)).toBe(true);
  });
});

describe('an index that starts empty', () => {
  const core = createCore();

  it('works at once, and finds what one that was trained finds', () => {
    type Note = { readonly folder: string; readonly year?: number };
    using empty = createMultiVectorIndex<Note>(core, { d: D, indexed: ['folder'] });
    expect(empty.search(rowsOf(queries, 0), 3)).toEqual([]);
    const notes: Note[] = ids.map((id) => ({ folder: `f${id % 7}`, ...(id > 5 && { year: 2000 + id }) }));
    empty.add({ tokens: documents, metadata: notes });
    using trained = buildMultiVectorIndex<Note>(core, { tokens: documents, metadata: notes });
    for (let q = 0; q < queries.n; q++) {
      for (const filter of [{ folder: 'f3' }, { year: { gt: 2100 } }] as const) {
        const options = { ...ALL, filter };
        expect(empty.search(rowsOf(queries, q), 5, options)).toEqual(
          trained.search(rowsOf(queries, q), 5, options),
        );
      }
      expect(
        empty.search(rowsOf(queries, q), 5, { filter: (note) => note.folder === 'f3' })[0]?.metadata?.folder,
      ).toBe('f3');
    }
    using loaded = loadMultiVectorIndex<Note>(core, saveMultiVectorIndex(empty));
    expect(loaded.records.indexed).toEqual(['folder']);
    expect(loaded.search(rowsOf(queries, 0), 5)).toEqual(empty.search(rowsOf(queries, 0), 5));
  });

  it('takes every encoding that learns nothing, and says to train for the others', () => {
    for (const options of [
      { metric: 'ip', fdeEncoding: 'float32', tokenEncoding: 'float32' },
      { fdeEncoding: 'saq', finerFdeEncoding: 'int8', tokenEncoding: 'bit1', finerTokenEncoding: 'int8' },
      { fdeEncoding: 'bit1', tokenEncoding: 'rabitq' },
    ] as const) {
      using index = createMultiVectorIndex(core, { d: D, ...options });
      index.add({ tokens: documents });
      expect(index.searchIds(rowsOf(documents, 9), 1, ALL).ids).toEqual([9]);
    }
    for (const [options, message] of [
      [{ nlist: 5 }, /"nlist" expected 0, got 5: trainMultiVectorIndex/],
      [{ fdeEncoding: 'pq256x8' }, /"fdeEncoding" .* trainMultiVectorIndex/],
      [{ finerFdeEncoding: 'pq256x8' }, /"finerFdeEncoding" .* trainMultiVectorIndex/],
      [{ d: 0 }, /"d"/],
      [{ indexed: 'folder' }, /"indexed" expected an array/],
      [{ dd: 5 }, /expected known options/],
    ] as const) {
      expect(() => createMultiVectorIndex(core, { d: D, ...options } as never)).toThrow(message);
    }
    expect(core.bytesUsed()).toBe(0);
  });
});
