/** Workers that end, close, never start or go silent: every call settles with WorkerGoneError, and says which shard. */
import { clusteredRows } from '@sagitta/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Endpoint, SearchClient, ShardedClient, serveSearch, WorkerGoneError } from '../../src/index.ts';
import { FakeWebLocks } from '../support/fake-web-locks.ts';
import { fakeWorker } from '../support/workers.ts';

const D = 8;
const N = 3000;
const rows = clusteredRows(N, D, { seed: 6, clusters: 12, spread: 0.5 });
const query = rows.subarray(0, D);
const OPTIONS = { metric: 'l2', bits: 4 } as const;

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Without events but messages: what a page sees of a worker that has closed itself. */
function quiet(port: MessagePort, onTerminate?: () => void): Endpoint & { terminate?(): void } {
  const only = (type: string): boolean => type === 'message';
  return {
    postMessage: (message, transfer) => port.postMessage(message, transfer),
    addEventListener: (type: string, listener: (event: MessageEvent) => void) => {
      if (only(type)) port.addEventListener('message', listener);
    },
    removeEventListener: (type: string, listener: (event: MessageEvent) => void) => {
      if (only(type)) port.removeEventListener('message', listener);
    },
    start: () => port.start(),
    ...(onTerminate && { terminate: onTerminate }),
  };
}

async function outcomes(calls: Promise<unknown>[]): Promise<unknown[]> {
  const ends = await Promise.allSettled(calls);
  return ends.map((end) => (end.status === 'rejected' ? end.reason : end.value));
}

function expectGone(errors: unknown[], shard?: number): void {
  for (const error of errors) {
    expect(error).toBeInstanceOf(WorkerGoneError);
    expect(error).toMatchObject({ name: 'WorkerGoneError', code: 'SAGITTA_WORKER', shard });
  }
}

