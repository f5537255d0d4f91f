/**
 * Indexes in IndexedDB, in blocks of 1 MiB: a few large values, not one for each vector. Blocks of a new generation are
 * written in transactions of their own, so that memory holds some blocks and not the index; the last transaction switches
 * the manifest and removes the old blocks, all or nothing.
 */
import { UnsupportedError } from '@sagitta/core-wasm';
import { type ByteSource, checkRange, gatherPieces } from '@sagitta/retrieval';
import type { IndexStorage, StoredIndex } from './index-storage.ts';
import { holdLock, isFree, withLock } from './locks.ts';
import { checkRoom, quotaErrorFrom } from './quota-error.ts';

const DATABASE = 'sagitta';
const MANIFESTS = 'manifests';
const BLOCKS = 'blocks';
const BLOCK_BYTES = 1 << 20;

interface Manifest {
  readonly generation: number;
  readonly bytes: number;
  readonly blockBytes: number;
}

export class IndexedDbStorage implements IndexStorage {
  readonly kind = 'indexeddb';
  readonly #database: IDBDatabase;

  constructor(database: IDBDatabase) {
    this.#database = database;
  }

  /** @throws UnsupportedError where there is no IndexedDB */
  static async open(): Promise<IndexedDbStorage> {
    if (!globalThis.indexedDB) {
      throw new UnsupportedError('"storage" expected an engine with IndexedDB, got one without');
    }
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(MANIFESTS);
      opening.result.createObjectStore(BLOCKS);
    };
    return new IndexedDbStorage(await answer(opening));
  }

  write(name: string, pieces: Iterable<Uint8Array>): Promise<number> {
    if (name.length === 0) throw new RangeError('"name" expected at least one character, got none');
    return withLock(`sagitta/${name}`, 'exclusive', async () => {
      const all = Array.isArray(pieces) ? pieces : [...pieces];
      const bytes = all.reduce((sum, piece) => sum + piece.length, 0);
      await checkRoom(bytes);
      const generation = 1 + (await this.#newestGeneration(name));
      try {
        await this.#writeBlocks(name, generation, all);
        const manifest: Manifest = { generation, bytes, blockBytes: BLOCK_BYTES };
        await this.#transact([MANIFESTS], 'readwrite', (transaction) =>
          transaction.objectStore(MANIFESTS).put(manifest, name),
        );
      } catch (error) {
        await this.#removeGeneration(name, generation).catch(() => {});
        throw await quotaErrorFrom(error, bytes);
      }
      await this.#clean(name, generation);
      return bytes;
    });
  }

  async open(name: string): Promise<ByteSource> {
    const manifest = await this.#manifest(name);
    if (!manifest) throw new RangeError(`"name" expected a stored index, got ${JSON.stringify(name)}`);
    const { generation, bytes: size, blockBytes } = manifest;
    const release = await holdLock(lockOf(name, generation));
    return {
      size,
      close: release,
      read: async (offset, length, signal) => {
        checkRange({ size }, offset, length);
        signal?.throwIfAborted();
        const first = Math.floor(offset / blockBytes);
        const last = Math.floor(Math.max(offset, offset + length - 1) / blockBytes);
        const range = IDBKeyRange.bound([name, generation, first], [name, generation, last]);
        const blocks: Uint8Array[] = await this.#get((transaction) =>
          transaction.objectStore(BLOCKS).getAll(range),
        );
        return joined(blocks, offset - first * blockBytes, length);
      },
    };
  }

  async list(): Promise<StoredIndex[]> {
    const names = await this.#get((transaction) => transaction.objectStore(MANIFESTS).getAllKeys());
    const found: StoredIndex[] = [];
    for (const key of names) {
      const name = String(key);
      const manifest = await this.#manifest(name);
      if (manifest) found.push({ name, bytes: manifest.bytes });
    }
    return found;
  }

  remove(name: string): Promise<void> {
    return withLock(`sagitta/${name}`, 'exclusive', async () => {
      await this.#transact([MANIFESTS, BLOCKS], 'readwrite', (transaction) => {
        transaction.objectStore(MANIFESTS).delete(name);
        transaction.objectStore(BLOCKS).delete(IDBKeyRange.bound([name], [name, []]));
      });
    });
  }

  async #manifest(name: string): Promise<Manifest | undefined> {
    return this.#get((transaction) => transaction.objectStore(MANIFESTS).get(name));
  }

  async #generations(name: string): Promise<Set<number>> {
    const keys = await this.#get((transaction) =>
      transaction.objectStore(BLOCKS).getAllKeys(IDBKeyRange.bound([name], [name, []])),
    );
    return new Set(keys.map((key) => Number((key as IDBValidKey[])[1])));
  }

  async #newestGeneration(name: string): Promise<number> {
    return Math.max((await this.#manifest(name))?.generation ?? 0, ...(await this.#generations(name)));
  }

  async #writeBlocks(name: string, generation: number, pieces: readonly Uint8Array[]): Promise<void> {
    let number = 0;
    for (const block of evenBlocks(pieces)) {
      const key = [name, generation, number++];
      await this.#transact([BLOCKS], 'readwrite', (transaction) =>
        transaction.objectStore(BLOCKS).put(block, key),
      );
    }
  }

  async #removeGeneration(name: string, generation: number): Promise<void> {
    await this.#transact([BLOCKS], 'readwrite', (transaction) =>
      transaction.objectStore(BLOCKS).delete(IDBKeyRange.bound([name, generation], [name, generation, []])),
    );
  }

  async #clean(name: string, current: number): Promise<void> {
    for (const generation of await this.#generations(name)) {
      if (generation === current || !(await isFree(lockOf(name, generation)))) continue;
      await this.#removeGeneration(name, generation);
    }
  }

  /** Settles when the transaction has, not when its requests have: only then is it on disk. */
  #transact(
    stores: string[],
    mode: IDBTransactionMode,
    body: (transaction: IDBTransaction) => unknown,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const transaction = this.#database.transaction(stores, mode, { durability: 'strict' });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      transaction.onerror = () => reject(transaction.error);
      body(transaction);
    });
  }

  #get<T>(body: (transaction: IDBTransaction) => IDBRequest<T>): Promise<T> {
    return answer(body(this.#database.transaction([MANIFESTS, BLOCKS], 'readonly')));
  }
}

function lockOf(name: string, generation: number): string {
  return `sagitta/indexeddb/${name}/${generation}`;
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The pieces as blocks of BLOCK_BYTES, the last one shorter. */
function* evenBlocks(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  let block = new Uint8Array(BLOCK_BYTES);
  let length = 0;
  for (const piece of gatherPieces(pieces, BLOCK_BYTES)) {
    for (let at = 0; at < piece.length; ) {
      const count = Math.min(BLOCK_BYTES - length, piece.length - at);
      block.set(piece.subarray(at, at + count), length);
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

function joined(blocks: readonly Uint8Array[], start: number, length: number): Uint8Array {
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
  if (at < length) throw new RangeError(`"name" expected ${length} bytes, got ${Math.max(0, at)}`);
  return out;
}
