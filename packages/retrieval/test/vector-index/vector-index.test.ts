/** The life of a vector index: empty, exact, trained, changed, saved, opened in parts. */
import { CapacityError, createCore, UnsupportedError } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import {
  buildIvf,
  buildVectorIndex,
  bytesSource,
  createVectorIndex,
  loadIndex,
  loadVectorIndex,
  loadVectorIndexFrom,
  openIndex,
  openVectorIndex,
  type RecordId,
  saveIndex,
  type VectorIndex,
  type VectorIndexOptions,
} from '../../src/index.ts';

const D = 32;
const N = 2000;
const core = createCore();
const ROWS = clusteredRows(N, D, { seed: 3, clusters: 20, spread: 0.5 });
const rowOf = (i: number): Float32Array => ROWS.subarray(i * D, (i + 1) * D);
const part = (from: number, to: number): Float32Array => ROWS.subarray(from * D, to * D);

interface Note {
  readonly folder: string;
  readonly mtime: number;
  readonly tags?: readonly string[];
}
const noteOf = (i: number): Note => ({
  folder: `f${i % 7}`,
  mtime: i,
  ...(i % 2 === 0 && { tags: ['even'] }),
});
const notes = (from: number, to: number): Note[] =>
  Array.from({ length: to - from }, (_, i) => noteOf(from + i));
const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `n${from + i}`);
const batch = (from: number, to: number) => ({
  ids: ids(from, to),
  vectors: part(from, to),
  metadata: notes(from, to),
});

const create = (options: Partial<VectorIndexOptions> = {}): VectorIndex<Note> =>
  createVectorIndex<Note>(core, { d: D, metric: 'cosine', ...options });

describe("index: 'auto'", () => {
  it('takes flat of few vectors and lists of many, a graph where it is asked for alone', () => {
    const d = 8;
    const rows = clusteredRows(20_000, d, { seed: 4, clusters: 50, spread: 0.5 });
    const kindOf = (n: number, options: Partial<VectorIndexOptions> = {}): string => {
      using index = buildVectorIndex(
        core,
        { vectors: rows.subarray(0, n * d) },
        { d, metric: 'l2', ...options },
      );
      return index.kind;
    };
    expect([2500, 4096, 20_000].map((n) => kindOf(n))).toEqual(['flat', 'ivf', 'ivf']);
    expect(kindOf(2500, { index: 'graph' })).toBe('graph');
  });
});

describe('an index that starts empty', () => {
  it('is searched exactly, trains itself when there are enough, and finds the same', () => {
    using index = create({ trainAt: 1000, index: 'ivf' });
    expect(index.search(rowOf(0), 3)).toEqual([]);
    expect(index.report()).toMatchObject({ n: 0, dead: 0, isTrained: false, trainedOn: 0, drift: undefined });
    index.add(batch(0, 900));
    expect([index.isTrained, index.quantizer, index.kind]).toEqual([false, 'float32', 'flat']);
    const before = index.search(rowOf(5), 10);
    expect(before[0]).toEqual({ id: 'n5', similarity: expect.closeTo(1, 5), metadata: noteOf(5) });
    expect(index.vector('n5')[3]).toBeCloseTo((rowOf(5)[3] as number) / Math.hypot(...rowOf(5)), 6);
    index.add(batch(900, 1000));
    expect([index.isTrained, index.quantizer, index.kind, index.nlist]).toEqual([true, 'saq', 'ivf', 32]);
    expect(index.report()).toMatchObject({ n: 1000, trainedOn: 1000, trainingError: undefined });
    const after = index.search(rowOf(5), 10, { nprobe: 32, gamma: 1000 }).map(({ id }) => id);
    expect(after[0]).toBe('n5');
    expect(before.filter(({ id }) => after.includes(id)).length).toBeGreaterThanOrEqual(8);
    // ids go on as they were
    expect(index.ids()).toEqual(ids(0, 1000));
    expect(index.get('n999')).toEqual({ id: 'n999', metadata: noteOf(999) });
  });

  it('trains when told, and not before where it is told so', () => {
    using index = create({ trainAt: Number.POSITIVE_INFINITY, index: 'flat', bits: 4 });
    index.add(batch(0, N));
    expect(index.isTrained).toBe(false);
    index.train();
    expect([index.isTrained, index.bits, index.kind]).toEqual([true, 4, 'flat']);
  });

  it('says what a training ended with, and keeps what was added', () => {
    using index = create({ quantizer: 'pq', bits: 1, trainAt: 300 });
    const same = new Float32Array(300 * D).fill(1);
    index.add({ vectors: same });
    expect(index.n).toBe(300);
    expect(index.isTrained).toBe(false);
    expect(index.report().trainingError?.message).toMatch(/expected vectors that differ/);
    expect(() => index.train()).toThrow(RangeError);
    index.upsert({ ids: Array.from({ length: 300 }, (_, i) => i), vectors: part(0, 300) });
    index.add({ vectors: part(300, 500) });
    expect(index.isTrained).toBe(true);
    expect(index.report().trainingError).toBeUndefined();
  });

  it('watches whether new vectors are like those of training', () => {
    using index = create({ metric: 'l2', trainAt: 1000, index: 'ivf', bits: 4 });
    index.add({ vectors: part(0, 1000) });
    expect(index.report().drift).toBeUndefined();
    index.add({ vectors: part(1000, 1500) });
    expect(index.report().drift).toBeLessThan(0.25);
    const others = clusteredRows(500, D, { seed: 99, clusters: 5, spread: 2 }).map((x, i) => 3 * x + (i % 5));
    index.add({ vectors: others });
    expect(index.report().drift).toBeGreaterThan(0.5);
    index.train();
    expect(index.report().drift).toBeUndefined();
    index.add({ vectors: part(0, 500) });
    expect(index.report().drift).toBe(0);
  });
});

