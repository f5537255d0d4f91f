/** One origin of a browser with several tabs, for both kinds of storage, with Web Locks and without. */
import { IDBFactory } from 'fake-indexeddb';
import { vi } from 'vitest';
import type { IndexStorage, StorageKind } from '../../src/index.ts';
import { IndexedDbStorage } from '../../src/storage/indexed-db-storage.ts';
import { Locks } from '../../src/storage/locks.ts';
import { OpfsStorage } from '../../src/storage/opfs-storage.ts';
import { factoryOf } from './fake-database.ts';
import { FakeFileHandle, FakeOpfs } from './fake-opfs.ts';
import { FakeTab } from './fake-tab.ts';
import { FakeWebLocks } from './fake-web-locks.ts';

export class FakeOrigin {
  readonly disk: FakeOpfs = new FakeOpfs();
  readonly factory: IDBFactory = new IDBFactory();
  readonly kind: StorageKind;
  readonly #locks: FakeWebLocks | undefined;

  constructor(kind: StorageKind, hasLocks: boolean) {
    this.kind = kind;
    this.#locks = hasLocks ? new FakeWebLocks() : undefined;
  }

  async open(tab: FakeTab = new FakeTab()): Promise<IndexStorage> {
    const held = this.#locks?.tab();
    if (held) tab.onKill(held.kill);
    const locks = new Locks(held?.manager ?? null);
    if (this.kind === 'indexeddb') {
      return IndexedDbStorage.open({ factory: factoryOf(this.factory, tab), locks });
    }
    vi.stubGlobal('FileSystemFileHandle', FakeFileHandle);
    vi.stubGlobal('navigator', { storage: { getDirectory: async () => this.disk.folder(tab) } });
    return OpfsStorage.open(locks);
  }

  /** Generations of all indexes that take up room, whole or not. */
  async generations(): Promise<number> {
    if (this.kind === 'opfs') {
      return [...this.disk.files().keys()].filter((path) => path.endsWith('.sag')).length;
    }
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = this.factory.open('sagitta');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    const keys = await new Promise<IDBValidKey[]>((resolve) => {
      const request = database.transaction('blocks').objectStore('blocks').getAllKeys();
      request.onsuccess = () => resolve(request.result);
    });
    database.close();
    return new Set(keys.map((key) => JSON.stringify((key as IDBValidKey[]).slice(0, 2)))).size;
  }
}

/** Lets so many milliseconds pass on the clock. */
export function passTime(milliseconds: number): void {
  const now = Date.now();
  vi.spyOn(Date, 'now').mockImplementation(() => now + milliseconds);
}
