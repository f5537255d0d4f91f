/** Collections in folders: what they answer, across reopening, folds and compaction, from one process. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCore } from '@sagitta/core-wasm';
import { createVectorIndex, type Hit, loadVectorIndex } from '@sagitta/retrieval';
import type { Collection } from '@sagitta/retrieval/collection';
import { clusteredRows } from '@sagitta/testing';
import { describe, expect, it } from 'vitest';
import { writeFileAtomic } from '../../src/index.ts';
import { collectionsIn } from '../support/collections.ts';
import { temporaryFolder } from '../support/temporary.ts';

const D = 16;
const folder = temporaryFolder();
const open = collectionsIn(temporaryFolder().path);
let made = 0;
const fresh = (): string => join(folder.path, `c${made++}`);
const vectors = clusteredRows(6000, D, { seed: 3, clusters: 20, spread: 0.4 });
const row = (i: number): Float32Array => vectors.subarray(i * D, (i + 1) * D);
const rows = (first: number, count: number) => ({
  ids: Array.from({ length: count }, (_, i) => `n${first + i}`),
  vectors: vectors.subarray(first * D, (first + count) * D),
  metadata: Array.from({ length: count }, (_, i) => ({ group: (first + i) % 7, name: `row ${first + i}` })),
});
type Note = { group: number; name: string };
const OPTIONS = { d: D, metric: 'cosine' } as const;

/** What an index in memory answers. */
function expected(from: readonly number[], query: Float32Array, k: number): readonly Hit[] {
  using core = createCore();
  using index = createVectorIndex(core, { ...OPTIONS, trainAt: Number.POSITIVE_INFINITY });
  for (const i of from) index.add(rows(i, 1));
  return index.search(query, k);
}
const ids = (hits: readonly { readonly id: unknown }[]): unknown[] => hits.map(({ id }) => id);

