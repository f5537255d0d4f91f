/** Indexes in real threads of Node: what they answer, how they are saved, and how they end. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type Core, createCore, RandomStream } from '@sagitta/core-wasm';
import { sampleRows } from '@sagitta/quantizers';
import { type IvfIndex, saveIndex, trainIndex } from '@sagitta/retrieval';
import { clusteredRows } from '@sagitta/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { loadIndexFile } from '../../src/index.ts';
import {
  type BuildOptions,
  type Progress,
  SearchClient,
  ShardedClient,
  threadEndpoint,
  type WorkerEndpoint,
  WorkerGoneError,
} from '../../src/worker/index.ts';
import { bundle } from '../support/bundle.ts';
import { temporaryFolder } from '../support/temporary.ts';

const D = 24;
const N = 5000;
const FIRST = 4000;
const rows = clusteredRows(N, D, { seed: 6, clusters: 12, spread: 0.5 });
// equal vectors: ties go to the lower id everywhere
rows.copyWithin(2000 * D, 10 * D, 40 * D);
const queries = rows.slice(0, 50 * D);
const OPTIONS: BuildOptions = { metric: 'l2', bits: 3, nlist: 12, keepVectors: true };
/** Every code is read: what is left unread depends on how vectors are spread. */
const SEARCH = { nprobe: 5, gamma: 1000 };

const folder = temporaryFolder();
const sources = temporaryFolder();
const [WORKER, ENTRY] = bundle(sources.path, ['src/worker/search-worker.ts', 'src/worker/index.ts']);
const threads: Worker[] = [];
afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.terminate()));
});

function createWorker(): WorkerEndpoint {
  const thread = new Worker(WORKER);
  threads.push(thread);
  return threadEndpoint(thread);
}

const one = (): Promise<SearchClient> => SearchClient.start({ worker: createWorker() });
const many = (shards = 3): Promise<ShardedClient> => ShardedClient.start({ shards, createWorker });

/** The index of a direct call. */
function direct(core: Core): IvfIndex {
  const sample = sampleRows(
    { data: rows.subarray(0, FIRST * D), n: FIRST, d: D },
    20_000,
    new RandomStream(1, 'build/sample'),
  );
  const index = trainIndex(core, sample, OPTIONS);
  index.add(rows.subarray(0, FIRST * D));
  index.add(rows.subarray(FIRST * D));
  return index;
}

async function fill(client: SearchClient | ShardedClient): Promise<void> {
  await client.build(rows.subarray(0, FIRST * D), D, OPTIONS);
  expect(await client.add(rows.subarray(FIRST * D))).toBe(N);
}

