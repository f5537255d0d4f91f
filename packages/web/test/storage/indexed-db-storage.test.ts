import { IDBFactory, IDBKeyRange, IDBObjectStore } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type IndexStorage, openStorage } from '../../src/index.ts';
import { IndexedDbStorage } from '../../src/storage/indexed-db-storage.ts';
import { FakeOrigin, passTime } from '../support/fake-origin.ts';
import { FakeTab } from '../support/fake-tab.ts';
import { storageCase } from './storage.case.ts';
import { storageTabsCase } from './storage-tabs.case.ts';

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

storageCase('indexeddb', () => IndexedDbStorage.open());
storageTabsCase('indexeddb', true);
storageTabsCase('indexeddb', false);

/** A connection of somebody else, who closes it when asked to, or not. */
function connect(version?: number, upgrade?: (database: IDBDatabase) => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('sagitta', version);
    opening.onupgradeneeded = () => upgrade?.(opening.result);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

function deleteDatabase(): Promise<void> {
  return new Promise((resolve, reject) => {
    const deleting = indexedDB.deleteDatabase('sagitta');
    deleting.onsuccess = () => resolve();
    deleting.onerror = () => reject(deleting.error);
  });
}

describe('IndexedDbStorage', () => {
  const old = new Uint8Array(1_500_000).fill(1);

  async function read(storage: IndexStorage): Promise<Uint8Array> {
    const source = await storage.open('index');
    try {
      return await source.read(0, source.size);
    } finally {
      await source.close?.();
    }
  }

  it('is what is opened where there is no OPFS', async () => {
    expect((await openStorage()).kind).toBe('indexeddb');
    await expect(openStorage('opfs')).rejects.toMatchObject({ code: 'SAGITTA_UNSUPPORTED' });
    vi.stubGlobal('indexedDB', undefined);
    await expect(openStorage()).rejects.toMatchObject({ code: 'SAGITTA_UNSUPPORTED' });
  });

  it.each(['a call that throws', 'a request that fails'])(
    'has the old index, and no blocks of the new one, where the quota ends at any write: %s',
    async (how) => {
      const storage = await IndexedDbStorage.open();
      await storage.write('index', [old]);
      const { put } = IDBObjectStore.prototype;
      let puts = 0;
      const count = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
        this: IDBObjectStore,
        ...args: Parameters<typeof put>
      ) {
        puts++;
        return put.apply(this, args);
      });
      await storage.write('index', [old]);
      count.mockRestore();
      expect(puts).toBe(5);
      for (let last = 1; last <= puts; last++) {
        let written = 0;
        const full = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
          this: IDBObjectStore,
          ...args: Parameters<typeof put>
        ) {
          if (++written < last) return put.apply(this, args);
          const error = new DOMException('full', 'QuotaExceededError');
          if (how === 'a call that throws') throw error;
          const request = put.apply(this, args);
          // as browsers do: the transaction ends with the error, and none of it is there
          this.transaction.abort();
          Object.defineProperty(this.transaction, 'error', { value: error });
          return request;
        });
        const failure = await storage.write('index', [new Uint8Array(1_200_000)]).catch((error) => error);
        full.mockRestore();
        expect(failure).toMatchObject({ code: 'SAGITTA_QUOTA', wanted: 1_200_000, available: undefined });
        expect(Buffer.compare(await read(storage), old)).toBe(0);
        const database = await connect();
        const keys = await new Promise<IDBValidKey[]>((resolve) => {
          const request = database.transaction('blocks').objectStore('blocks').getAllKeys();
          request.onsuccess = () => resolve(request.result);
        });
        database.close();
        expect(keys).toHaveLength(2);
      }
    },
  );

  it('reads what the first layout has, and writes on', async () => {
    const first = await connect(1, (database) => {
      database.createObjectStore('manifests');
      database.createObjectStore('blocks');
    });
    const transaction = first.transaction(['manifests', 'blocks'], 'readwrite');
    transaction
      .objectStore('manifests')
      .put({ generation: 3, bytes: old.length, blockBytes: 1 << 20 }, 'index');
    const blocks = transaction.objectStore('blocks');
    blocks.put(old.slice(0, 1 << 20), ['index', 3, 0]);
    blocks.put(old.slice(1 << 20), ['index', 3, 1]);
    blocks.put(new Uint8Array(1 << 20), ['index', 4, 0]);
    blocks.put(new Uint8Array(1 << 20), ['other', 1, 0]);
    await new Promise((resolve) => {
      transaction.oncomplete = resolve;
    });
    first.close();
    const storage = await IndexedDbStorage.open();
    expect(await storage.list()).toEqual([{ name: 'index', bytes: old.length }]);
    expect(Buffer.compare(await read(storage), old)).toBe(0);
    await storage.write('index', [old.subarray(5)]);
    expect(Buffer.compare(await read(storage), old.subarray(5))).toBe(0);
    const database = await connect();
    const count = await new Promise((resolve) => {
      const request = database.transaction('blocks').objectStore('blocks').count();
      request.onsuccess = () => resolve(request.result);
    });
    expect(count).toBe(2);
    database.close();
  });

  it('lets the database be deleted while it is in use, and goes on with a new one', async () => {
    const storage = await IndexedDbStorage.open();
    await storage.write('index', [old]);
    const source = await storage.open('index');
    await deleteDatabase();
    await expect(source.read(0, 1)).rejects.toMatchObject({ code: 'SAGITTA_CHANGED' });
    await expect(storage.open('index')).rejects.toMatchObject({ code: 'SAGITTA_NOT_FOUND' });
    await source.close?.();
    // in the middle of a write
    let deleted: Promise<void> | undefined;
    function* chunks(): Generator<Uint8Array> {
      yield old;
      deleted = deleteDatabase();
      for (let i = 0; i < 20; i++) yield old;
    }
    await expect(storage.write('index', chunks())).rejects.toMatchObject({ code: 'SAGITTA_CHANGED' });
    await deleted;
    await storage.write('index', [old]);
    expect(Buffer.compare(await read(storage), old)).toBe(0);
  });

  it('does not wait for ever for a database that another page holds, or that is newer', async () => {
    const holder = await connect(1, (database) => database.createObjectStore('manifests'));
    const opening = IndexedDbStorage.open({ openTimeoutMs: 50 });
    await expect(opening).rejects.toMatchObject({ code: 'SAGITTA_BLOCKED' });
    holder.close();
    await deleteDatabase();
    (await connect(9)).close();
    await expect(IndexedDbStorage.open()).rejects.toMatchObject({ code: 'SAGITTA_BLOCKED' });
  });

  it('says of blocks that are missing under the same manifest that the bytes are damaged', async () => {
    const storage = await IndexedDbStorage.open();
    await storage.write('index', [old]);
    const database = await connect();
    const transaction = database.transaction('blocks', 'readwrite');
    const { result: keys } = await new Promise<IDBRequest<IDBValidKey[]>>((resolve) => {
      const request = transaction.objectStore('blocks').getAllKeys();
      request.onsuccess = () => resolve(request);
    });
    transaction.objectStore('blocks').delete(keys[1] ?? '');
    database.close();
    await expect(read(storage)).rejects.toMatchObject({ code: 'SAGITTA_FORMAT' });
  });

  it('without locks, does not take a writer for dead that has just written, and says so to one that it did', async () => {
    const origin = new FakeOrigin('indexeddb', false);
    const tab = new FakeTab();
    const slow = await origin.open(tab);
    const cleaner = await origin.open();
    for (const [pause, code] of [
      [59_000, undefined],
      [61_000, 'SAGITTA_CHANGED'],
    ] as const) {
      function* chunks(): Generator<Uint8Array> {
        yield old;
        // the tab sleeps when its next block is written, and another one cleans
        tab.turn = async () => {
          tab.turn = async () => {};
          passTime(pause);
          await cleaner.write('other', [new Uint8Array(10)]);
        };
        for (let i = 0; i < 20; i++) yield old;
      }
      const outcome = await slow.write('index', chunks()).then(
        () => undefined,
        (error) => error.code,
      );
      expect(outcome).toBe(code);
      expect((await read(slow)).length).toBe(21 * old.length);
    }
  });
});
