/** Client and service over a message channel: what a page and its worker do, without a browser. */
import { CapacityError, createCore, FormatError, RandomStream } from '@sagitta/core-wasm';
import { sampleRows } from '@sagitta/quantizers';
import { loadIndex, saveIndex, trainIndex } from '@sagitta/retrieval';
import { clusteredRows } from '@sagitta/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  BlockedError,
  type BuildOptions,
  ChangedError,
  NetworkError,
  NotFoundError,
  QuotaError,
  SearchClient,
  serveSearch,
} from '../../src/index.ts';

const D = 16;
const N = 3000;
const rows = clusteredRows(N, D, { seed: 6, clusters: 12, spread: 0.5 });
const query = rows.subarray(0, D);
const OPTIONS: BuildOptions = { metric: 'l2', bits: 3, nlist: 10, trainSize: 1000 };
const open: { close(): void }[] = [];

async function start(maximumBytes?: number): Promise<SearchClient> {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  serveSearch(port2);
  return SearchClient.start({ worker: port1, ...(maximumBytes !== undefined && { maximumBytes }) });
}

afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

/** What the worker should have made. */
function expectedFile(options: BuildOptions): Uint8Array {
  const core = createCore();
  const sample = sampleRows(
    { data: rows, n: N, d: D },
    options.trainSize ?? 20_000,
    new RandomStream(1, 'build/sample'),
  );
  using index = trainIndex(core, sample, options);
  index.add(rows);
  return saveIndex(index);
}

