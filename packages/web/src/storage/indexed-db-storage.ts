/**
 * Indexes in IndexedDB, in blocks of 1 MiB: a few large values, not one for each vector. Blocks of a new generation are
 * written in transactions of their own, so that memory holds some blocks and not the index; the last transaction switches
 * the manifest, all or nothing.
 *
 * Tabs need no lock to keep out of one another's way. A generation has a name of its own; its writer is entered in the store
 * of writers, with the time, by the transaction of each block, and has to be there still for the next. Whoever cleans takes
 * away generations that no manifest names and whose writer is dead, in one transaction that looks at both. With Web Locks a
 * writer is dead if its lock is free, without them after a minute of silence; a living one so mistaken ends in an error.
 *
 * Stores: manifests (by name), blocks (by name, generation, number), writers (by name, generation; since version 2).
 */
import { FormatError, UnsupportedError } from '@sagitta/core-wasm';
import type { ByteSource } from '@sagitta/retrieval';
import { checkRange } from '@sagitta/retrieval/internal';
import { BlockedError, ChangedError } from '../errors.ts';
import { answer, Database, type Layout } from './database.ts';
import type { IndexStorage, StoredIndex } from './index-storage.ts';
import { Locks, readLock, writeLock } from './locks.ts';
import { checkRoom, quotaErrorFrom } from './quota-error.ts';
import { ATTEMPTS, checkLength, checkName, lengthOf, missing, newGeneration } from './writing.ts';

const MANIFESTS = 'manifests';
const BLOCKS = 'blocks';
const WRITERS = 'writers';
type Store = typeof MANIFESTS | typeof BLOCKS | typeof WRITERS;
const LAYOUT: Layout = {
  name: 'sagitta',
  version: 2,
  upgrade(database, oldVersion) {
    for (const store of oldVersion < 1 ? [MANIFESTS, BLOCKS, WRITERS] : [WRITERS])
      database.createObjectStore(store);
  },
  newer: () =>
    new BlockedError(
      '"storage" expected a database of this version or an older one, got one of a newer version',
    ),
};

const BLOCK_BYTES = 1 << 20;
/** Where there are no locks, a writer that has been silent for so long is taken for dead. */
const WRITER_TIMEOUT_MS = 60_000;
const ALL: readonly Store[] = [MANIFESTS, BLOCKS, WRITERS];

/** Numbers are those of the first layout, which counted. */
type Generation = string | number;

interface Manifest {
  readonly generation: Generation;
  readonly bytes: number;
  readonly blockBytes: number;
}

export interface IndexedDbOptions {
  readonly factory?: IDBFactory;
  readonly locks?: Locks;
  readonly openTimeoutMs?: number;
}

export class IndexedDbStorage implements IndexStorage {
  readonly kind = 'indexeddb';
  readonly #factory: IDBFactory;
  readonly #locks: Locks;
  readonly #openTimeoutMs: number | undefined;

  private constructor(factory: IDBFactory, { locks = new Locks(), openTimeoutMs }: IndexedDbOptions) {
    this.#factory = factory;
    this.#locks = locks;
    this.#openTimeoutMs = openTimeoutMs;
  }

  /**
   * Opens the storage and takes away what saves left that were cut off.
   * @throws UnsupportedError where there is no IndexedDB, BlockedError where another page holds it
   */
  static async open(options: IndexedDbOptions = {}): Promise<IndexedDbStorage> {
    const factory = options.factory ?? globalThis.indexedDB;
    if (!factory) {
      throw new UnsupportedError('"storage" expected an engine with IndexedDB, got one without');
    }
    const storage = new IndexedDbStorage(factory, options);
    await storage.#connected((database) => storage.#clean(database));
    return storage;
  }

