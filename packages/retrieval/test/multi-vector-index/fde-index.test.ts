/** FDEs in lists and in a graph: what they find beside a scan, filters, changes, files, and options that do not belong. */
import { type Core, createCore, UnsupportedError } from '@sagitta/core-wasm';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../src/files/byte-source.ts';
import {
  buildMultiVectorIndex,
  fdeIndexes,
  loadMultiVectorIndex,
  loadMultiVectorIndexFrom,
  type MultiVectorIndex,
  type MultiVectorOptions,
  openMultiVectorIndex,
  saveMultiVectorIndex,
  trainLearnedFde,
  trainMultiVectorIndex,
} from '../../src/index.ts';
import { rowsOf } from './chamfer.ts';
import { tokenDocuments } from './token-documents.ts';

const D = 16;
const N = 3_000;
const core: Core = createCore();
const documents = tokenDocuments(N, D, { seed: 1, most: 6, least: 2 });
const queries = tokenDocuments(30, D, { seed: 1, most: 8, least: 6, stream: 'queries' });
const encoder = trainLearnedFde(core, documents, { numCells: 8, projectionDimension: 8 });
const INDEXES = [
  { fdeIndex: 'lists', nlist: 30, fdeBits: 6 },
  { fdeIndex: 'graph', fdeBits: 6 },
] as const;

function build(options: MultiVectorOptions): MultiVectorIndex<{ half: number }> {
  const index = trainMultiVectorIndex<{ half: number }>(core, documents, {
    encoder,
    indexes: fdeIndexes,
    ...options,
  });
  const metadata = Array.from({ length: N }, (_, i) => ({ half: i % 2 }));
  index.add({ tokens: documents, metadata });
  return index;
}

type Search = Parameters<MultiVectorIndex<{ half: number }>['searchIds']>[2];

/** Share of the candidates of a scan that an index has among its own. */
function overlap(index: MultiVectorIndex<{ half: number }>, scan: typeof index, options: Search): number {
  let both = 0;
  for (let q = 0; q < queries.n; q++) {
    const settings = { candidates: 50, rerank: 50, exactBelow: 0, ...options };
    const found = new Set(index.searchIds(rowsOf(queries, q), 50, settings).ids);
    both += scan.searchIds(rowsOf(queries, q), 50, settings).ids.filter((id) => found.has(id)).length;
  }
  return both / (50 * queries.n);
}

const scan = build({ fdeEncoding: 'float32' });

describe.each(INDEXES)('FDEs in $fdeIndex', (options) => {
  const index = build(options);
  const wide = { nprobe: 30, ef: 400 };

  it('finds nearly what a scan of float32 finds, and reads fewer codes', () => {
    expect(overlap(index, scan, wide)).toBeGreaterThan(0.93);
    const narrow = { nprobe: 6, ef: 80 };
    expect(overlap(index, scan, narrow)).toBeGreaterThan(0.55);
    const { statistics } = index.searchIds(rowsOf(queries, 0), 10, {
      ...narrow,
      candidates: 20,
      rerank: 20,
      statistics: true,
    });
    expect(statistics?.scanned).toBeLessThan(N / 2);
    expect(statistics?.lists).toBe(options.fdeIndex === 'lists' ? 6 : 0);
    expect(statistics?.candidates).toBe(20);
  });

  it('keeps to a filter, and finds as much under it', () => {
    const filter = { half: 1 } as const;
    for (let q = 0; q < queries.n; q++) {
      const { ids } = index.searchIds(rowsOf(queries, q), 20, { ...wide, filter, exactBelow: 0 });
      expect(ids.length).toBe(20);
      for (const id of ids) expect((id as number) % 2).toBe(1);
    }
    expect(overlap(index, scan, { ...wide, filter })).toBeGreaterThan(0.93);
  });

  it('loses no document to deletes, files and compactions', async () => {
    const file = saveMultiVectorIndex(index);
    const changed = loadMultiVectorIndex<{ half: number }>(core, file, { indexes: fdeIndexes });
    const other = loadMultiVectorIndex<{ half: number }>(core, saveMultiVectorIndex(scan), {
      indexes: fdeIndexes,
    });
    for (const each of [changed, other]) {
      each.delete(Array.from({ length: 500 }, (_, i) => 5 * i));
      each.update(1, { tokens: rowsOf(queries, 0) });
    }
    expect(changed.dead).toBe(501);
    const before = overlap(changed, other, wide);
    expect(before).toBeGreaterThan(0.93);
    const saved = saveMultiVectorIndex(changed);
    using loaded = loadMultiVectorIndex<{ half: number }>(core, saved, { indexes: fdeIndexes });
    expect(loaded.dead).toBe(0);
    expect(overlap(loaded, other, wide)).toBeGreaterThan(0.93);
    using paged = await openMultiVectorIndex(createCore(), bytesSource(saved), { indexes: fdeIndexes });
    changed.compact();
    for (let q = 0; q < queries.n; q++) {
      const query = rowsOf(queries, q);
      const inPages = await paged.searchIds(query, 10, wide);
      expect(inPages.ids).toEqual(loaded.searchIds(query, 10, wide).ids);
      expect(changed.searchIds(query, 10, wide).ids).toEqual(inPages.ids);
    }
    // the document with the tokens of query 0 is its best
    expect(changed.searchIds(rowsOf(queries, 0), 1, wide).ids).toEqual([1]);
    changed.dispose();
    other.dispose();
  });

  it('counts its bytes', () => {
    const { rows } = index.stores.fdes as unknown as { readonly rows: { bytesUsed(): { codes: number } } };
    expect(index.bytes().fdes).toBe(rows.bytesUsed().codes);
    expect(index.bytes().fdes / N).toBeLessThan(400);
  });
});

