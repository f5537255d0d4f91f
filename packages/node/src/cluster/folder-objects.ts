/** Objects in a folder, one file each: for one machine, or for machines that share a file system. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { writeFileAtomic } from '../atomic-file.ts';
import { storing } from '../collection/storage-errors.ts';
import { fileSource } from '../file-source.ts';
import { checkKey, type ObjectEntry, type ObjectStorage, piecesOf } from './object-storage.ts';

/** Bytes handed to the system at a time. */
const PIECE_BYTES = 1 << 22;

/**
 * Keeps objects in the folder `path`, which is made with the first of them. Objects are there whole or not at all, also after a
 * power cut.
 * @example
 * const storage = folderObjects('/mnt/shared/notes');
 */
export function folderObjects(path: string): ObjectStorage {
  const root = resolve(path);
  const pathOf = (key: string): string => join(root, checkKey(key));
  const sizeOf = async (key: string): Promise<number | undefined> => {
    const info = await ifThere(stat(pathOf(key)));
    return info?.isFile() ? info.size : undefined;
  };
  const store: ObjectStorage = {
    name: path,
    size: (key) => storing(pathOf(key), () => sizeOf(key)),
    get: (key) =>
      storing(pathOf(key), async () => {
        // an empty file is no source
        const size = await sizeOf(key);
        if (!size) return size === 0 ? new Uint8Array(0) : undefined;
        const source = await fileSource(pathOf(key));
        try {
          return await source.read(0, source.size);
        } finally {
          await source.close?.();
        }
      }),
    open: async (key) => {
      if ((await store.size(key)) !== undefined) return fileSource(pathOf(key));
      throw new RangeError(`"key" expected an object of ${path}, got ${JSON.stringify(key)}`);
    },
    put: (key, bytes) =>
      storing(pathOf(key), async () => {
        await mkdir(dirname(pathOf(key)), { recursive: true });
        await writeFileAtomic(pathOf(key), piecesOf(bytes, PIECE_BYTES));
      }),
    create: (key, bytes) =>
      storing(pathOf(key), async () => {
        const folder = dirname(pathOf(key));
        await mkdir(folder, { recursive: true });
        const whole = join(folder, `.new-${randomUUID()}`);
        await writeFileAtomic(whole, [bytes]);
        try {
          // fails where the name is taken, in one step
          await link(whole, pathOf(key));
          return true;
        } catch (error) {
          if (codeOf(error) === 'EEXIST') return false;
          throw error;
        } finally {
          await rm(whole, { force: true });
        }
      }),
    async *list(prefix) {
      for (const key of (await storing(path, () => keysIn(root, '', prefix))).sort()) {
        const entry = await storing(pathOf(key), () => entryOf(key, pathOf(key)));
        if (entry) yield entry;
      }
    },
    remove: (key) => storing(pathOf(key), () => rm(pathOf(key), { force: true })),
  };
  return store;
}

/** Keys below a folder whose beginning may be `prefix`; names that begin with a dot are not whole. */
async function keysIn(root: string, folder: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  const entries = (await ifThere(readdir(join(root, folder), { withFileTypes: true }))) ?? [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const key = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile() && key.startsWith(prefix)) keys.push(key);
    const isOnTheWay = `${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`);
    if (entry.isDirectory() && isOnTheWay) keys.push(...(await keysIn(root, key, prefix)));
  }
  return keys;
}

async function entryOf(key: string, path: string): Promise<ObjectEntry | undefined> {
  const info = await ifThere(stat(path));
  return info && { key, bytes: info.size, modified: info.mtimeMs };
}

async function ifThere<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
