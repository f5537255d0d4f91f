/**
 * The lock of the one writer: a transaction of SQLite that is never ended, on a file of its own. The system gives it back when
 * the process ends, however it ends; the file itself says nothing.
 */
import { LockedError } from '@sagitta/retrieval/collection';
import { SQLITE_BUSY, type SqliteClass, type SqliteDatabase, sqliteCode } from './sqlite.ts';

export class WriterLock {
  readonly #database: SqliteDatabase;

  /** folder — for the error. @throws LockedError where somebody has it, SQLite's errors */
  constructor(sqlite: SqliteClass, path: string, folder: string) {
    this.#database = new sqlite(path);
    try {
      this.#database.exec('PRAGMA busy_timeout = 0');
      this.#database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      this.#database.close();
      throw sqliteCode(error) === SQLITE_BUSY ? new LockedError(folder) : error;
    }
  }

  release(): void {
    this.#database.exec('ROLLBACK');
    this.#database.close();
  }
}
