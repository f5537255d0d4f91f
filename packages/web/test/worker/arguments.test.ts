/** What clients do with what they are given: views, arrays of other realms, addresses, functions that throw, vectors that cannot all be added. */
import { runInNewContext } from 'node:vm';
import { CapacityError } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type BuildOptions, type Endpoint, SearchClient, ShardedClient } from '../../src/index.ts';
import { fakeWorker } from '../support/workers.ts';

const D = 16;
const N = 5000;
const rows = clusteredRows(N, D, { seed: 6, clusters: 12, spread: 0.5 });
const row = (id: number): Float32Array => rows.subarray(id * D, (id + 1) * D);
const OPTIONS: BuildOptions = { metric: 'l2', quantizer: 'none' };

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Bytes of all buffers in a message. */
function bytesIn(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.buffer.byteLength;
  if (value === null || typeof value !== 'object') return 0;
  return Object.values(value).reduce((sum: number, one) => sum + bytesIn(one), 0);
}

/** A worker, and the bytes of each message to it. */
function measured(): { endpoint: Endpoint; sent: number[] } {
  const { endpoint } = fakeWorker();
  const sent: number[] = [];
  const post = endpoint.postMessage.bind(endpoint);
  endpoint.postMessage = (message, transfer) => {
    sent.push(bytesIn(message));
    post(message, transfer);
  };
  return { endpoint, sent };
}

