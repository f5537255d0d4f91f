/**
 * The entries of a collection in SQLite: one table, in write-ahead mode, so that readers in other processes never wait and
 * never see half a transaction.
 */
import { statSync } from 'node:fs';
import { FormatError, UnsupportedError } from '@sagitta/core-wasm';
import type { Change, Durability, Entry, KeyRange } from '@sagitta/retrieval/collection';
import type { SqliteClass, SqliteDatabase } from './sqlite.ts';

/** "SAGC": what SQLite keeps in the head of the file for programs to know their own. */
const APPLICATION_ID = 0x53414743;
const SCHEMA_VERSION = 1;
/** Milliseconds for which a lock is waited for: those of SQLite's own are held for a moment. */
const BUSY_MS = 5000;
/** Bytes of writes after which the write-ahead log goes into the file. */
const CHECKPOINT_BYTES = 1 << 24;

function pragma(database: SqliteDatabase, name: string): unknown {
  const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, unknown> | undefined;
  return row && Object.values(row)[0];
}

/** @throws FormatError, UnsupportedError where the file is another program's, or of another version */
function checkSchema(database: SqliteDatabase, path: string): boolean {
  const tables = database.prepare('SELECT count(*) AS n FROM sqlite_master').get() as { n: number };
  const id = pragma(database, 'application_id');
  if (tables.n === 0 && id === 0) return false;
  if (id !== APPLICATION_ID)
    throw new FormatError(`${path}: expected the database of a collection, got another`);
  const version = pragma(database, 'user_version');
  if (version === SCHEMA_VERSION) return true;
  throw new UnsupportedError(`${path}: expected version ${SCHEMA_VERSION}, got ${version}`);
}

/** Reads entries. */
export class EntryReader {
  readonly #database: SqliteDatabase;

  /** @throws SQLite's errors, FormatError, UnsupportedError */
  constructor(sqlite: SqliteClass, path: string) {
    this.#database = new sqlite(path, { readOnly: true });
    try {
      this.#database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
      if (!checkSchema(this.#database, path))
        throw new RangeError(`"folder" expected a collection, got none in ${path}`);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** Entries by range, all of one moment. */
  read(ranges: readonly KeyRange[]): Entry[][] {
    this.#database.exec('BEGIN');
    try {
      const select = this.#database.prepare(
        'SELECT key, value FROM entries WHERE key >= ? AND key < ? ORDER BY key',
      );
      return ranges.map(({ from, to }) => select.all(from, to) as Entry[]);
    } finally {
      this.#database.exec('COMMIT');
    }
  }

  /** Another number where another connection has committed. */
  version(): number {
    return Number(pragma(this.#database, 'data_version'));
  }

  /** What SQLite finds wrong with its file. */
  defect(): string | undefined {
    const found = String(pragma(this.#database, 'integrity_check(1)'));
    return found === 'ok' ? undefined : found;
  }

  close(): void {
    this.#database.close();
  }
}

/** Writes entries; lives in a thread of its own, since every commit waits for the disk. */
export class EntryWriter {
  readonly #database: SqliteDatabase;
  readonly #path: string;
  readonly #inode: bigint;
  #unchecked = 0;

  /** @throws SQLite's errors, FormatError, UnsupportedError */
  constructor(sqlite: SqliteClass, path: string, durability: Durability) {
    this.#path = path;
    this.#database = new sqlite(path);
    try {
      const database = this.#database;
      database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
      const isOurs = checkSchema(database, path);
      // pages of folded writes can be given back
      if (!isOurs) database.exec('PRAGMA auto_vacuum = INCREMENTAL');
      database.exec('PRAGMA journal_mode = WAL');
      // FULL: a commit ends when the log is on the disk. NORMAL: the log is synchronised before it goes into the file
      database.exec(`PRAGMA synchronous = ${durability === 'sync' ? 'FULL' : 'NORMAL'}`);
      database.exec('PRAGMA wal_autocheckpoint = 0');
      if (!isOurs) {
        database.exec(
          `BEGIN; CREATE TABLE entries (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT;
           PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`,
        );
      }
      this.#inode = statSync(path, { bigint: true }).ino;
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** All changes or none. @throws SQLite's errors, ENOENT where the file is no longer there */
  commit(changes: readonly Change[]): void {
    // a file that was removed can be written, and is lost
    if (statSync(this.#path, { bigint: true }).ino !== this.#inode) {
      throw Object.assign(new Error('the file was replaced'), { code: 'ENOENT' });
    }
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const put = this.#database.prepare('INSERT OR REPLACE INTO entries (key, value) VALUES (?, ?)');
      const remove = this.#database.prepare('DELETE FROM entries WHERE key = ?');
      for (const { key, value } of changes) {
        if (value) put.run(key, value);
        else remove.run(key);
        this.#unchecked += value?.length ?? 0;
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** SQLite has rolled back by itself after some errors. */
  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // there is no transaction any more
    }
  }

  /** Puts the write-ahead log into the file when it is large; what cannot be done now is done later. */
  checkpointIfDue(): void {
    if (this.#unchecked < CHECKPOINT_BYTES) return;
    this.#unchecked = 0;
    try {
      this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      this.#unchecked = CHECKPOINT_BYTES;
    }
  }

  /** Leaves one file, without a log beside it, where no reader is there: then a place that is read only can be read. */
  close(): void {
    try {
      this.#database.exec('PRAGMA incremental_vacuum');
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      this.#database.exec('PRAGMA journal_mode = DELETE');
    } catch {
      // readers are there: the log is read with the file
    } finally {
      this.#database.close();
    }
  }
}