  async write(
    name: string,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    byteLength?: number,
  ): Promise<number> {
    checkName(name);
    const wanted = lengthOf(chunks, byteLength);
    return this.#change(name, wanted, async (database) => {
      await this.#clean(database, name);
      if (wanted !== undefined) await checkRoom(wanted);
      const generation = newGeneration();
      let bytes = 0;
      try {
        let number = 0;
        for await (const block of evenBlocks(chunks)) {
          await writeBlock(database, [name, generation, number++], block);
          bytes += block.length;
        }
        checkLength(byteLength, bytes);
        await database.transact(ALL, 'readwrite', async (store) => {
          if (number > 0) await mustBeKnown(store, name, generation);
          store(WRITERS).delete([name, generation]);
          const manifest: Manifest = { generation, bytes, blockBytes: BLOCK_BYTES };
          await answer(store(MANIFESTS).put(manifest, name));
        });
      } catch (error) {
        // what does not go now goes with the next write
        await database
          .transact(ALL, 'readwrite', (store) => removeBlocks(store, name, generation))
          .catch(() => {});
        throw await quotaErrorFrom(error, wanted ?? bytes);
      }
      // the new index is there, whatever becomes of the old one's blocks
      await this.#cleanName(database, name).catch(() => {});
      return bytes;
    });
  }

  async open(name: string): Promise<ByteSource> {
    const database = await Database.open<Store>(this.#factory, LAYOUT, this.#openTimeoutMs);
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const manifest = await manifestOf(database, name);
        if (!manifest) throw missing(name);
        const release = await this.#locks.hold(readLock(this.kind, name, manifest.generation));
        // a generation that is current while it is held is not cleaned away
        if ((await manifestOf(database, name))?.generation === manifest.generation) {
          return sourceOf(database, name, manifest, release);
        }
        release();
      }
      throw new ChangedError(
        `"name" expected an index that stays, got ${JSON.stringify(name)} replaced at each try`,
      );
    } catch (error) {
      database.close();
      throw error;
    }
  }

  list(): Promise<StoredIndex[]> {
    return this.#connected(async (database) => {
      const [names, manifests] = await database.transact([MANIFESTS], 'readonly', async (store) =>
        Promise.all([answer(store(MANIFESTS).getAllKeys()), answer<Manifest[]>(store(MANIFESTS).getAll())]),
      );
      return manifests.map(({ bytes }, i) => ({ name: String(names[i]), bytes }));
    });
  }

  async remove(name: string): Promise<void> {
    checkName(name);
    return this.#change(name, 0, async (database) => {
      await database.transact([MANIFESTS], 'readwrite', (store) => answer(store(MANIFESTS).delete(name)));
      await this.#cleanName(database, name);
    });
  }

  async #connected<T>(body: (database: Database<Store>) => Promise<T>): Promise<T> {
    const database = await Database.open<Store>(this.#factory, LAYOUT, this.#openTimeoutMs);
    try {
      return await body(database);
    } finally {
      database.close();
    }
  }

  async #change<T>(
    name: string,
    wanted: number | undefined,
    body: (database: Database<Store>) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#locks.exclusive(writeLock(this.kind, name), () => this.#connected(body));
    } catch (error) {
      throw await quotaErrorFrom(error, wanted ?? 0);
    }
  }

  /**
   * Takes away what is left of writes that were cut off; what does not go is left for the next time.
   * @param held - the name whose lock is held
   */
  async #clean(database: Database<Store>, held?: string): Promise<void> {
    const keys = await database.transact([BLOCKS, WRITERS], 'readonly', async (store) =>
      Promise.all([answer(store(BLOCKS).getAllKeys()), answer(store(WRITERS).getAllKeys())]),
    );
    for (const name of new Set(keys.flat().map((key) => namesOf(key).name))) {
      const clean = (): Promise<void> => this.#cleanName(database, name).catch(() => {});
      if (name === held) await clean();
      else await this.#locks.ifFree(writeLock(this.kind, name), clean);
    }
  }

  /** For one name, whose lock is held where there are locks. */
  async #cleanName(database: Database<Store>, name: string): Promise<void> {
    const all = IDBKeyRange.bound([name], [name, []]);
    const [manifest, ...keys] = await database.transact(ALL, 'readonly', async (store) =>
      Promise.all([
        answer<Manifest | undefined>(store(MANIFESTS).get(name)),
        answer(store(BLOCKS).getAllKeys(all)),
        answer(store(WRITERS).getAllKeys(all)),
      ]),
    );
    for (const generation of new Set(keys.flat().map((key) => namesOf(key).generation))) {
      if (generation === manifest?.generation) continue;
      if (!(await this.#locks.isFree(readLock(this.kind, name, generation)))) continue;
      await database.transact(ALL, 'readwrite', async (store) => {
        const now = await answer<Manifest | undefined>(store(MANIFESTS).get(name));
        const time = await answer<number | undefined>(store(WRITERS).get([name, generation]));
        const isRecent = time !== undefined && Math.abs(Date.now() - time) < WRITER_TIMEOUT_MS;
        if (now?.generation === generation || (isRecent && !this.#locks.exist)) return;
        await removeBlocks(store, name, generation);
      });
    }
  }
}

type Stores = (name: Store) => IDBObjectStore;

/** Of a key of the stores of blocks and writers. */
function namesOf(key: IDBValidKey): { name: string; generation: Generation } {
  const [name, generation] = key as [string, Generation];
  return { name, generation };
}

function manifestOf(database: Database<Store>, name: string): Promise<Manifest | undefined> {
  return database.transact([MANIFESTS], 'readonly', (store) => answer(store(MANIFESTS).get(name)));
}

/** The first block enters its writer, the others find it there. */
function writeBlock(
  database: Database<Store>,
  [name, generation, number]: [string, string, number],
  block: Uint8Array,
): Promise<void> {
  return database.transact([BLOCKS, WRITERS], 'readwrite', async (store) => {
    if (number > 0) await mustBeKnown(store, name, generation);
    store(WRITERS).put(Date.now(), [name, generation]);
    await answer(store(BLOCKS).put(block, [name, generation, number]));
  });
}

async function mustBeKnown(store: Stores, name: string, generation: string): Promise<void> {
  if ((await answer(store(WRITERS).get([name, generation]))) === undefined) {
    const detail = 'got this one taken for dead by another tab, after a long pause';
    throw new ChangedError(
      `"name" expected ${JSON.stringify(name)} to have its writers to the end, ${detail}`,
    );
  }
}

async function removeBlocks(store: Stores, name: string, generation: Generation): Promise<void> {
  store(WRITERS).delete([name, generation]);
  await answer(store(BLOCKS).delete(IDBKeyRange.bound([name, generation], [name, generation, []])));
}

function sourceOf(
  database: Database<Store>,
  name: string,
  manifest: Manifest,
  release: () => void,
): ByteSource {
  const { generation, bytes: size, blockBytes } = manifest;
  return {
    size,
    close: () => {
      release();
      database.close();
    },
    read: async (offset, length, signal) => {
      checkRange({ size }, offset, length);
      signal?.throwIfAborted();
      const first = Math.floor(offset / blockBytes);
      const last = Math.floor(Math.max(offset, offset + length - 1) / blockBytes);
      const range = IDBKeyRange.bound([name, generation, first], [name, generation, last]);
      const [now, blocks] = await database.transact([MANIFESTS, BLOCKS], 'readonly', async (store) =>
        Promise.all([
          answer<Manifest | undefined>(store(MANIFESTS).get(name)),
          answer<Uint8Array[]>(store(BLOCKS).getAll(range)),
        ]),
      );
      const got = joined(blocks, offset - first * blockBytes, length);
      if (got) return got;
      const text = JSON.stringify(name);
      if (now?.generation === generation)
        throw new FormatError(`"name" expected ${length} bytes of ${text}, got fewer`, offset);
      throw new ChangedError(`"name" expected ${text} as it was opened, got it replaced or removed`);
    },
  };
}

/** The chunks as blocks of BLOCK_BYTES, the last one shorter. */
async function* evenBlocks(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let block = new Uint8Array(BLOCK_BYTES);
  let length = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const count = Math.min(BLOCK_BYTES - length, chunk.length - at);
      block.set(chunk.subarray(at, at + count), length);
      length += count;
      at += count;
      if (length < BLOCK_BYTES) continue;
      yield block;
      block = new Uint8Array(BLOCK_BYTES);
      length = 0;
    }
  }
  if (length > 0) yield block.slice(0, length);
}

/** The bytes of the blocks from `start`; undefined if there are fewer than `length`. */
function joined(blocks: readonly Uint8Array[], start: number, length: number): Uint8Array | undefined {
  const first = blocks[0];
  if (blocks.length === 1 && first && first.length >= start + length) {
    return first.subarray(start, start + length);
  }
  const out = new Uint8Array(length);
  let at = -start;
  for (const block of blocks) {
    const from = Math.max(0, -at);
    const part = block.subarray(from, from + Math.max(0, length - Math.max(0, at)));
    out.set(part, Math.max(0, at));
    at += block.length;
  }
  return at < length ? undefined : out;
}
