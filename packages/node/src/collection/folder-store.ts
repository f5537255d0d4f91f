/** A folder as the store of a collection: `collection.db` with the entries, `writer.lock`, and the files of segments. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ByteSource } from '@sagitta/retrieval';
import type { Change, CollectionStore, Entry, KeyRange, OpenPlan } from '@sagitta/retrieval/collection';
import { type Connection, connect } from '@sagitta/retrieval/remote';
import { writeFileAtomic } from '../atomic-file.ts';
import { fileSource } from '../file-source.ts';
import { NODE_CLIENT, type NodePlace } from '../worker/node-place.ts';
import type { SearchWorkerData } from '../worker/search-worker.ts';
import { threadEndpoint } from '../worker/thread-endpoint.ts';
import { DATABASE, isCollection } from './database-name.ts';
import { EntryReader } from './entries.ts';
import { EntryClient } from './entry-client.ts';
import type { EntryThreadData } from './entry-thread.ts';
import { findSqlite, importSqlite } from './sqlite.ts';
import { storageError, storing } from './storage-errors.ts';
import { WriterLock } from './writer-lock.ts';

const LOCK = 'writer.lock';

/** Files of the threads of a collection. */
export interface ThreadFiles {
  readonly entries: URL;
  readonly search: URL;
}

/** Those of the package. */
export const THREADS: ThreadFiles = {
  entries: new URL('./entry-thread.js', import.meta.url),
  search: new URL('../worker/search-worker.js', import.meta.url),
};

export class FolderStore implements CollectionStore {
  readonly name: string;
  readonly argument = 'folder';
  readonly builderStorage: string;
  readonly #threads: ThreadFiles;
  readonly #reader: EntryReader;
  readonly #writer: { readonly lock: WriterLock; readonly client: EntryClient } | undefined;

  private constructor(
    folder: string,
    threads: ThreadFiles,
    reader: EntryReader,
    writer: { readonly lock: WriterLock; readonly client: EntryClient } | undefined,
  ) {
    this.name = folder;
    this.builderStorage = folder;
    this.#threads = threads;
    this.#reader = reader;
    this.#writer = writer;
  }

  /** @throws LockedError, StorageError, FormatError, UnsupportedError; RangeError where a reader finds no collection */
  static async open(
    path: string,
    { readOnly, durability }: Pick<OpenPlan, 'readOnly' | 'durability'>,
    threads: ThreadFiles = THREADS,
  ): Promise<FolderStore> {
    const folder = resolve(path);
    const database = join(folder, DATABASE);
    const binding = await findSqlite();
    const sqlite = await importSqlite(binding);
    if (readOnly) {
      if (!(await isCollection(folder)))
        throw new RangeError(`"folder" expected a collection, got none in ${folder}`);
      const reader = await storing(database, () => new EntryReader(sqlite, database));
      return new FolderStore(folder, threads, reader, undefined);
    }
    await storing(folder, () => mkdir(folder, { recursive: true }));
    const lock = await storing(folder, () => new WriterLock(sqlite, join(folder, LOCK), folder));
    let client: EntryClient | undefined;
    try {
      const workerData: EntryThreadData = { sqlite: binding, path: database, durability };
      client = await EntryClient.start(new Worker(threads.entries, { workerData, execArgv: [] }), database);
      const reader = await storing(database, () => new EntryReader(sqlite, database));
      return new FolderStore(folder, threads, reader, { lock, client });
    } catch (error) {
      await client?.close();
      lock.release();
      throw error;
    }
  }

  get isWriter(): boolean {
    return this.#writer !== undefined;
  }

  read(ranges: readonly KeyRange[]): Promise<Entry[][]> {
    return storing(join(this.name, DATABASE), () => this.#reader.read(ranges));
  }

  async commit(changes: readonly Change[]): Promise<void> {
    if (!this.#writer) throw new RangeError('"store" expected one opened for writing, got one for reading');
    await this.#writer.client.commit(changes);
  }

  version(): Promise<number> {
    return storing(join(this.name, DATABASE), () => this.#reader.version());
  }

  async defect(): Promise<string | undefined> {
    try {
      return this.#reader.defect();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  openFile(name: string): Promise<ByteSource> {
    const path = join(this.name, name);
    return storing(path, () => fileSource(path));
  }

  writeFile(name: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const path = join(this.name, name);
    return storing(path, () => writeFileAtomic(path, pieces));
  }

  fileNames(): Promise<string[]> {
    return storing(this.name, () => readdir(this.name));
  }

  removeFile(name: string): Promise<void> {
    return storing(join(this.name, name), () => rm(join(this.name, name), { force: true }));
  }

  renameFile(name: string, to: string): Promise<void> {
    return storing(join(this.name, name), () => rename(join(this.name, name), join(this.name, to)));
  }

  startBuilder(): Promise<Connection<NodePlace>> {
    // folds and merges may take longer, searches may not
    const workerData: SearchWorkerData = { isBehind: true };
    const thread = new Worker(this.#threads.search, { execArgv: [], workerData });
    return connect(NODE_CLIENT, { worker: threadEndpoint(thread) });
  }

  openOther(name: string): Promise<FolderStore> {
    return FolderStore.open(name, { readOnly: false, durability: 'sync' }, this.#threads);
  }

  translated(error: unknown): unknown {
    return storageError(this.name, error);
  }

  async close(): Promise<void> {
    this.#reader.close();
    await this.#writer?.client.close();
    this.#writer?.lock.release();
  }
}