describe('a collection', () => {
  it('keeps what was written, and finds it at once and after it was opened again', async () => {
    const path = fresh();
    const c = await open<Note, 'cosine'>(path, OPTIONS);
    expect(await c.add(rows(0, 300))).toEqual(rows(0, 300).ids);
    await c.upsert({
      ids: ['n5', 'new'],
      vectors: [row(400), row(401)],
      metadata: [undefined, { group: 9, name: 'x' }],
    });
    expect(await c.delete(['n7', 'n8', 'gone'])).toBe(2);
    const look = async (one: Collection<Note, 'cosine'>): Promise<void> => {
      expect(one.n).toBe(299);
      expect(await one.get('n5')).toEqual({ id: 'n5', metadata: undefined });
      expect(await one.get('n7')).toBeUndefined();
      expect(await one.has('new')).toBe(true);
      expect(await one.get('n9')).toEqual({ id: 'n9', metadata: { group: 2, name: 'row 9' } });
      const [best] = await one.search(row(401), 1);
      expect(best).toMatchObject({ id: 'new', metadata: { group: 9 } });
      expect(best?.similarity).toBeCloseTo(1, 5);
      const alive = Array.from({ length: 300 }, (_, i) => i).filter((i) => ![5, 7, 8].includes(i));
      const filter = { name: { ne: 'x' }, group: { lt: 9 } };
      expect(ids(await one.search(row(20), 10, { filter }))).toEqual(ids(expected(alive, row(20), 10)));
      expect(ids(await one.search(row(20), 3, { filter: new Set(['n1', 'n2', 'n7']) }))).toHaveLength(2);
      const batch = await one.searchBatch([row(1), row(2)], 4);
      expect(batch).toEqual([await one.search(row(1), 4), await one.search(row(2), 4)]);
    };
    await look(c);
    await c.close();
    expect(readdirSync(path).sort()).toContain('collection.db');
    const again = await open<Note, 'cosine'>(path);
    await look(again);
    await again.compact();
    await look(again);
    expect((await again.report()).segments).toHaveLength(1);
    await again.close();
    const third = await open<Note, 'cosine'>(path, { ...OPTIONS, readOnly: true });
    await look(third);
    await third.close();
  });

  it('folds by itself, merges segments, and answers through all of it', async () => {
    const path = fresh();
    const c = await open<Note>(path, { ...OPTIONS, foldAt: 500, quantizer: 'float32' });
    for (let first = 0; first < 6000; first += 100) {
      await c.add(rows(first, 100));
      expect(ids(await c.search(row(first + 50), 1))).toEqual([`n${first + 50}`]);
    }
    await c.settled();
    const report = await c.report();
    expect(report.foldError).toBeUndefined();
    expect(report.segments.length).toBeGreaterThan(0);
    expect(report.segments.length).toBeLessThan(8);
    expect(report.tail).toBeLessThan(500);
    const all = Array.from({ length: 6000 }, (_, i) => i);
    const answer = ids(await c.search(row(77), 20));
    expect(answer).toEqual(ids(expected(all, row(77), 20)));
    await c.delete(Array.from({ length: 3000 }, (_, i) => `n${2 * i}`));
    await c.compact();
    expect((await c.report()).segments).toMatchObject([{ n: 3000, dead: 0 }]);
    expect(ids(await c.search(row(77), 20))).toEqual(
      ids(
        expected(
          all.filter((i) => i % 2),
          row(77),
          20,
        ),
      ),
    );
    // a segment is an index of its own
    const [name] = readdirSync(path).filter((one) => one.endsWith('.sag'));
    using core = createCore();
    using index = loadVectorIndex(core, readFileSync(join(path, name as string)));
    expect(index.n).toBe(3000);
    await c.close();
    expect(readdirSync(path).filter((one) => one.startsWith('segment-'))).toHaveLength(2);
  });

  it('trains codes, keeps float32 in files alone, and reranks with them', async () => {
    const path = fresh();
    const c = await open<Note>(path, { ...OPTIONS, bits: 1, foldAt: 5000 });
    await c.add(rows(0, 6000));
    await c.compact();
    const [segment] = (await c.report()).segments;
    expect(segment).toMatchObject({ n: 6000, isTrained: true });
    expect((await c.report()).memoryBytes).toBeLessThan(6000 * D * 4);
    const stored = await c.vector('n12');
    const { length } = row(12);
    const norm = Math.hypot(...row(12));
    for (let j = 0; j < length; j++) expect(stored[j]).toBeCloseTo((row(12)[j] as number) / norm, 6);
    const all = Array.from({ length: 6000 }, (_, i) => i);
    const truth = expected(all, row(33), 10);
    const hits = await c.search(row(33), 10, { rerank: { candidates: 400 }, nprobe: 1000 });
    expect(ids(hits)).toEqual(ids(truth));
    for (const [i, hit] of hits.entries()) {
      expect((hit as { similarity: number }).similarity).toBeCloseTo(
        (truth[i] as { similarity: number }).similarity,
        5,
      );
    }
    // behind a trained segment the tail is coded like it, and keeps its vectors
    const [x, y] = [row(1), row(2)].map((one) => Float32Array.from(one, (value) => value + 0.01));
    await c.add({ ids: ['x', 'y'], vectors: [x as Float32Array, y as Float32Array] });
    const before = await c.vector('x');
    expect(Math.hypot(...before)).toBeCloseTo(1, 6);
    expect(before[3]).toBeCloseTo((x?.[3] as number) / Math.hypot(...(x as Float32Array)), 6);
    expect(ids(await c.search(x as Float32Array, 2, { rerank: { candidates: 100 } }))).toContain('x');
    await c.compact();
    expect(await c.vector('x')).toEqual(before);
    expect((await c.report()).segments).toMatchObject([{ n: 6002 }]);
    await c.close();
  });

  it('merges codes from codes where it keeps no vectors', async () => {
    const path = fresh();
    const c = await open<Note>(path, { ...OPTIONS, keepVectors: false, bits: 8, foldAt: 5000 });
    await c.add(rows(0, 6000));
    await c.compact();
    await c.upsert(rows(0, 10));
    await c.compact();
    expect(c.n).toBe(6000);
    expect(ids(await c.search(row(44), 1))).toEqual(['n44']);
    await c.close();
  });

  it('numbers records without ids, and never gives a number again', async () => {
    const path = fresh();
    let c = await open(path, { d: 2, metric: 'l2' });
    expect(
      await c.add({
        vectors: [
          [0, 0],
          [1, 1],
        ],
      }),
    ).toEqual([0, 1]);
    const both = await Promise.all([
      c.add({ vectors: [[2, 2]] }),
      c.add({
        vectors: [
          [3, 3],
          [4, 4],
        ],
      }),
    ]);
    expect(both).toEqual([[2], [3, 4]]);
    await c.delete([3, 4]);
    await c.compact();
    await c.close();
    c = await open(path);
    expect(await c.add({ vectors: [[5, 5]] })).toEqual([5]);
    expect(await c.search([5, 5], 1)).toEqual([{ id: 5, distance: 0, metadata: undefined }]);
    await c.close();
  });

  it('takes ids of every kind', async () => {
    const path = fresh();
    let c = await open(path, { d: 1, metric: 'l2' });
    await c.add({ ids: [1, 1n, '1', -5n, 2n ** 64n - 1n], vectors: [[1], [2], [3], [4], [5]] });
    await c.compact();
    await c.delete(1n);
    await c.close();
    c = await open(path);
    expect(await Promise.all([1, 1n, '1', -5n, 2n ** 64n - 1n].map((id) => c.has(id)))).toEqual([
      true,
      false,
      true,
      true,
      true,
    ]);
    const read: Uint8Array[] = [];
    for await (const chunk of c.export()) read.push(chunk);
    const lines = Buffer.concat(read).toString().trim().split('\n');
    expect(lines).toContain('{"id":18446744073709551615,"vector":[5]}');
    await c.close();
  });

  it('groups writes, orders them, and refuses one without the others', async () => {
    const path = fresh();
    const c = await open(path, { d: 1, metric: 'l2' });
    const results = await Promise.allSettled([
      c.add({ ids: ['a'], vectors: [[1]] }),
      c.add({ ids: ['a'], vectors: [[2]] }),
      c.upsert({ ids: ['a'], vectors: [[3]] }),
      c.delete('a'),
      c.delete('a'),
      c.add({ ids: ['a', 'b'], vectors: [[4], [5]] }),
      c.add({ ids: ['c', 'b'], vectors: [[4], [5]] }),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    expect(results[1]).toMatchObject({
      reason: { message: expect.stringContaining('"ids[0]" expected a new id') },
    });
    expect(results[3]).toMatchObject({ value: 1 });
    expect(results[4]).toMatchObject({ value: 0 });
    expect(await c.vector('a')).toEqual(Float32Array.of(4));
    expect(await c.has('c')).toBe(false);
    await c.close();
  });

  it('copies vectors and metadata at the call', async () => {
    const path = fresh();
    const c = await open<{ x: number }>(path, { d: 1, metric: 'l2' });
    const vector = Float32Array.of(1);
    const metadata = [{ x: 1 }];
    const written = c.add({ ids: ['a'], vectors: vector, metadata });
    vector[0] = 9;
    (metadata[0] as { x: number }).x = 9;
    await written;
    expect(await c.vector('a')).toEqual(Float32Array.of(1));
    expect(await c.get('a')).toEqual({ id: 'a', metadata: { x: 1 } });
    await c.close();
  });

  it('iterates, exports and copies itself while it is written', async () => {
    const path = fresh();
    const c = await open<Note>(path, { ...OPTIONS, foldAt: 400 });
    await c.add(rows(0, 2500));
    const seen = new Map<unknown, Float32Array>();
    for await (const { id, vector, metadata } of c.iterate()) {
      if (seen.size === 0) await c.delete('n2499');
      if (seen.size === 500) await Promise.all([c.upsert(rows(2300, 2)), c.compact()]);
      expect(metadata?.name).toBe(`row ${String(id).slice(1)}`);
      seen.set(id, vector);
    }
    expect(seen.size).toBe(2499);
    await writeFileAtomic(join(folder.path, 'all.jsonl'), c.export());
    const lines = readFileSync(join(folder.path, 'all.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(2499);
    const line = lines.find(({ id }) => id === 'n3');
    expect(line.metadata).toEqual({ group: 3, name: 'row 3' });
    expect(Float32Array.from(line.vector)).toEqual(await c.vector('n3'));
    const target = fresh();
    const copied = c.snapshot(target);
    const written = c.add({ ids: ['later'], vectors: row(3) });
    await Promise.all([copied, written]);
    const copy = await open<Note>(target, OPTIONS);
    expect(copy.n - Number(await copy.has('later'))).toBe(2499);
    expect(ids(await copy.search(row(500), 5))).toEqual(ids(await c.search(row(500), 5)));
    await expect(c.snapshot(target)).rejects.toMatchObject({ code: 'SAGITTA_LOCKED' });
    await copy.close();
    await expect(c.snapshot(target)).rejects.toThrow('"target" expected no collection');
    await c.close();
    await expect(c.search(row(0), 1)).rejects.toThrow('expected an open collection, got a closed one');
  });
});

describe('what a collection refuses', () => {
  it('is a write that memory has no room for, before it is written', async () => {
    const path = fresh();
    using core = createCore({ maximumBytes: 1 << 24 });
    const c = await open(path, { d: 256, metric: 'l2', foldAt: 1 << 20, core });
    const many = { vectors: new Float32Array(256 * 1000).fill(1) };
    let n = 0;
    const fill = async (): Promise<void> => {
      for (; n < 100_000; n += 1000) await c.add(many);
    };
    await expect(fill()).rejects.toMatchObject({ code: 'SAGITTA_CAPACITY' });
    expect(n).toBeGreaterThan(0);
    expect(c.n).toBe(n);
    expect(await c.delete(0)).toBe(1);
    expect(await c.search(new Float32Array(256).fill(1), 1)).toMatchObject([{ id: 1, distance: 0 }]);
    await c.close();
    const again = await open(path);
    expect(again.n).toBe(n - 1);
    await again.close();
  });

  it('names the argument', async () => {
    const path = fresh();
    await expect(open(path, { readOnly: true })).rejects.toThrow(
      `"folder" expected a collection, got none in ${path}`,
    );
    expect(existsSync(path)).toBe(false);
    await expect(open(path, { metric: 'l2' })).rejects.toThrow('"d" expected');
    await expect(open(path, { ...OPTIONS, dimensions: 3 } as never)).rejects.toThrow(
      '"options" expected known options',
    );
    await expect(open(path, { ...OPTIONS, durability: 'never' } as never)).rejects.toThrow(
      '"durability" expected',
    );
    const c = await open(path, OPTIONS);
    await expect(open(path, OPTIONS)).rejects.toMatchObject({
      name: 'LockedError',
      code: 'SAGITTA_LOCKED',
      collection: path,
    });
    await expect(c.add({ vectors: [1, 2, 3] })).rejects.toThrow('"vectors"');
    await expect(c.add({ vectors: row(0), ids: [{}] } as never)).rejects.toThrow(
      '"ids[0]" expected a string',
    );
    await expect(c.upsert({ vectors: row(0), idz: [] } as never)).rejects.toThrow('did you mean "ids"');
    await expect(c.search([1, 2], 1)).rejects.toThrow('"query" expected');
    await expect(c.search(row(0), 0)).rejects.toThrow('"k" expected');
    await expect(c.search(row(0), 1, { rerank: { candidate: 3 } } as never)).rejects.toThrow(
      'did you mean "candidates"',
    );
    await expect(c.search(row(0), 1, { filter: 3 } as never)).rejects.toThrow('"filter" expected');
    await expect(c.vector('nobody')).rejects.toThrow('"id" expected a record\'s id, got "nobody"');
    await c.close();
    await expect(open(path, { d: 4, metric: 'cosine' })).rejects.toThrow(
      `"d" expected 16, as ${path} has it, got 4`,
    );
    await expect(open(path, { metric: 'l2' })).rejects.toThrow('"metric" expected "cosine"');
    await expect(open(path, { bits: 2 })).rejects.toThrow('"bits" expected its default');
  });
});