describe('threads', () => {
  it('answer as a direct call, one or three of them, and save the same file', async () => {
    using core = createCore();
    using index = direct(core);
    const file = saveIndex(index);
    const expected = index.searchBatch(queries, 10, SEARCH);
    for (const client of [await one(), await many()]) {
      await fill(client);
      expect(await client.searchBatch(queries, 10, SEARCH)).toEqual(expected);
      const { ids, scores } = index.search(queries.subarray(0, D), 7, SEARCH);
      expect(await client.search(queries.subarray(0, D), 7, SEARCH)).toEqual({ ids, scores });
      const path = join(folder.path, 'notes.sagitta');
      expect(await client.save(path)).toEqual({ bytes: file.length, storage: '.' });
      expect(Buffer.compare(readFileSync(path), file)).toBe(0);
      using read = await loadIndexFile(core, path);
      expect(read.n).toBe(N);
      await client.dispose();
    }
  });

  it('load files, paths and bytes, with progress, and open them in parts', async () => {
    using core = createCore();
    using index = direct(core);
    const file = saveIndex(index);
    const path = folder.write('given.sagitta', file);
    const expected = index.searchBatch(queries, 5, SEARCH);
    const client = await one();
    const seen: Progress[] = [];
    for (const from of [{ path }, { bytes: file }, { blob: new Blob([file]) }]) {
      await client.load(from, { onProgress: (progress) => seen.push(progress) });
      expect(await client.searchBatch(queries, 5, SEARCH)).toEqual(expected);
    }
    expect(seen.every(({ phase }) => phase === 'load')).toBe(true);
    await client.open({ path }, { cacheBytes: 10_000 });
    expect(await client.searchBatch(queries, 5, SEARCH)).toEqual(expected);
    await client.dispose();
    const shards = await many(2);
    for (const from of [{ path }, { bytes: file }]) {
      expect(await shards.load(from)).toMatchObject({ n: N, d: D });
      expect(await shards.searchBatch(queries, 5, SEARCH)).toEqual(expected);
    }
    await shards.dispose();
  });

  it('keep indexes in a folder by name', async () => {
    const storage = join(folder.path);
    folder.write('other.txt', 'no index');
    const client = await many(2);
    await client.build(rows, D, OPTIONS);
    const { bytes } = await client.save('kept', { storage });
    expect(await client.stored(storage)).toContainEqual({ name: 'kept', bytes });
    expect((await client.stored(storage)).map(({ name }) => name)).not.toContain('other.txt');
    await client.load({ stored: 'kept', storage });
    await client.remove('kept', storage);
    await expect(client.load({ stored: 'kept', storage })).rejects.toMatchObject({ code: 'ENOENT' });
    await client.dispose();
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('name the file that is no index, and keep what they have', async () => {
    const path = folder.write('bad.sagitta', new Uint8Array(1000));
    for (const client of [await one(), await many()]) {
      await client.build(rows.subarray(0, 1000 * D), D, OPTIONS);
      await expect(client.load({ path })).rejects.toThrow(`${path}: expected a Sagitta file`);
      await expect(client.load({ url: path } as never)).rejects.toThrow(
        /"from" expected \{ path \}, \{ stored \}, \{ blob \} or \{ bytes \}, got \{ url \}/,
      );
      expect((await client.info())?.n).toBe(1000);
      await client.dispose();
    }
  });

  it('stop at a signal with its reason, and work on', async () => {
    for (const client of [await one(), await many(2)]) {
      await client.build(rows, D, OPTIONS);
      const reason = new Error('enough');
      const stop = new AbortController();
      const large = new Float32Array(4000 * D).fill(0.5);
      const calls = [
        client.build(rows, D, { ...OPTIONS, nlist: 60 }, { signal: stop.signal }),
        client.searchBatch(large, 10, { signal: stop.signal }),
        client.save(join(folder.path, 'never'), { signal: stop.signal }),
      ];
      setTimeout(() => stop.abort(reason), 20);
      for (const { reason: got } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
        expect(got).toBe(reason);
      }
      expect([...(await client.search(rows.subarray(0, D), 1)).ids]).toEqual([0]);
      expect(await client.info()).toMatchObject({ n: N, nlist: 12 });
      await client.dispose();
    }
    expect(readdirSync(folder.path)).not.toContain('never');
  });
});

describe('a thread that is gone', () => {
  const gone = async (calls: Promise<unknown>[], shard?: number): Promise<void> => {
    for (const end of await Promise.allSettled(calls)) {
      expect(end).toMatchObject({ status: 'rejected', reason: { code: 'SAGITTA_WORKER', shard } });
      expect((end as PromiseRejectedResult).reason).toBeInstanceOf(WorkerGoneError);
    }
  };

  it('ends what waits and what is asked later', async () => {
    const client = await one();
    await client.build(rows, D, OPTIONS);
    const calls = [client.build(rows, D, OPTIONS), client.add(rows), client.save(join(folder.path, 'gone'))];
    await threads[0]?.terminate();
    await gone(calls);
    await gone([client.search(rows.subarray(0, D), 1), client.info(), client.stored()]);
    await client.dispose();
  });

  it('ends the other shards, and is named', async () => {
    const client = await many();
    await client.build(rows, D, OPTIONS);
    const calls = [client.add(rows), client.toBytes()];
    await threads[1]?.terminate();
    await gone(calls, 1);
    await gone([client.search(rows.subarray(0, D), 1)], 1);
    await client.dispose();
  });

  it('is one whose file is missing, or that throws, or leaves by itself', async () => {
    const files = [
      join(sources.path, 'missing.js'),
      sources.write('throws.mjs', 'throw new Error("broken")'),
      sources.write('leaves.mjs', 'process.exit(3)'),
    ];
    const [missing, broken, left] = await Promise.all(
      files.map((file) =>
        SearchClient.start({ worker: threadEndpoint(new Worker(file)) }).then(
          () => undefined,
          (error: unknown) => error as Error,
        ),
      ),
    );
    for (const error of [missing, broken, left]) expect(error).toBeInstanceOf(WorkerGoneError);
    expect(missing?.message).toMatch(/Cannot find module/);
    expect(broken?.message).toMatch(/broken/);
    expect(left?.message).toMatch(/its thread left with code 3/);
  });
});

it('lets a program end by itself after dispose', async () => {
  const program = sources.write(
    'program.mjs',
    `import { SearchClient, ShardedClient } from ${JSON.stringify(ENTRY)};
    const rows = Float32Array.from({ length: 2000 * 8 }, (_, i) => ((i * i + 7 * i) % 9973) / 9973);
    for (const client of [await SearchClient.start(), await ShardedClient.start()]) {
      await client.build(rows, 8, { metric: 'l2', quantizer: 'none' });
      const { ids } = await client.search(rows.subarray(8 * 1500, 8 * 1501), 1);
      console.log(ids[0], (client.shards ?? 1) >= 1);
      await client.dispose();
    }`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 50_000 });
  expect(stdout).toBe('1500 true\n1500 true\n');
});
