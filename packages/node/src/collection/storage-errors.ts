/** What the system and SQLite refuse, as errors that name the place. */
import { FormatError } from '@sagitta/core-wasm';
import { StorageError } from '@sagitta/retrieval/collection';
import { SQLITE_CORRUPT, SQLITE_FULL, SQLITE_NOTADB, SQLITE_READONLY, sqliteCode } from './sqlite.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'expected room on the disk, got none',
  EDQUOT: 'expected room on the disk, got none',
  EROFS: 'expected a place that may be written, got one that is read only',
  EACCES: 'expected permission, got none',
  EPERM: 'expected permission, got none',
  ENOENT: 'expected to be there, got nothing',
  ENOTDIR: 'expected to be a folder, got a file',
  EEXIST: 'expected to be a folder, got a file',
  EIO: 'expected a disk that answers, got an error of it',
};

function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** place — what was read or written */
export function storageError(place: string, error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  const code = sqliteCode(error);
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) {
    return new FormatError(`${place}: expected the database of a collection, got ${message}`);
  }
  if (code === SQLITE_FULL) return new StorageError(place, REASONS['ENOSPC'] as string, error);
  if (code === SQLITE_READONLY) return new StorageError(place, REASONS['EROFS'] as string, error);
  if (code !== undefined)
    return new StorageError(place, `expected to be read and written, got ${message}`, error);
  const reason = REASONS[systemCode(error) ?? ''];
  return reason === undefined ? error : new StorageError(place, reason, error);
}

/** Runs body; what it throws names the place. */
export async function storing<T>(place: string, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw storageError(place, error);
  }
}
