import { IDBFactory, IDBKeyRange, IDBObjectStore } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStorage } from '../../src/index.ts';
import { IndexedDbStorage } from '../../src/storage/indexed-db-storage.ts';
import { storageCase } from './storage.case.ts';

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
});
afterEach(() => vi.unstubAllGlobals());

storageCase('indexeddb', () => IndexedDbStorage.open());

describe('IndexedDbStorage', () => {
  it('is what is opened where there is no OPFS', async () => {
    expect((await openStorage()).kind).toBe('indexeddb');
    await expect(openStorage('opfs')).rejects.toMatchObject({ code: 'SAGITTA_UNSUPPORTED' });
    vi.stubGlobal('indexedDB', undefined);
    await expect(openStorage()).rejects.toMatchObject({ code: 'SAGITTA_UNSUPPORTED' });
  });

  it('has the old index until the new one is whole, and no blocks of a write that failed', async () => {
    const storage = await IndexedDbStorage.open();
    const old = new Uint8Array(1_500_000).fill(1);
    await storage.write('index', [old]);
    const bad = new Uint8Array(1_200_000);
    const pieces = [bad, bad];
    const { prototype } = IDBObjectStore;
    const original = prototype.put;
    let written = 0;
    prototype.put = function (...args: Parameters<typeof original>) {
      if (++written === 2) throw new DOMException('full', 'QuotaExceededError');
      return original.apply(this, args);
    };
    try {
      await expect(storage.write('index', pieces)).rejects.toMatchObject({ name: 'QuotaError' });
    } finally {
      prototype.put = original;
    }
    expect(written).toBe(2);
    const source = await storage.open('index');
    expect(Buffer.compare(await source.read(0, source.size), old)).toBe(0);
  });
});
