/**
 * Files of the origin's private file system (OPFS). Writing takes synchronous access handles, which dedicated workers have
 * and pages have not. A handle keeps all others from its file, in every tab, and goes with its tab.
 */
import { UnsupportedError } from '@sagitta/core-wasm';
import { BlockedError } from '../errors.ts';

/** What a synchronous access handle has; the type is missing from the DOM library without workers. */
export interface SyncHandle {
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}
type WritableFileHandle = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncHandle> };
export type Folder = FileSystemDirectoryHandle & {
  entries(): AsyncIterableIterator<[string, FileSystemHandle]>;
};

/** How long a file of a tab that has ended may stay locked. */
const RELEASE_MS = 5000;
const POLL_MS = 20;

/** Whether this thread can write files. */
export function canWriteFiles(): boolean {
  return (
    typeof FileSystemFileHandle !== 'undefined' && 'createSyncAccessHandle' in FileSystemFileHandle.prototype
  );
}

function canWrite(handle: FileSystemFileHandle): handle is WritableFileHandle {
  return 'createSyncAccessHandle' in handle && typeof handle.createSyncAccessHandle === 'function';
}

export function hasName(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** Whether an error says that somebody has the file open. */
export function isHeld(error: unknown): boolean {
  // Safari says InvalidStateError
  return hasName(error, 'NoModificationAllowedError', 'InvalidStateError');
}

/** What `promise` gives, or undefined where it rejects because there is no such file. */
export async function ifThere<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (hasName(error, 'NotFoundError')) return undefined;
    throw error;
  }
}

export async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Opens a file that is made if it is missing; undefined if another has it open. @throws UnsupportedError in a page */
export async function tryOpen(folder: Folder, name: string): Promise<SyncHandle | undefined> {
  try {
    const file = await folder.getFileHandle(name, { create: true });
    if (canWrite(file)) return await file.createSyncAccessHandle();
  } catch (error) {
    if (isHeld(error)) return undefined;
    throw error;
  }
  throw new UnsupportedError(
    '"storage" expected a dedicated worker, which can write to OPFS, got another thread',
  );
}

/** A folder's name of any text: a full stop alone is none. */
export function folderName(name: string): string {
  return encodeURIComponent(name).replaceAll('.', '%2E');
}

/** Names of the files and folders in a folder. */
export async function keysIn(folder: Folder): Promise<string[]> {
  const keys: string[] = [];
  for await (const [key] of folder.entries()) keys.push(key);
  return keys;
}

/** Runs `body` while no other tab does. It waits for as long as another takes. */
export async function withFileLock<T>(folder: Folder, name: string, body: () => Promise<T>): Promise<T> {
  let handle = await tryOpen(folder, name);
  while (!handle) {
    await sleep(POLL_MS);
    handle = await tryOpen(folder, name);
  }
  try {
    return await body();
  } finally {
    handle.close();
  }
}

/**
 * Writes and flushes the whole of a file.
 * @returns bytes written
 * @throws QuotaExceededError, the browser's own, also where it writes a part and says nothing
 */
export async function writeFile(
  folder: Folder,
  name: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<number> {
  let handle = await tryOpen(folder, name);
  for (let waited = 0; !handle; waited += POLL_MS) {
    if (waited >= RELEASE_MS)
      throw new BlockedError(`"storage" expected ${name} to be free, got it open elsewhere`);
    await sleep(POLL_MS);
    handle = await tryOpen(folder, name);
  }
  try {
    let at = 0;
    for await (const piece of pieces) {
      const written = handle.write(piece as Uint8Array<ArrayBuffer>, { at });
      if (written !== piece.length) throw new DOMException('a part was written', 'QuotaExceededError');
      at += piece.length;
    }
    handle.truncate(at);
    handle.flush();
    return at;
  } finally {
    handle.close();
  }
}

/** Whether this thread can write files by streams: pages can, Safari from 26 on. */
export function canStreamFiles(): boolean {
  return typeof FileSystemFileHandle !== 'undefined' && 'createWritable' in FileSystemFileHandle.prototype;
}

/**
 * Writes the whole of a file where there are no synchronous access handles: it has the old content until all pieces are there.
 * @returns bytes written
 */
export async function streamFile(
  folder: Folder,
  name: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<number> {
  const file = await folder.getFileHandle(name, { create: true });
  const writable = await file.createWritable();
  try {
    let bytes = 0;
    for await (const piece of pieces) {
      await writable.write(piece as Uint8Array<ArrayBuffer>);
      bytes += piece.length;
    }
    await writable.close();
    return bytes;
  } catch (error) {
    await writable.abort().catch(() => {});
    throw error;
  }
}