describe('a worker that is gone', () => {
  it('ends what waits and what is asked later, where its port closes', async () => {
    const { endpoint, inside } = fakeWorker();
    const client = await SearchClient.start({ worker: endpoint });
    await client.build(rows, D, OPTIONS);
    const calls = [client.build(rows, D, OPTIONS), client.add(rows), client.search(query, 1), client.info()];
    inside.close();
    expectGone(await outcomes(calls));
    expectGone(
      await outcomes([client.search(query, 1), client.add(rows), client.toBytes(), client.stored()]),
    );
    await client.dispose();
  });

  it('ends the other shards, and is named', async () => {
    const workers = [fakeWorker(), fakeWorker(), fakeWorker()];
    let made = 0;
    const createWorker = (): Endpoint => (workers[made++] as (typeof workers)[number]).endpoint;
    const client = await ShardedClient.start({ shards: 3, createWorker });
    await client.build(rows, D, OPTIONS);
    const calls = [client.add(rows), client.searchBatch(rows, 3), client.info()];
    workers[1]?.inside.close();
    const errors = await outcomes(calls);
    expectGone(errors, 1);
    expect(String(errors[0])).toMatch(/got one \(shard 1\) that has closed its port/);
    expectGone(await outcomes([client.search(query, 1), client.build(rows, D, OPTIONS)]), 1);
    await client.dispose();
  });

  it('is noticed by its lock, which is held as long as it lives', async () => {
    const locks = new FakeWebLocks();
    // the worker takes its lock first, then the page waits for it
    const [page, worker] = [locks.tab(), locks.tab()];
    let asked = 0;
    const request = (...given: unknown[]): unknown =>
      Reflect.apply((asked++ === 0 ? worker : page).manager.request, undefined, given);
    vi.stubGlobal('navigator', { locks: { request, query: page.manager.query } });
    const terminate = vi.fn();
    const { endpoint } = fakeWorker();
    const client = await SearchClient.start({ worker: quiet(endpoint as MessagePort, terminate) });
    await client.build(rows, D, OPTIONS);
    expect(Object.values(locks.sizes)).toEqual([2]);
    const call = client.build(rows, D, OPTIONS);
    worker.kill();
    expectGone(await outcomes([call, client.info()]));
    expect(terminate).toHaveBeenCalledOnce();
  });

  it('leaves no lock behind', async () => {
    const locks = new FakeWebLocks();
    vi.stubGlobal('navigator', { locks: locks.tab().manager });
    const client = await SearchClient.start({ worker: fakeWorker().endpoint });
    await client.dispose();
    expect(Object.values(locks.sizes)).toEqual([0]);
  });

  it('is not believed gone where its lock is not to be seen', async () => {
    const locks = new FakeWebLocks();
    vi.stubGlobal('navigator', { locks: locks.tab({ isBlind: true }).manager });
    const client = await SearchClient.start({ worker: fakeWorker().endpoint });
    expect(Object.values(locks.sizes)).toEqual([1]);
    await client.build(rows, D, OPTIONS);
    await client.dispose();
  });

  it('is noticed by its silence where there is neither a lock nor an event', async () => {
    vi.stubGlobal('navigator', {});
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let isSilent = false;
    const { endpoint } = fakeWorker((port) => {
      serveSearch({
        postMessage: (message, transfer) => {
          if (!isSilent) port.postMessage(message, transfer);
        },
        addEventListener: (type: string, listener: (event: MessageEvent) => void) => {
          port.addEventListener(type as 'message', listener);
        },
        removeEventListener: (type: string, listener: (event: MessageEvent) => void) => {
          port.removeEventListener(type as 'message', listener);
        },
        start: () => port.start(),
      });
    });
    const client = await SearchClient.start({ worker: quiet(endpoint as MessagePort) });
    expect(vi.getTimerCount()).toBe(0);
    const ask = async (): Promise<unknown> => client.info().catch((error: unknown) => error);
    expect(await ask()).toBeUndefined();
    isSilent = true;
    const asked = ask();
    await vi.advanceTimersByTimeAsync(14_000);
    let isSettled = false;
    asked.then(() => {
      isSettled = true;
    });
    await Promise.resolve();
    expect(isSettled).toBe(false);
    await vi.advanceTimersByTimeAsync(3000);
    expectGone([await asked]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('may work for minutes in a training', async () => {
    vi.stubGlobal('navigator', {});
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { endpoint } = fakeWorker((port) => {
      port.onmessage = ({ data }) => {
        if (data.op === 'start') port.postMessage({ id: data.id, out: { build: 'simd', isLocked: false } });
        // busy, and then nothing, to the end of its days
        if (data.op === 'train') port.postMessage({ sign: 'busy' });
      };
    });
    const client = await SearchClient.start({ worker: quiet(endpoint as MessagePort) });
    let error: unknown;
    const build = client.build(rows, D, OPTIONS).catch((caught: unknown) => {
      error = caught;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await vi.advanceTimersByTimeAsync(800_000);
    expect(error).toBeUndefined();
    await vi.advanceTimersByTimeAsync(200_000);
    await build;
    expectGone([error]);
  });

  it('is one that does not start in time, or that says nothing', async () => {
    const mute = fakeWorker(() => {});
    expectGone([
      await SearchClient.start({ worker: mute.endpoint, timeoutMs: 30 }).catch((error: unknown) => error),
    ]);
    const { port1, port2 } = new MessageChannel();
    port2.close();
    expectGone([await SearchClient.start({ worker: port1 }).catch((error: unknown) => error)]);
    const reason = new Error('never mind');
    const stop = new AbortController();
    const starting = SearchClient.start({ worker: fakeWorker(() => {}).endpoint, signal: stop.signal });
    stop.abort(reason);
    await expect(starting).rejects.toBe(reason);
  });

  it('leaves no worker where one of several cannot start', async () => {
    const ended: number[] = [];
    const start = (createWorker: (i: number) => Endpoint): Promise<ShardedClient> => {
      let i = 0;
      return ShardedClient.start({
        shards: 3,
        timeoutMs: 200,
        createWorker: () => {
          const number = i++;
          const worker = createWorker(number) as MessagePort;
          return quiet(worker, () => ended.push(number));
        },
      });
    };
    await expect(
      start((i) => {
        if (i === 1) throw new Error('no more workers');
        return fakeWorker().endpoint;
      }),
    ).rejects.toThrow('no more workers');
    expect(ended).toEqual([0]);
    ended.length = 0;
    const error = await start((i) => fakeWorker(i === 1 ? () => {} : undefined).endpoint).catch(
      (caught: unknown) => caught,
    );
    expectGone([error], 1);
    expect(ended.sort()).toEqual([0, 1, 2]);
  });
});