it.each<[MultiVectorOptions, RegExp]>([
  [{ fdeIndex: 'tree' as never }, /"fdeIndex" expected one of scan, lists, graph, got tree/],
  [{ fdeIndex: 'lists' }, /"nlist" expected at least 1 for FDEs in lists, got 0/],
  [{ fdeIndex: 'scan', nlist: 3 }, /"nlist" expected 0 with fdeIndex: 'scan', got 3/],
  [{ fdeEncoding: 'bit1', nlist: 3 }, /"fdeEncoding" expected 'saq' for FDEs in lists, got 'bit1'/],
  [{ fdeIndex: 'graph', nlist: 5 }, /"nlist" expected 0 with fdeIndex: 'graph', which has no lists, got 5/],
  [
    { fdeIndex: 'graph', fdeEncoding: 'int8' },
    /"fdeEncoding" expected 'saq' for FDEs in a graph, got 'int8'/,
  ],
  [{ degree: 16 }, /"degree" expected none without fdeIndex: 'graph', got 16/],
  [{ fdeIndex: 'lists', nlist: 4, efConstruction: 50 }, /"efConstruction" expected none without/],
  [{ fdeIndex: 'graph', degree: 4 }, /"degree" expected .* 8 to 128, got 4/],
  [{ fdeIndex: 'graph', fdeBits: 13 }, /"fdeBits" expected .* got 13/],
])('refuses %j', (options, message) => {
  const used = core.bytesUsed();
  expect(() => trainMultiVectorIndex(core, documents, { encoder, indexes: fdeIndexes, ...options })).toThrow(
    message,
  );
  expect(core.bytesUsed()).toBe(used);
});

it('is carried only where it is given', async () => {
  const options = { encoder, fdeIndex: 'graph' } as const;
  const message =
    /"(fdeIndex|nlist)" expected a scan of FDEs, got an index of them: give indexes: fdeIndexes/;
  expect(() => trainMultiVectorIndex(core, documents, options)).toThrow(message);
  expect(() => buildMultiVectorIndex(core, { tokens: documents }, { encoder, nlist: 3 })).toThrow(message);
  using index = buildMultiVectorIndex(core, { tokens: documents }, { ...options, indexes: fdeIndexes });
  const file = saveMultiVectorIndex(index);
  const used = core.bytesUsed();
  expect(() => loadMultiVectorIndex(core, file)).toThrow(UnsupportedError);
  await expect(openMultiVectorIndex(core, bytesSource(file))).rejects.toThrow(UnsupportedError);
  await expect(loadMultiVectorIndexFrom(core, [file])).rejects.toThrow(UnsupportedError);
  expect(core.bytesUsed()).toBe(used);
  using loaded = await loadMultiVectorIndexFrom(core, [file], { indexes: fdeIndexes });
  const query = rowsOf(queries, 0);
  expect(loaded.searchIds(query, 5)).toEqual(index.searchIds(query, 5));
});