describe('records', () => {
  it('have row numbers for ids where none are given, which stay', () => {
    using index = create({ compactAt: 1 });
    index.add({ vectors: part(0, 10) });
    index.delete([3, 4]);
    index.compact();
    index.add({ vectors: part(10, 12) });
    expect(index.ids()).toEqual([0, 1, 2, 5, 6, 7, 8, 9, 10, 11]);
    expect(index.search(rowOf(7), 1)[0]).toMatchObject({ id: 7, metadata: undefined });
    expect(index.search(rowOf(3), 10).some(({ id }) => id === 3)).toBe(false);
  });

  it('are replaced, changed and deleted, and gone at once', () => {
    using index = create({ compactAt: 1 });
    index.add(batch(0, 200));
    index.upsert({
      ids: ['n1', 'new'],
      vectors: part(500, 502),
      metadata: [{ folder: 'x', mtime: 0 }, undefined],
    });
    expect([index.n, index.dead]).toEqual([201, 1]);
    expect(index.search(rowOf(500), 1)[0]).toMatchObject({ id: 'n1', metadata: { folder: 'x', mtime: 0 } });
    index.update('n1', { metadata: { folder: 'y', mtime: 1 } });
    index.update('n2', { vector: rowOf(600) });
    expect(index.get('n1')?.metadata).toEqual({ folder: 'y', mtime: 1 });
    expect(index.search(rowOf(600), 1)[0]).toMatchObject({ id: 'n2', metadata: noteOf(2) });
    expect([index.delete('n2'), index.delete('n2'), index.delete(['n1', 'n3', 'gone'])]).toEqual([1, 0, 2]);
    expect(index.has('n2')).toBe(false);
    expect(index.search(rowOf(600), 300).some(({ id }) => ['n1', 'n2', 'n3'].includes(String(id)))).toBe(
      false,
    );
    const { codes } = index.report().bytes;
    index.compact();
    expect(index.dead).toBe(0);
    expect(index.report().bytes.codes).toBeLessThanOrEqual(codes);
    expect(index.ids()).toHaveLength(198);
  });

  it('are compacted by themselves above a share', () => {
    using index = create();
    index.add(batch(0, 400));
    index.delete(ids(0, 100));
    expect(index.dead).toBe(100);
    index.delete('n100');
    expect(index.dead).toBe(0);
    expect(index.ids()).toEqual(ids(101, 400));
  });

  it('are all added or none, and errors name the id', () => {
    using index = create();
    index.add(batch(0, 5));
    const state = saveIndex(index);
    const twice = { ...batch(5, 7), ids: ['n5', 'n5'] };
    expect(() => index.add(twice)).toThrow('"ids[1]" expected each id once, got "n5" twice');
    expect(() => index.add(batch(4, 6))).toThrow(/"ids\[0\]" expected a new id .*, got "n4"/);
    expect(() => index.add({ ids: ['a'], vectors: part(0, 2) })).toThrow(/"ids" expected length/);
    expect(() => index.add({ ids: [1.5], vectors: part(0, 1) })).toThrow(/"ids\[0\]" expected/);
    expect(() => index.add({ vectors: part(0, 1).fill(Number.NaN, 0, 0), metadata: [] })).toThrow(
      /"metadata"/,
    );
    expect(() => index.add({ vectors: new Float32Array(D).fill(Number.NaN) })).toThrow(/"vectors"/);
    expect(() => index.add({ vector: rowOf(0) } as never)).toThrow(/did you mean "vectors"/);
    expect(() => index.update('none', {})).toThrow('"id" expected a record\'s id, got "none"');
    expect(() => index.vector('none')).toThrow('"id" expected a record\'s id, got "none"');
    expect(() => index.update('n1', { vector: [1] })).toThrow(/"vector" expected length/);
    expect(() => index.search(rowOf(0), 1, { filter: 'x' as never })).toThrow(/"filter" expected/);
    expect(() => index.search(rowOf(0), 1, { nprob: 1 } as never)).toThrow(/did you mean "nprobe"/);
    expect(Buffer.compare(saveIndex(index), state)).toBe(0);
  });

  it('are refused where memory ends, and all is as it was', () => {
    const small = createCore({ maximumBytes: 3 << 20 });
    using index = createVectorIndex(small, { d: D, metric: 'l2', quantizer: 'float32' });
    index.add({ vectors: part(0, 1000) });
    const many = new Float32Array(40_000 * D).fill(1);
    expect(() => index.add({ vectors: many })).toThrow(CapacityError);
    expect(index.n).toBe(1000);
    expect(index.search(rowOf(7), 1)[0]?.id).toBe(7);
  });
});

