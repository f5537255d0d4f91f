/**
 * SQLite by the interface of `node:sqlite`: the runtime's own (Node from 22.13 on, Bun, Deno), else the package
 * `@photostructure/sqlite`, which has the same interface for Node 20 and brings its binaries with it.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { UnsupportedError } from '@sagitta/core-wasm';

/** What of a statement is used here. */
export interface SqliteStatement {
  all(...values: unknown[]): unknown[];
  get(...values: unknown[]): unknown;
  run(...values: unknown[]): unknown;
}

/** What of a connection is used here. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

/** Opens a database file. */
export type SqliteClass = new (path: string, options?: { readonly readOnly?: boolean }) => SqliteDatabase;

const BUILT_IN = 'node:sqlite';
const PACKAGE = '@photostructure/sqlite';

/** Where SQLite is, so that a thread can import it too. @throws UnsupportedError where there is none */
export async function findSqlite(): Promise<string> {
  try {
    await importSqlite(BUILT_IN);
    return BUILT_IN;
  } catch {
    // a runtime without it
  }
  try {
    const url = pathToFileURL(createRequire(import.meta.url).resolve(PACKAGE)).href;
    await importSqlite(url);
    return url;
  } catch (error) {
    throw new UnsupportedError(
      `a collection expected SQLite of the runtime (Node from 22.13 on, Bun, Deno) or the package ${PACKAGE} (npm install ${PACKAGE}@1), got neither: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** specifier — what findSqlite gave */
export async function importSqlite(specifier: string): Promise<SqliteClass> {
  const module = (await import(specifier)) as {
    DatabaseSync?: SqliteClass;
    default?: { DatabaseSync: SqliteClass };
  };
  const found = module.DatabaseSync ?? module.default?.DatabaseSync;
  if (!found) throw new UnsupportedError(`"${specifier}" expected DatabaseSync, got none`);
  return found;
}

export const SQLITE_BUSY = 5;
export const SQLITE_READONLY = 8;
export const SQLITE_CORRUPT = 11;
export const SQLITE_FULL = 13;
export const SQLITE_NOTADB = 26;
/** Any other. */
const SQLITE_ERROR = 1;

/** What SQLite says of each, where the runtime (Deno) gives no number. */
const SAID: ReadonlyMap<string, number> = new Map([
  ['database is locked', SQLITE_BUSY],
  ['attempt to write a readonly database', SQLITE_READONLY],
  ['database disk image is malformed', SQLITE_CORRUPT],
  ['database or disk is full', SQLITE_FULL],
  ['file is not a database', SQLITE_NOTADB],
]);

/** SQLite's own number of an error, without what it says in detail; undefined: no error of SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { errcode, code, message } = error as Readonly<Record<string, unknown>>;
  if (typeof errcode === 'number') return errcode & 0xff;
  return code === 'ERR_SQLITE_ERROR' ? (SAID.get(String(message)) ?? SQLITE_ERROR) : undefined;
}
