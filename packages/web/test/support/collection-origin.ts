/** One origin with tabs that open collections: what a tab does ends where it is killed. Builders run in the test's thread. */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { vi } from 'vitest';
import { factoryOf } from './fake-database.ts';
import { FakeFileHandle, FakeOpfs } from './fake-opfs.ts';
import { FakeTab } from './fake-tab.ts';
import { FakeWebLocks } from './fake-web-locks.ts';
import { fakeWorker } from './workers.ts';

export class CollectionOrigin {
  readonly disk: FakeOpfs = new FakeOpfs();
  readonly factory: IDBFactory = new IDBFactory();
  readonly #locks = new FakeWebLocks();

  /** What is opened from now on is the tab's. locks — of another origin: then this one's are not seen */
  enter(tab: FakeTab = new FakeTab(), locks: FakeWebLocks = this.#locks): FakeTab {
    const held = locks.tab();
    tab.onKill(held.kill);
    vi.stubGlobal('FileSystemFileHandle', FakeFileHandle);
    vi.stubGlobal('IDBKeyRange', IDBKeyRange);
    vi.stubGlobal('indexedDB', factoryOf(this.factory, tab));
    vi.stubGlobal('navigator', {
      storage: { getDirectory: async () => this.disk.folder(tab) },
      locks: held.manager,
    });
    return tab;
  }

  createWorker = (): MessagePort => fakeWorker().endpoint as MessagePort;

  /** Files of a collection whose name needs no other spelling. */
  files(name: string): string[] {
    const place = `sagitta-collections/${name}/`;
    return [...this.disk.files().keys()]
      .filter((path) => path.startsWith(place))
      .map((path) => path.slice(place.length))
      .sort();
  }
}