describe('filters', () => {
  const index = buildVectorIndex<Note>(core, batch(0, N), {
    d: D,
    metric: 'l2',
    index: 'ivf',
    bits: 8,
    indexed: ['folder', 'mtime'],
  });
  const found = (filter: Parameters<typeof index.filter>[0]): RecordId[] =>
    index.search(rowOf(11), 5, { filter, nprobe: 100 }).map(({ id }) => id);

  it('are expressions, predicates, ids, and what filter makes of them', () => {
    const expected = found((note) => note.folder === 'f4' && note.mtime >= 1000);
    expect(expected).toHaveLength(5);
    expect(found({ folder: 'f4', mtime: { gte: 1000 } })).toEqual(expected);
    const wanted = ids(1000, N).filter((_, i) => (1000 + i) % 7 === 4);
    expect(found(wanted)).toEqual(expected);
    const ready = index.filter({ folder: 'f4', mtime: { gte: 1000 } });
    expect(ready.size).toBe(wanted.length);
    for (const hits of index.searchBatch([rowOf(11), rowOf(11)], 5, { filter: ready, nprobe: 100 })) {
      expect(hits.map(({ id }) => id)).toEqual(expected);
    }
    const { ids: alone, scores } = index.searchIds(rowOf(11), 5, { filter: ready, nprobe: 100 });
    expect(alone).toEqual(expected);
    expect(scores).toBeInstanceOf(Float32Array);
    expect(found({ folder: 'none' })).toEqual([]);
    expect(
      index.search(rowOf(11), 5, { filter: { tags: { contains: 'even' } } })[0]?.distance,
    ).toBeGreaterThan(0);
  });

  it('hands ids to a fetch, and answers as of before what it changes', () => {
    using own = create({ metric: 'l2' });
    own.add(batch(0, 300));
    const asked: RecordId[] = [];
    const hits = own.search(rowOf(9), 2, {
      filter: { folder: 'f2' },
      rerank: {
        candidates: 10,
        fetch: (wanted) => {
          asked.push(...wanted);
          own.delete(ids(0, 200));
          own.compact();
          return wanted.map((id) => rowOf(Number(String(id).slice(1))));
        },
      },
    });
    expect(asked).toHaveLength(10);
    expect(hits[0]).toEqual({ id: 'n9', distance: 0, metadata: noteOf(9) });
    expect(own.n).toBe(100);
  });
});

