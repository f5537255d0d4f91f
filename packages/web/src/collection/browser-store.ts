/** The browser as the store of a collection: entries in IndexedDB, files in OPFS, one writer by a Web Lock. */
import { UnsupportedError } from '@sagitta/core-wasm';
import type { ByteSource } from '@sagitta/retrieval';
import {
  type Change,
  type CollectionStore,
  type Entry,
  type KeyRange,
  LockedError,
  type OpenPlan,
} from '@sagitta/retrieval/collection';
import { type Connection, connect, type WorkerEndpoint } from '@sagitta/retrieval/remote';
import { FileFolder } from '../storage/file-folder.ts';
import { Locks, writeLock } from '../storage/locks.ts';
import { canStreamFiles, canWriteFiles } from '../storage/private-files.ts';
import { WEB_CLIENT, type WebPlace } from '../worker/web-place.ts';
import { Entries } from './entries.ts';
import { storageError, storing } from './storage-errors.ts';

/** How long the lock of a page that was left or of a tab that has ended may stay. */
const RELEASE_MS = 1000;

type How = Pick<OpenPlan, 'readOnly' | 'durability'>;
type Release = () => Promise<void>;

export class BrowserStore implements CollectionStore {
  readonly name: string;
  readonly argument = 'name';
  readonly builderStorage: string;
  readonly #createWorker: () => WorkerEndpoint;
  readonly #entries: Entries;
  readonly #folder: FileFolder;
  readonly #durability: OpenPlan['durability'];
  /** Of the writer. */
  readonly #release: Release | undefined;

  private constructor(
    name: string,
    createWorker: () => WorkerEndpoint,
    durability: OpenPlan['durability'],
    { entries, folder, release }: { entries: Entries; folder: FileFolder; release: Release | undefined },
  ) {
    this.name = name;
    this.builderStorage = folder.kind;
    this.#createWorker = createWorker;
    this.#durability = durability;
    this.#entries = entries;
    this.#folder = folder;
    this.#release = release;
  }

  /** @throws LockedError, StorageError, UnsupportedError; RangeError where a reader finds no collection */
  static async open(name: string, how: How, createWorker: () => WorkerEndpoint): Promise<BrowserStore> {
    checkPlatform(how.readOnly);
    const locks = new Locks();
    const release = how.readOnly ? undefined : await storing(name, () => lockFor(locks, name));
    try {
      return await storing(name, async () => {
        const entries = await Entries.open(name, !how.readOnly);
        if (!entries) throw new RangeError(`"name" expected a collection, got none in ${name}`);
        try {
          const folder = await FileFolder.open(name, locks);
          return new BrowserStore(name, createWorker, how.durability, { entries, folder, release });
        } catch (error) {
          entries.close();
          throw error;
        }
      });
    } catch (error) {
      await release?.();
      throw error;
    }
  }

  /** Removes a collection that nobody writes; those that read it get a StorageError. */
  static async remove(name: string): Promise<void> {
    checkPlatform(true);
    const release = await storing(name, () => lockFor(new Locks(), name));
    try {
      await storing(name, async () => {
        // without entries files are nobody's
        await Entries.remove(name);
        await FileFolder.removeAll(name);
      });
    } finally {
      await release();
    }
  }

  get isWriter(): boolean {
    return this.#release !== undefined;
  }

  read(ranges: readonly KeyRange[]): Promise<Entry[][]> {
    return storing(this.name, () => this.#entries.read(ranges));
  }

  commit(changes: readonly Change[]): Promise<void> {
    return storing(this.name, () => this.#entries.commit(changes, this.#durability));
  }

  version(): Promise<number> {
    return storing(this.name, () => this.#entries.version());
  }

  /** IndexedDB checks itself and says nothing; what it gives has checksums. */
  async defect(): Promise<string | undefined> {
    return undefined;
  }

  async openFile(name: string): Promise<ByteSource> {
    const place = `${this.name}/${name}`;
    const source = await storing(place, () => this.#folder.open(name));
    return { ...source, read: (...range) => storing(place, () => source.read(...range)) };
  }

  async writeFile(name: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    await storing(`${this.name}/${name}`, () => this.#folder.write(name, pieces));
  }

  fileNames(): Promise<string[]> {
    return storing(this.name, () => this.#folder.names());
  }

  removeFile(name: string): Promise<void> {
    return storing(`${this.name}/${name}`, () => this.#folder.remove(name));
  }

  renameFile(name: string, to: string): Promise<void> {
    return storing(`${this.name}/${name}`, () => this.#folder.rename(name, to));
  }

  /** The worker is made in a turn of its own: in Firefox 153 a worker that makes one in a microtask may lose the others of that turn. */
  async startBuilder(): Promise<Connection<WebPlace>> {
    const worker = await new Promise<WorkerEndpoint>((resolve, reject) => {
      setTimeout(() => {
        try {
          resolve(this.#createWorker());
        } catch (error) {
          reject(error);
        }
      });
    });
    return connect(WEB_CLIENT, { worker });
  }

  openOther(name: string): Promise<BrowserStore> {
    return BrowserStore.open(name, { readOnly: false, durability: 'sync' }, this.#createWorker);
  }

  translated(error: unknown): unknown {
    return storageError(this.name, error);
  }

  async close(): Promise<void> {
    if (this.#release) await this.#folder.removeLeft().catch(() => {});
    this.#entries.close();
    await this.#release?.();
  }
}

/** @throws UnsupportedError naming what the platform lacks */
function checkPlatform(isReader: boolean): void {
  const lacks = (what: string): UnsupportedError =>
    new UnsupportedError(`a collection expected ${what}, got none`);
  if (!globalThis.indexedDB) throw lacks('IndexedDB');
  if (!new Locks().exist) throw lacks('Web Locks, which secure origins have (https: or localhost)');
  if (isReader || canWriteFiles() || canStreamFiles()) return;
  throw lacks(
    'a thread that can write files of OPFS (a dedicated worker, or a page with createWritable: Safari from 26 on)',
  );
}

/** @throws LockedError where another tab, worker or collection has it */
async function lockFor(locks: Locks, name: string): Promise<Release> {
  const release = await locks.take(writeLock('collection', name), RELEASE_MS);
  if (release) return release;
  throw new LockedError(name);
}
