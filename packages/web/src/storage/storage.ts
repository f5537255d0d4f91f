/**
 * Indexes in the browser's own storage: in the origin's private file system (OPFS), or in IndexedDB where that is
 * missing. Both hold the same bytes as a file on disk. A write makes a new generation and then switches a small manifest
 * to it: whoever reloads or closes the page in between finds the old index whole, or the new one.
 */
import type { IndexStorage, StorageKind } from './index-storage.ts';
import { IndexedDbStorage } from './indexed-db-storage.ts';
import { hasOpfs, OpfsStorage } from './opfs-storage.ts';

/**
 * Opens the storage of this origin.
 * @param kind - 'auto' (default): OPFS where this thread can write to it, which means in a worker, IndexedDB otherwise
 * @throws UnsupportedError where the kind asked for is not to be had
 */
export async function openStorage(kind: StorageKind | 'auto' = 'auto'): Promise<IndexStorage> {
  if (kind === 'opfs' || (kind === 'auto' && (await hasOpfs()))) return OpfsStorage.open();
  return IndexedDbStorage.open();
}

/**
 * Asks the browser not to clear this origin's storage when the disk runs full. Call it from a page, in answer to something
 * that the user did. Firefox asks the user, and the promise waits for the answer, so nothing should wait for the promise.
 * @returns whether the storage is persistent now; false where the browser knows no such thing
 */
export async function requestPersistence(): Promise<boolean> {
  const storage = globalThis.navigator?.storage;
  if (!storage?.persist) return false;
  return (await storage.persisted()) || storage.persist();
}