const FILES: Record<string, Partial<VectorIndexOptions>> = {
  'not trained': { trainAt: Number.POSITIVE_INFINITY, indexed: ['folder'] },
  'saq in lists': { index: 'ivf', bits: 4, trainAt: 500 },
  'lvq, kept vectors, flat': { index: 'flat', quantizer: 'lvq', bits: 4, keepVectors: true, trainAt: 500 },
  'saq, int8 behind it': { index: 'ivf', bits: 1, secondary: { quantizer: 'scalar' }, trainAt: 500 },
};

describe.each(Object.entries(FILES))('a file of %s', (_, options) => {
  const index = create({ ...options, metric: 'ip', compactAt: 1 });
  index.add(batch(0, 600));
  index.delete(ids(20, 90));
  index.upsert({ ids: ['n7', 1n, 5] as RecordId[], vectors: part(700, 703) });
  const file = saveIndex(index);
  const more = { nprobe: 9, filter: { folder: { in: ['f1', 'f2'] } } } as const;

  it('holds what the index holds, read whole, as a stream, and in parts', async () => {
    using loaded = loadVectorIndex<Note>(core, file);
    using streamed = await loadVectorIndexFrom<Note>(core, [file.subarray(0, 999), file.subarray(999)]);
    using paged = await openVectorIndex<Note>(core, bytesSource(file), { cacheBytes: 20_000 });
    expect(Buffer.compare(saveIndex(loaded), saveIndex(streamed))).toBe(0);
    expect([loaded.ids(), loaded.n, paged.n]).toEqual([index.ids(), 532, 532]);
    expect(paged.get('n7')).toEqual(index.get('n7'));
    for (const q of [7, 25, 599, 701]) {
      for (const search of [{ nprobe: 3 }, more]) {
        const hits = index.search(rowOf(q), 10, search);
        expect(loaded.search(rowOf(q), 10, search)).toEqual(hits);
        expect(streamed.search(rowOf(q), 10, search)).toEqual(hits);
        expect(await paged.search(rowOf(q), 10, search)).toEqual(hits);
        expect(await paged.searchIds(rowOf(q), 10, search)).toEqual(index.searchIds(rowOf(q), 10, search));
      }
    }
    // dead rows go when a file is read
    expect([loaded.dead, index.dead]).toEqual([0, 71]);
    for (const one of [loaded, streamed]) {
      one.add(batch(1200, 1300));
      one.delete('n7');
    }
    expect(loaded.isTrained).toBe(index.isTrained);
    expect(Buffer.compare(saveIndex(loaded), saveIndex(streamed))).toBe(0);
    if (index.isTrained) loaded.train();
    expect(loaded.n).toBe(631);
  });

  it('is refused by what reads row numbers alone', async () => {
    expect(() => loadIndex(core, file)).toThrow(UnsupportedError);
    await expect(openIndex(core, bytesSource(file))).rejects.toThrow(/load it as a vector index/);
  });
});

describe('a file of row numbers', () => {
  it('is a vector index too, and is written as it was', () => {
    using rows = buildIvf(core, ROWS, D, { metric: 'l2', bits: 4, nlist: 20 });
    const file = saveIndex(rows);
    using index = loadVectorIndex(core, file);
    expect(Buffer.compare(saveIndex(index), file)).toBe(0);
    const { ids: found, scores } = rows.search(rowOf(3), 5);
    const same = index.searchIds(rowOf(3), 5);
    expect([same.ids, same.scores]).toEqual([[...found], scores]);
    index.delete(3);
    expect(index.search(rowOf(3), 1)[0]?.id).not.toBe(3);
    index.train();
    expect([index.n, index.nlist]).toEqual([N - 1, 20]);
    using again = loadVectorIndex(core, saveIndex(index));
    expect(again.ids()).toEqual(index.ids());
  });
});
