/** Indexes of records in real threads of Node: the life of some notes, and of some documents. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { createCore } from '@sagitta/core-wasm';
import {
  buildMultiVectorIndex,
  createVectorIndex,
  fdeIndexes,
  type MultiVectorOptions,
  type RecordId,
  saveIndex,
  saveMultiVectorIndex,
  type VectorIndexOptions,
} from '@sagitta/retrieval';
import { clusteredRows } from '@sagitta/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  MultiVectorClient,
  type Progress,
  threadEndpoint,
  VectorClient,
  type WorkerEndpoint,
  WorkerGoneError,
} from '../../src/worker/index.ts';
import { bundle } from '../support/bundle.ts';
import { temporaryFolder } from '../support/temporary.ts';

interface Note {
  readonly folder: string;
  readonly mtime: number;
}

const D = 24;
const rows = clusteredRows(1200, D, { seed: 4, clusters: 10, spread: 0.4 });
const query = rows.slice(5 * D, 6 * D);
const note = (i: number): Note => ({ folder: i % 4 === 0 ? 'x' : 'y', mtime: i });
const some = (first: number, n: number) => ({
  ids: Array.from({ length: n }, (_, i): RecordId => (i % 2 === 0 ? `note ${first + i}` : BigInt(first + i))),
  vectors: rows.slice(first * D, (first + n) * D),
  metadata: Array.from({ length: n }, (_, i) => note(first + i)),
});

const folder = temporaryFolder();
const sources = temporaryFolder();
const [WORKER] = bundle(sources.path, ['src/worker/search-worker.ts']);
const threads: Worker[] = [];
afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.terminate()));
});

function createWorker(): WorkerEndpoint {
  const thread = new Worker(WORKER);
  threads.push(thread);
  return threadEndpoint(thread);
}

describe('threads', () => {
  it('hold notes that come and go, as a direct call does', async () => {
    const options: VectorIndexOptions<'cosine'> = {
      d: D,
      metric: 'cosine',
      trainAt: 900,
      indexed: ['folder'],
    };
    using core = createCore();
    using index = createVectorIndex<Note>(core, options);
    const client = await VectorClient.start<Note, 'cosine'>({ worker: createWorker() });
    await client.create(options);
    for (const on of [index, client]) {
      await on.add(some(0, 800));
      await on.upsert(some(790, 200));
      await on.update('note 0', { metadata: { folder: 'x', mtime: 7 }, vector: query });
      expect(await on.delete(['note 2', 'nobody', 3n])).toBe(2);
    }
    const search = { filter: { folder: 'x', mtime: { gte: 6 } }, nprobe: 4 };
    const hits = index.search(query, 10, search);
    expect(hits[0]).toMatchObject({ id: 'note 0', metadata: { folder: 'x', mtime: 7 } });
    expect(await client.search(query, 10, search)).toEqual(hits);
    await expect(client.add(some(6, 1))).rejects.toThrow(
      '"ids[0]" expected a new id (upsert replaces what has it), got "note 6"',
    );
    expect((await client.report()).isTrained).toBe(true);
    const seen: Progress[] = [];
    await client.train({ onProgress: (one) => seen.push(one) });
    expect(seen.map(({ phase }) => phase)).toEqual(['train', 'train']);
    index.train();
    const path = join(folder.path, 'notes.sagitta');
    const file = saveIndex(index);
    expect(await client.save(path)).toEqual({ bytes: file.length, storage: '.' });
    const batch = index.searchBatch(rows.slice(0, 50 * D), 5);
    expect(await client.load({ path })).toMatchObject({ n: index.n, isPaged: false });
    expect(await client.searchBatch(rows.slice(0, 50 * D), 5)).toEqual(batch);
    await client.open({ path }, { cacheBytes: 10_000 });
    expect(await client.searchBatch(rows.slice(0, 50 * D), 5)).toEqual(batch);
    const waiting = client.load({ path });
    await threads[0]?.terminate();
    await expect(waiting).rejects.toThrow(WorkerGoneError);
    await client.dispose();
  });

  it('hold documents of many vectors', async () => {
    const offsets = Uint32Array.from({ length: 201 }, (_, i) => 6 * i);
    const documents = {
      tokens: { data: rows, offsets, d: D },
      metadata: Array.from({ length: 200 }, (_, i) => note(i)),
    };
    const options: MultiVectorOptions = { nlist: 6 };
    using core = createCore();
    using index = buildMultiVectorIndex<Note>(core, documents, { ...options, indexes: fdeIndexes });
    const client = await MultiVectorClient.start<Note>({ worker: createWorker() });
    await client.build(documents, options);
    expect(await client.toBytes()).toEqual(saveMultiVectorIndex(index));
    const hits = index.search(query, 5, { filter: { folder: 'x' } });
    expect(await client.search(query, 5, { filter: { folder: 'x' } })).toEqual(hits);
    await client.save('documents.sagitta', { storage: folder.path });
    await client.delete(1);
    await client.open({ stored: 'documents.sagitta', storage: folder.path });
    expect(await client.search(query, 5, { filter: { folder: 'x' } })).toEqual(hits);
    await client.dispose();
  });
});
