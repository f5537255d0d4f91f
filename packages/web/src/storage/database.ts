/**
 * A connection to a database of IndexedDB. It closes when somebody wants to delete or upgrade the database, so that
 * nobody waits for a page that has only forgotten it.
 */
import { BlockedError, ChangedError } from '../errors.ts';

/** What a database is called and how it is laid out. */
export interface Layout {
  readonly name: string;
  readonly version: number;
  /** Makes it of an older version, 0 where there is none; it is not made, and opening rejects, where the transaction is aborted. */
  upgrade(database: IDBDatabase, oldVersion: number, transaction: IDBTransaction): void;
  /** What opening rejects with where it is of a newer version. */
  newer(): Error;
}

/** A database that is held by an old page, or about to be deleted, is not waited for any longer. */
const OPEN_TIMEOUT_MS = 15_000;

/** Store — names of its object stores. */
export class Database<Store extends string> {
  readonly #connection: IDBDatabase;
  #closed: 'by us' | 'by others' | undefined;

  private constructor(connection: IDBDatabase) {
    this.#connection = connection;
    connection.onversionchange = () => {
      this.#closed ??= 'by others';
      connection.close();
    };
    // the user cleared the site's data
    connection.onclose = () => {
      this.#closed ??= 'by others';
    };
  }

  /** @throws BlockedError if another page holds an older version of the database and does not close it */
  static open<Store extends string>(
    factory: IDBFactory,
    layout: Layout,
    timeoutMs: number = OPEN_TIMEOUT_MS,
  ): Promise<Database<Store>> {
    return new Promise((resolve, reject) => {
      const opening = factory.open(layout.name, layout.version);
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        const what =
          'a database that opens: another page of this origin holds an older version, or its deletion waits';
        reject(new BlockedError(`"storage" expected ${what}, got none within ${timeoutMs} ms`));
      }, timeoutMs);
      opening.onupgradeneeded = ({ oldVersion }) => {
        layout.upgrade(opening.result, oldVersion, opening.transaction as IDBTransaction);
      };
      opening.onsuccess = () => {
        clearTimeout(timer);
        if (isLate) opening.result.close();
        else resolve(new Database(opening.result));
      };
      opening.onerror = () => {
        clearTimeout(timer);
        reject(opening.error?.name === 'VersionError' ? layout.newer() : opening.error);
      };
    });
  }

  close(): void {
    this.#closed ??= 'by us';
    this.#connection.close();
  }

  /**
   * Runs `body` in a transaction; it awaits nothing but requests. Settles when the transaction has, not when its requests
   * have: only then is it as durable as was asked for. Where anything fails nothing is changed.
   * @throws ChangedError if the database was deleted or upgraded meanwhile, RangeError after `close`
   */
  async transact<T>(
    stores: readonly Store[],
    mode: IDBTransactionMode,
    body: (store: (name: Store) => IDBObjectStore) => Promise<T>,
    durability: IDBTransactionDurability = 'strict',
  ): Promise<T> {
    let transaction: IDBTransaction | undefined;
    try {
      const begun = this.#connection.transaction([...stores], mode, { durability });
      transaction = begun;
      const done = new Promise<void>((resolve, reject) => {
        begun.oncomplete = () => resolve();
        begun.onabort = () => reject(begun.error ?? new DOMException('aborted', 'AbortError'));
      });
      // `body` fails first, with less to say
      done.catch(() => {});
      const value = await body((name) => begun.objectStore(name));
      await done;
      return value;
    } catch (error) {
      try {
        transaction?.abort();
      } catch {
        // it has ended
      }
      if (this.#closed === 'by us') {
        throw new RangeError('"source" expected an open source, got one that was closed');
      }
      if (this.#closed === 'by others') {
        throw new ChangedError(
          '"storage" expected the database as it was opened, got it deleted or upgraded',
          {
            cause: error,
          },
        );
      }
      throw transaction?.error ?? error;
    }
  }
}

/** What a request gives. */
export function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