describe('SearchClient', () => {
  it('builds what trainIndex and add build, from an array, in chunks and from shared memory', async () => {
    const expected = expectedFile(OPTIONS);
    const client = await start();
    const shared = new Float32Array(new SharedArrayBuffer(rows.byteLength));
    shared.set(rows);
    const seen: number[] = [];
    for (const vectors of [rows, shared]) {
      const info = await client.build(vectors, D, OPTIONS, { onProgress: ({ done }) => seen.push(done) });
      expect(info).toMatchObject({ n: N, d: D, nlist: 10, metric: 'l2', quantizer: 'saq', isPaged: false });
      expect(Buffer.compare(await client.toBytes(), expected)).toBe(0);
    }
    expect(seen[seen.length - 1]).toBe(N);
    // the caller's vectors are as they were
    expect(rows.length).toBe(N * D);
    const chunks = function* (): Generator<Float32Array> {
      for (let at = 0; at < rows.length; at += 700 * D) yield rows.subarray(at, at + 700 * D);
    };
    const info = await client.build(chunks, D, OPTIONS);
    expect(info.n).toBe(N);
    await client.dispose();
  });

  it('searches, in batches too, as the index does', async () => {
    const client = await start();
    await client.build(rows, D, OPTIONS);
    const core = createCore();
    using index = loadIndex(core, await client.toBytes());
    const queries = rows.slice(0, 100 * D);
    expect(await client.search(query, 5, { nprobe: 2 })).toEqual(index.search(query, 5, { nprobe: 2 }));
    expect(await client.searchBatch(queries, 4)).toEqual(index.searchBatch(queries, 4));
    const statistics = (await client.search(query, 5, { nprobe: 2, statistics: true })).statistics;
    expect(statistics?.lists).toBe(2);
    expect(await client.add(rows.subarray(0, 10 * D))).toBe(N + 10);
    expect((await client.info())?.n).toBe(N + 10);
    await client.dispose();
  });

  it('passes errors on as what they are', async () => {
    const client = await start(16 << 20);
    await expect(client.search(query, 5)).rejects.toThrow(/"index" expected one that was built or loaded/);
    await client.build(rows, D, OPTIONS);
    const error = await client.search(new Float32Array(3), 5).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RangeError);
    expect((error as RangeError).message).toBe('"query" expected length d = 16, got 3');
    await expect(client.searchBatch(new Float32Array(3), 5)).rejects.toThrow(RangeError);
    await expect(client.load({ bytes: new Uint8Array(100) })).rejects.toThrow(FormatError);
    await expect(client.build(rows, D, { ...OPTIONS, nlist: 5000 })).rejects.toThrow(RangeError);
    const large = new Float32Array(60_000 * 64);
    for (let i = 0; i < large.length; i++) large[i] = i % 11;
    const full = await client
      .build(large, 64, { metric: 'l2', quantizer: 'none' })
      .catch((caught: unknown) => caught);
    expect(full).toBeInstanceOf(CapacityError);
    expect((full as CapacityError).wanted).toBeGreaterThan((full as CapacityError).available);
    // the index before it is still there
    expect((await client.info())?.n).toBe(N);
    await client.dispose();
    await expect(client.info()).rejects.toThrow(/disposed/);
  });

  it('stops at a signal with its reason, and works on', async () => {
    const client = await start();
    await client.build(rows, D, OPTIONS);
    const reason = new Error('typed on');
    await expect(client.search(query, 5, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const stop = new AbortController();
    const queries = new Float32Array(20_000 * D).fill(0.5);
    const batch = client.searchBatch(queries, 5, {
      signal: stop.signal,
      onProgress: () => stop.abort(reason),
    });
    await expect(batch).rejects.toBe(reason);
    const halt = new AbortController();
    const build = client.build(rows, D, OPTIONS, {
      signal: halt.signal,
      onProgress: () => halt.abort(reason),
    });
    await expect(build).rejects.toBe(reason);
    expect((await client.search(query, 1)).ids).toEqual(new Uint32Array([0]));
    const before = (await client.info())?.bytesUsed;
    await client.build(rows, D, OPTIONS);
    expect((await client.info())?.bytesUsed).toBe(before);
    await client.dispose();
  });

  it('does not begin what was given up while it waited', async () => {
    const client = await start();
    await client.build(rows, D, OPTIONS);
    const stop = new AbortController();
    const queries = new Float32Array(2000 * D).fill(0.5);
    let isDone = false;
    const running = client.searchBatch(queries, 5).then(() => {
      isDone = true;
    });
    const dropped = client.searchBatch(queries, 5, { signal: stop.signal });
    stop.abort();
    await expect(dropped).rejects.toMatchObject({ name: 'AbortError' });
    expect(isDone).toBe(false);
    await running;
    await client.dispose();
  });

  it('loads and opens from bytes and blobs, with progress', async () => {
    const client = await start();
    const file = expectedFile(OPTIONS);
    const seen: number[] = [];
    const loaded = await client.load({ bytes: file }, { onProgress: ({ done }) => seen.push(done) });
    expect(loaded).toMatchObject({ n: N, isPaged: false });
    expect(seen.length).toBeGreaterThan(0);
    const expected = await client.searchBatch(rows.slice(0, 50 * D), 6);
    const opened = await client.open({ blob: new Blob([file as BlobPart]) }, { cacheBytes: 10_000 });
    expect(opened).toMatchObject({ n: N, isPaged: true });
    expect(await client.searchBatch(rows.slice(0, 50 * D), 6)).toEqual(expected);
    expect((await client.info())?.reads?.misses).toBeGreaterThan(0);
    await expect(client.toBytes()).rejects.toThrow(/one in memory/);
    await client.dispose();
  });
});

describe('errors of a browser', () => {
  it.each([
    new QuotaError(100, 50),
    new QuotaError(100),
    new NotFoundError('"name" expected a stored index'),
    new ChangedError('replaced'),
    new BlockedError('held'),
    new NetworkError('"url" expected an answer', 'http://a/', 404),
    new NetworkError('"url" expected an answer', 'http://a/'),
    Object.assign(new Error('gone'), { name: 'NetworkError' }),
    Object.assign(new Error('gone'), { name: 'NotFoundError' }),
  ])('arrive as what they are: %s', async (error) => {
    const { port1, port2 } = new MessageChannel();
    open.push(port1, port2);
    serveSearch(port2, () => {
      throw error;
    });
    const again: unknown = await SearchClient.start({ worker: port1 }).catch((reason: unknown) => reason);
    expect(again).toStrictEqual(error);
    expect(again).toBeInstanceOf(error.constructor);
    expect({ ...(again as Error) }).toEqual({ ...error });
  });
});
