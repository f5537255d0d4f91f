/** What SQLite's errors are, with numbers and without. */
import { describe, expect, it } from 'vitest';
import { SQLITE_BUSY, SQLITE_FULL, sqliteCode } from '../../src/collection/sqlite.ts';
import { storageError } from '../../src/collection/storage-errors.ts';

const said = (message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', ...more });

describe('an error of SQLite', () => {
  it('is known by its number, extended or not, or by what it says', () => {
    expect(sqliteCode(said('anything', { errcode: 5 }))).toBe(SQLITE_BUSY);
    expect(sqliteCode(said('anything', { errcode: 261 }))).toBe(SQLITE_BUSY);
    expect(sqliteCode(said('database or disk is full'))).toBe(SQLITE_FULL);
    expect(sqliteCode(said('something new'))).toBe(1);
    expect(sqliteCode(new Error('database is locked'))).toBeUndefined();
    expect(sqliteCode(undefined)).toBeUndefined();
  });

  it('names the place, and is a FormatError where the file is damaged', () => {
    expect(storageError('/a/b', said('file is not a database'))).toMatchObject({
      name: 'FormatError',
      message: expect.stringContaining('/a/b: expected the database of a collection'),
    });
    const full = said('database or disk is full');
    expect(storageError('/a/b', full)).toMatchObject({
      name: 'StorageError',
      place: '/a/b',
      message: '/a/b: expected room on the disk, got none',
      cause: full,
    });
    expect(storageError('/a/b', said('attempt to write a readonly database'))).toMatchObject({
      message: expect.stringContaining('read only'),
    });
    expect(storageError('/a', Object.assign(new Error('x'), { code: 'ENOENT' }))).toMatchObject({
      code: 'SAGITTA_STORAGE',
    });
  });

  it('is left alone where it is none', () => {
    const other = new RangeError('other');
    expect(storageError('/a', other)).toBe(other);
  });
});