describe.each([1, 3])('%i workers', (shards) => {
  const start = (createWorker = () => fakeWorker().endpoint): Promise<SearchClient | ShardedClient> =>
    shards === 1
      ? SearchClient.start({ worker: createWorker() })
      : ShardedClient.start({ shards, createWorker });

  it('sends the view, not its buffer, and leaves it to the caller', async () => {
    const sent: number[][] = [];
    const client = await start(() => {
      const worker = measured();
      sent.push(worker.sent);
      return worker.endpoint;
    });
    const some = rows.subarray(100 * D, 200 * D);
    await client.build(some, D, OPTIONS);
    await client.add(some);
    const found = await client.search(row(103), 1);
    expect([...found.ids]).toEqual([3]);
    await client.searchBatch(rows.subarray(103 * D, 105 * D), 1);
    if (client instanceof SearchClient) {
      const file = await client.toBytes();
      const buffer = new Uint8Array(file.length + 1_000_000);
      buffer.set(file, 1000);
      await client.load({ bytes: buffer.subarray(1000, 1000 + file.length) });
      expect(buffer.length).toBe(file.length + 1_000_000);
    }
    expect(Math.max(...sent.flat())).toBeLessThan(20_000);
    expect(rows.length).toBe(N * D);
    await client.dispose();
  });

  it('takes arrays of other realms and other numbers', async () => {
    const client = await start();
    const foreign = (values: Float32Array): Float32Array =>
      runInNewContext('Float32Array.from(values)', { values });
    const array = foreign(rows);
    expect(array).not.toBeInstanceOf(Float32Array);
    await client.build(array, D, OPTIONS);
    await client.build(
      () => [foreign(rows.subarray(0, 2000 * D)), foreign(rows.subarray(2000 * D))],
      D,
      OPTIONS,
    );
    expect(await client.add(foreign(row(7)))).toBe(N + 1);
    expect([...(await client.search(foreign(row(7)), 2)).ids]).toEqual([7, N]);
    expect([...(await client.searchBatch(foreign(row(9)), 1)).ids]).toEqual([9]);
    expect([...(await client.search([...row(11)], 1)).ids]).toEqual([11]);
    expect(await client.add(Float64Array.from(row(11)))).toBe(N + 2);
    await expect(client.search('abc' as never, 1)).rejects.toThrow(TypeError);
    await expect(client.build(new Uint8Array(D) as never, D, OPTIONS)).rejects.toThrow(TypeError);
    await client.dispose();
  });

  it('adds all vectors or none, where one is bad or memory ends', async () => {
    const client = await (shards === 1
      ? SearchClient.start({ worker: fakeWorker().endpoint, maximumBytes: 4 << 20 })
      : ShardedClient.start({ shards, createWorker: () => fakeWorker().endpoint, maximumBytes: 4 << 20 }));
    await client.build(rows, D, OPTIONS);
    const bad = rows.slice();
    bad[4000 * D] = Number.POSITIVE_INFINITY;
    await expect(client.add(bad)).rejects.toThrow(/"vectors" expected/);
    const before = await client.info();
    const many = function* (): Generator<Float32Array> {
      for (let i = 0; i < 60; i++) yield rows;
    };
    await expect(client.add(many)).rejects.toThrow(CapacityError);
    await expect(client.build(many, D, OPTIONS)).rejects.toThrow(CapacityError);
    expect((await client.info())?.n).toBe(before?.n);
    if (client instanceof ShardedClient) {
      const sizes = (await client.info())?.shards.map(({ n }) => n);
      expect(sizes).toEqual([2048, 1928, 1024]);
    }
    expect(await client.add(rows.subarray(0, 300 * D))).toBe(N + 300);
    expect([...(await client.search(row(250), 2)).ids]).toEqual([250, N + 250]);
    await client.dispose();
  });

  it('ends a call whose function throws, and nothing else', async () => {
    const client = await start();
    await client.build(rows.subarray(0, 100 * D), D, OPTIONS);
    const thrown = new Error('in a function of the caller');
    const onProgress = (): never => {
      throw thrown;
    };
    await expect(client.build(rows, D, OPTIONS, { onProgress })).rejects.toBe(thrown);
    await expect(client.add(rows, { onProgress })).rejects.toBe(thrown);
    const throwing = (): never => {
      throw thrown;
    };
    await expect(client.build(throwing, D, OPTIONS)).rejects.toBe(thrown);
    if (client instanceof SearchClient) {
      await expect(client.searchBatch(rows, 1, { onProgress })).rejects.toBe(thrown);
    }
    expect((await client.info())?.n).toBe(100);
    await client.dispose();
  });

  it('refuses what no call knows, with what was probably meant', async () => {
    const typo = { signals: undefined } as object;
    await expect(
      shards === 1
        ? SearchClient.start({ createWorker: () => fakeWorker().endpoint } as object)
        : ShardedClient.start({ shards, workers: [] } as object),
    ).rejects.toThrow(/"options" expected known options \(.*\), got "(createWorker|workers)"/);
    const client = await start();
    const meant = /"options" expected known options \(.*\), got "(.*)": did you mean "(.*)"\?/;
    await expect(client.build(rows, D, OPTIONS, typo)).rejects.toThrow(meant);
    await client.build(rows, D, OPTIONS);
    await expect(client.add(rows, { onProgres: () => {} } as object)).rejects.toThrow(meant);
    // a function could not even be sent to the worker
    const search = { nprobes: 3, filter: () => true } as object;
    await expect(client.search(row(1), 1, search)).rejects.toThrow(meant);
    await expect(client.searchBatch(row(1), 1, search)).rejects.toThrow(meant);
    await expect(client.search(row(1), 1, { nprobe: '3' } as object)).rejects.toThrow(
      /"nprobe" expected a number, got string/,
    );
    await expect(client.info(typo)).rejects.toThrow(meant);
    if (client instanceof SearchClient) {
      await expect(client.save('a', { ...typo, storage: 'opfs' })).rejects.toThrow(meant);
      await expect(client.load('index.sag' as never)).rejects.toThrow(/"from" expected \{ url \}/);
      for (const rejected of [
        client.load({ url: '/a' }, typo),
        client.open({ url: '/a' }, { cacheByte: 1 } as object),
        client.toBytes(typo),
        client.stored('auto', typo),
        client.remove('a', 'auto', typo),
      ]) {
        await expect(rejected).rejects.toThrow(meant);
      }
    }
    expect((await client.info())?.n).toBe(N);
    await client.dispose();
  });

  it('refuses rows that are ragged, and a function that gives something else the second time', async () => {
    const client = await start();
    await client.build(rows, D, OPTIONS);
    await expect(client.add(rows.subarray(1))).rejects.toThrow(
      /"vectors" expected a length that is a multiple/,
    );
    let calls = 0;
    const changing = (): Float32Array[] => [rows.subarray(0, (calls++ === 0 ? 100 : 90) * D)];
    await expect(client.build(changing, D, OPTIONS)).rejects.toThrow(
      /the 100 vectors of its first call, got 90/,
    );
    expect((await client.info())?.n).toBe(N);
    await client.dispose();
  });
});

describe('addresses', () => {
  it('are those of the page, and errors name them', async () => {
    const asked: string[] = [];
    vi.stubGlobal('document', { baseURI: 'http://page.test/app/index.html' });
    vi.stubGlobal('fetch', async (url: string) => {
      asked.push(url);
      if (url.endsWith('.gone')) return new Response('no', { status: 404 });
      throw new TypeError('fetch failed');
    });
    const client = await SearchClient.start({ worker: fakeWorker().endpoint });
    await expect(client.load({ url: 'index.gone' })).rejects.toThrow(/http:\/\/page\.test\/app\/index\.gone/);
    await expect(client.load({ url: '/index.sag' })).rejects.toThrow(/http:\/\/page\.test\/index\.sag/);
    await expect(client.open({ url: '../x.sag' })).rejects.toThrow();
    expect(asked).toEqual([
      'http://page.test/app/index.gone',
      'http://page.test/index.sag',
      'http://page.test/x.sag',
    ]);
    vi.unstubAllGlobals();
    await expect(client.load({ url: 'index.sag' })).rejects.toThrow(/"url" expected an absolute address/);
    await client.dispose();
  });
});
