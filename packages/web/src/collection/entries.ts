/**
 * The entries of a collection in a database of its own of IndexedDB. Beside them stands how often was committed. A writer knows
 * that number, and its commit changes nothing where it is another one: so a tab that was taken for dead, and lives, spoils nothing.
 *
 * Stores: entries (values by key), state (a number under 'commits').
 */
import { UnsupportedError } from '@sagitta/core-wasm';
import {
  type Change,
  type Durability,
  type Entry,
  type KeyRange,
  LockedError,
} from '@sagitta/retrieval/collection';
import { answer, Database, type Layout } from '../storage/database.ts';

const ENTRIES = 'entries';
const STATE = 'state';
type Store = typeof ENTRIES | typeof STATE;
const COMMITS = 'commits';
const VERSION = 1;

function databaseName(collection: string): string {
  return `sagitta/${collection}`;
}

function layoutOf(collection: string, mayBeMade: boolean): Layout {
  const name = databaseName(collection);
  return {
    name,
    version: VERSION,
    upgrade(database, _, transaction) {
      if (!mayBeMade) return transaction.abort();
      for (const store of [ENTRIES, STATE]) database.createObjectStore(store);
    },
    newer: () => new UnsupportedError(`${name}: expected version ${VERSION}, got a newer one`),
  };
}

export class Entries {
  readonly #collection: string;
  readonly #database: Database<Store>;
  /** As of the first read, and of commits since. */
  #commits: number | undefined;

  private constructor(collection: string, database: Database<Store>) {
    this.#collection = collection;
    this.#database = database;
  }

  /** Opens them, or makes them where they may be made; else undefined where there are none. */
  static async open(collection: string, mayBeMade: boolean): Promise<Entries | undefined> {
    try {
      return new Entries(collection, await Database.open(indexedDB, layoutOf(collection, mayBeMade)));
    } catch (error) {
      if (!mayBeMade && error instanceof Error && error.name === 'AbortError') return undefined;
      throw error;
    }
  }

  /** Removes the database; connections to it end. */
  static remove(collection: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const removing = indexedDB.deleteDatabase(databaseName(collection));
      removing.onsuccess = () => resolve();
      removing.onerror = () => reject(removing.error);
    });
  }

  /** Entries by range, all of one moment. */
  read(ranges: readonly KeyRange[]): Promise<Entry[][]> {
    return this.#database.transact([ENTRIES, STATE], 'readonly', async (store) => {
      const commits = commitsIn(store(STATE));
      const lists = ranges.map(async ({ from, to }) => {
        const range = IDBKeyRange.bound(from, to, false, true);
        const [keys, values] = await Promise.all([
          answer(store(ENTRIES).getAllKeys(range)),
          answer<Uint8Array[]>(store(ENTRIES).getAll(range)),
        ]);
        return values.map((value, i) => ({ key: String(keys[i]), value }));
      });
      const [count, ...entries] = await Promise.all([commits, ...lists]);
      this.#commits ??= count;
      return entries;
    });
  }

  /** All changes or none. @throws LockedError where another has committed */
  async commit(changes: readonly Change[], durability: Durability): Promise<void> {
    const known = this.#commits ?? (await this.version());
    const body = async (store: (name: Store) => IDBObjectStore): Promise<void> => {
      if ((await commitsIn(store(STATE))) !== known) throw new LockedError(this.#collection);
      for (const { key, value } of changes) {
        if (value) store(ENTRIES).put(alone(value), key);
        else store(ENTRIES).delete(key);
      }
      await answer(store(STATE).put(known + 1, COMMITS));
    };
    const kept = durability === 'sync' ? 'strict' : 'relaxed';
    await this.#database.transact([ENTRIES, STATE], 'readwrite', body, kept);
    this.#commits = known + 1;
  }

  /** How often was committed. */
  version(): Promise<number> {
    return this.#database.transact([STATE], 'readonly', (store) => commitsIn(store(STATE)));
  }

  close(): void {
    this.#database.close();
  }
}

async function commitsIn(store: IDBObjectStore): Promise<number> {
  return (await answer<number | undefined>(store.get(COMMITS))) ?? 0;
}

/** A view takes all it is of with it. */
function alone(value: Uint8Array): Uint8Array {
  return value.byteLength === value.buffer.byteLength ? value : value.slice();
}
