/**
 * Indexes as files of the origin's private file system. Folder sagitta/<name>/ holds <generation>.sag and the manifest
 * slots 0.manifest and 1.manifest. A file that has a name is never written to again, so readers need no handle of their own.
 *
 * Writing takes synchronous access handles, which dedicated workers have and pages have not.
 */
import { UnsupportedError } from '@sagitta/core-wasm';
import { type ByteSource, blobSource, gatherPieces } from '@sagitta/retrieval';
import type { IndexStorage, StoredIndex } from './index-storage.ts';
import { holdLock, isFree, withLock } from './locks.ts';
import { currentManifest, type Manifest, readManifest, SLOTS, writeManifest } from './manifest.ts';
import { checkRoom, QuotaError, quotaErrorFrom } from './quota-error.ts';

/** The folder of all indexes. */
const FOLDER = 'sagitta';
/** Pieces are written in runs of so many bytes. */
const WRITE_BYTES = 1 << 22;
/** A reader that is overtaken by a writer looks again. */
const ATTEMPTS = 5;

/** What a synchronous access handle has; the type is missing from the DOM library without workers. */
interface SyncHandle {
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}
type WritableFileHandle = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncHandle> };
type Folder = FileSystemDirectoryHandle & { keys(): AsyncIterableIterator<string> };

function canWrite(handle: FileSystemFileHandle): handle is WritableFileHandle {
  return 'createSyncAccessHandle' in handle && typeof handle.createSyncAccessHandle === 'function';
}

/** Whether this thread can read and write OPFS. */
export async function hasOpfs(): Promise<boolean> {
  try {
    const root = await globalThis.navigator?.storage?.getDirectory?.();
    if (!root) return false;
    return canWrite(await root.getFileHandle('.sagitta-probe', { create: true }));
  } catch {
    // private windows refuse
    return false;
  }
}

export class OpfsStorage implements IndexStorage {
  readonly kind = 'opfs';
  readonly #folder: Folder;

  constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder as Folder;
  }

  /** @throws UnsupportedError where there is no OPFS */
  static async open(): Promise<OpfsStorage> {
    const root = await globalThis.navigator?.storage?.getDirectory?.();
    if (!root) throw new UnsupportedError('"storage" expected an engine with OPFS, got one without');
    return new OpfsStorage(await root.getDirectoryHandle(FOLDER, { create: true }));
  }

  write(name: string, pieces: Iterable<Uint8Array>): Promise<number> {
    return withLock(`sagitta/${name}`, 'exclusive', async () => {
      const folder = await this.#folderOf(name, true);
      const generation = 1 + (await newestGeneration(folder));
      const bytes = await writeGeneration(folder, generation, pieces);
      await writeFile(folder, `${generation % SLOTS}.manifest`, [writeManifest({ generation, bytes })]);
      await this.#clean(name, folder, generation);
      return bytes;
    });
  }

  async open(name: string): Promise<ByteSource> {
    for (let attempt = 1; ; attempt++) {
      const folder = await this.#folderOf(name, false);
      const manifest = await readSlots(folder);
      if (!manifest) throw missing(name);
      const release = await holdLock(lockOf(name, manifest.generation));
      try {
        const handle = await folder.getFileHandle(`${manifest.generation}.sag`);
        const source = blobSource(await handle.getFile());
        if (source.size !== manifest.bytes) {
          throw new RangeError(`"name" expected ${manifest.bytes} bytes of ${name}, got ${source.size}`);
        }
        return { ...source, close: release };
      } catch (error) {
        release();
        // replaced and removed since the manifest was read
        if (attempt === ATTEMPTS || !isNotFound(error)) throw error;
      }
    }
  }

  async list(): Promise<StoredIndex[]> {
    const found: StoredIndex[] = [];
    for await (const key of this.#folder.keys()) {
      const name = decodeURIComponent(key);
      const manifest = await readSlots(await this.#folderOf(name, false));
      if (manifest) found.push({ name, bytes: manifest.bytes });
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  remove(name: string): Promise<void> {
    return withLock(`sagitta/${name}`, 'exclusive', async () => {
      try {
        await this.#folder.removeEntry(folderName(name), { recursive: true });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    });
  }

  async #folderOf(name: string, create: boolean): Promise<Folder> {
    try {
      return (await this.#folder.getDirectoryHandle(folderName(name), { create })) as Folder;
    } catch (error) {
      if (isNotFound(error)) throw missing(name);
      throw error;
    }
  }

  /** Removes generations that are not the current one and that nobody reads. */
  async #clean(name: string, folder: Folder, current: number): Promise<void> {
    for (const generation of await generations(folder)) {
      if (generation === current || !(await isFree(lockOf(name, generation)))) continue;
      try {
        await folder.removeEntry(`${generation}.sag`);
      } catch {
        // left for the next write
      }
    }
  }
}

function folderName(name: string): string {
  if (name.length === 0) throw new RangeError('"name" expected at least one character, got none');
  // a full stop alone is no name of a folder
  return encodeURIComponent(name).replaceAll('.', '%2E');
}

function lockOf(name: string, generation: number): string {
  return `sagitta/${name}/${generation}`;
}

function missing(name: string): RangeError {
  return new RangeError(`"name" expected a stored index, got ${JSON.stringify(name)}`);
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && error.name === 'NotFoundError';
}

async function generations(folder: Folder): Promise<number[]> {
  const found: number[] = [];
  for await (const key of folder.keys()) {
    const match = /^(\d+)\.sag$/.exec(key);
    if (match) found.push(Number(match[1]));
  }
  return found;
}

/** Of the manifests and of the files, which a write that was cut off may have left without one. */
async function newestGeneration(folder: Folder): Promise<number> {
  const manifest = await readSlots(folder);
  return Math.max(manifest?.generation ?? 0, ...(await generations(folder)));
}

async function readSlots(folder: Folder): Promise<Manifest | undefined> {
  const slots: (Manifest | undefined)[] = [];
  for (let slot = 0; slot < SLOTS; slot++) {
    try {
      const file = await (await folder.getFileHandle(`${slot}.manifest`)).getFile();
      slots.push(readManifest(new Uint8Array(await file.arrayBuffer())));
    } catch (error) {
      // not written yet, or being written to at this moment
      if (!(error instanceof Error) || !['NotFoundError', 'NotReadableError'].includes(error.name))
        throw error;
    }
  }
  return currentManifest(slots);
}

async function writeGeneration(
  folder: Folder,
  generation: number,
  pieces: Iterable<Uint8Array>,
): Promise<number> {
  const file = `${generation}.sag`;
  const all = Array.isArray(pieces) ? pieces : [...pieces];
  const wanted = all.reduce((sum, piece) => sum + piece.length, 0);
  await checkRoom(wanted);
  try {
    return await writeFile(folder, file, gatherPieces(all, WRITE_BYTES));
  } catch (error) {
    await folder.removeEntry(file).catch(() => {});
    throw await quotaErrorFrom(error, wanted);
  }
}

/** Writes and flushes the whole of a file. */
async function writeFile(folder: Folder, name: string, pieces: Iterable<Uint8Array>): Promise<number> {
  const file = await folder.getFileHandle(name, { create: true });
  if (!canWrite(file)) {
    throw new UnsupportedError(
      '"storage" expected a dedicated worker, which can write to OPFS, got another thread',
    );
  }
  const handle = await file.createSyncAccessHandle();
  try {
    let at = 0;
    for (const piece of pieces) {
      const written = handle.write(piece as Uint8Array<ArrayBuffer>, { at });
      if (written !== piece.length) throw new QuotaError(piece.length);
      at += piece.length;
    }
    handle.truncate(at);
    handle.flush();
    return at;
  } finally {
    handle.close();
  }
}
