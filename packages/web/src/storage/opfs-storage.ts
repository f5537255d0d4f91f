/**
 * Indexes as files of the origin's private file system. Folder sagitta/<name>/ holds <generation>-<token>.sag and the
 * manifest slots 0.manifest and 1.manifest. A file that has a name is never written to again, and its name never used again.
 *
 * One writer at a time: a Web Lock for each name or, where there are none, the file sagitta/.lock held open.
 */
import { FormatError, UnsupportedError } from '@sagitta/core-wasm';
import { type ByteSource, blobSource } from '@sagitta/retrieval';
import { gatherPieces } from '@sagitta/retrieval/internal';
import { ChangedError } from '../errors.ts';
import type { IndexStorage, StoredIndex } from './index-storage.ts';
import { Locks, readLock, writeLock } from './locks.ts';
import {
  currentManifest,
  fileOf,
  isGenerationFile,
  type Manifest,
  readManifest,
  SLOTS,
  slotOf,
  writeManifest,
} from './manifest.ts';
import {
  canWriteFiles,
  type Folder,
  folderName,
  hasName,
  ifThere,
  keysIn,
  sleep,
  tryOpen,
  withFileLock,
  writeFile,
} from './private-files.ts';
import { checkRoom, quotaErrorFrom } from './quota-error.ts';
import { ATTEMPTS, checkLength, checkName, lengthOf, missing, newGeneration } from './writing.ts';

/** The folder of all indexes. */
const FOLDER = 'sagitta';
/** No name of an index has a full stop, see folderName. */
const LOCK_FILE = '.lock';
/** Chunks are written in runs of so many bytes. */
const WRITE_BYTES = 1 << 22;
/** Until a manifest that is being written can be read. */
const PAUSE_MS = 10;

/** What reading a file gives that is written to or removed meanwhile; AbortError in Firefox. */
const UNREADABLE = ['NotReadableError', 'AbortError'];

/** Whether this thread can read and write OPFS. */
export async function hasOpfs(): Promise<boolean> {
  try {
    return canWriteFiles() && (await globalThis.navigator?.storage?.getDirectory?.()) !== undefined;
  } catch {
    // private windows refuse
    return false;
  }
}

export class OpfsStorage implements IndexStorage {
  readonly kind = 'opfs';
  readonly #root: FileSystemDirectoryHandle;
  readonly #locks: Locks;

  private constructor(root: FileSystemDirectoryHandle, locks: Locks) {
    this.#root = root;
    this.#locks = locks;
  }

  /**
   * Opens the storage and, where this thread can write, takes away what saves left that were cut off.
   * @throws UnsupportedError where there is no OPFS
   */
  static async open(locks: Locks = new Locks()): Promise<OpfsStorage> {
    const root = await globalThis.navigator?.storage?.getDirectory?.();
    if (!root) throw new UnsupportedError('"storage" expected an engine with OPFS, got one without');
    const storage = new OpfsStorage(root, locks);
    const folder = await storage.#folder();
    if (folder) await storage.#cleanOthers(folder);
    return storage;
  }

  async write(
    name: string,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    byteLength?: number,
  ): Promise<number> {
    checkName(name);
    const wanted = lengthOf(chunks, byteLength);
    try {
      const all = await this.#makeFolder();
      return await this.#alone(all, name, async () => {
        await this.#cleanOthers(all, name);
        await this.#clean(all, name);
        if (wanted !== undefined) await checkRoom(wanted);
        const folder = (await all.getDirectoryHandle(folderName(name), { create: true })) as Folder;
        const bytes = await writeGeneration(folder, chunks, byteLength);
        // the new index is there, whatever becomes of the old one
        await this.#clean(all, name).catch(() => {});
        return bytes;
      });
    } catch (error) {
      throw await quotaErrorFrom(error, wanted ?? 0);
    }
  }

  async open(name: string): Promise<ByteSource> {
    checkName(name);
    const all = await this.#folder();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const folder = all && (await this.#folderOf(all, name));
      const manifest = folder && (await currentOf(folder));
      if (!manifest) throw missing(name);
      const file = fileOf(manifest);
      const release = await this.#locks.hold(readLock(this.kind, name, file));
      try {
        const blob = await ifThere(folder.getFileHandle(file).then((handle) => handle.getFile()));
        // a generation that is current while it is held is not cleaned away
        const now = blob && (await currentOf(folder));
        if (now && fileOf(now) === file) return sourceOf(name, blob, manifest, release);
      } catch (error) {
        release();
        throw error;
      }
      release();
    }
    throw new ChangedError(
      `"name" expected an index that stays, got ${JSON.stringify(name)} replaced at each try`,
    );
  }

  async list(): Promise<StoredIndex[]> {
    const found: StoredIndex[] = [];
    const all = await this.#folder();
    for (const name of all ? await namesIn(all) : []) {
      const folder = all && (await this.#folderOf(all, name));
      const manifest = folder && (await currentOf(folder));
      if (manifest) found.push({ name, bytes: manifest.bytes });
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async remove(name: string): Promise<void> {
    checkName(name);
    const all = await this.#folder();
    if (!all) return;
    await this.#alone(all, name, async () => {
      const folder = await this.#folderOf(all, name);
      const manifest = folder && (await readSlots(folder, false));
      if (!manifest) return;
      // the older slot first: what it says has gone already
      for (const generation of [manifest.generation + 1, manifest.generation]) {
        await ifThere(folder.removeEntry(slotOf({ generation })));
      }
      await this.#clean(all, name);
    });
  }

  async #folder(): Promise<Folder | undefined> {
    return (await ifThere(this.#root.getDirectoryHandle(FOLDER))) as Folder | undefined;
  }

  async #makeFolder(): Promise<Folder> {
    return (await this.#root.getDirectoryHandle(FOLDER, { create: true })) as Folder;
  }

  async #folderOf(all: Folder, name: string): Promise<Folder | undefined> {
    return (await ifThere(all.getDirectoryHandle(folderName(name)))) as Folder | undefined;
  }

  #alone<T>(all: Folder, name: string, body: () => Promise<T>): Promise<T> {
    if (!this.#locks.exist) return withFileLock(all, LOCK_FILE, body);
    return this.#locks.exclusive(writeLock(this.kind, name), body);
  }

  /**
   * Takes away what is left of writes that were cut off; what does not go is left for the next time.
   * @param held - the name whose lock is held, and with it all where one lock serves all
   */
  async #cleanOthers(all: Folder, held?: string): Promise<void> {
    if (!canWriteFiles()) return;
    const handle =
      this.#locks.exist || held !== undefined ? undefined : await tryOpen(all, LOCK_FILE).catch(() => {});
    const isFree = this.#locks.exist || held !== undefined || handle !== undefined;
    try {
      for (const name of isFree ? await namesIn(all) : []) {
        const clean = (): Promise<void> => this.#clean(all, name).catch(() => {});
        if (name !== held) await this.#locks.ifFree(writeLock(this.kind, name), clean);
      }
    } finally {
      handle?.close();
    }
  }

  /** For one name, whose lock is held: removes generations that are not the current one and that nobody reads. */
  async #clean(all: Folder, name: string): Promise<void> {
    const folder = await this.#folderOf(all, name);
    if (!folder) return;
    const current = await readSlots(folder, false);
    for (const key of await keysIn(folder)) {
      const isOld = isGenerationFile(key) && (!current || key !== fileOf(current));
      const isSpoilt = !current && key.endsWith('.manifest');
      if (!isSpoilt && !isOld) continue;
      if (isOld && !(await this.#locks.isFree(readLock(this.kind, name, key)))) continue;
      await ifThere(folder.removeEntry(key));
    }
    if (current || (await keysIn(folder)).length > 0) return;
    await ifThere(all.removeEntry(folderName(name)));
  }
}

async function namesIn(all: Folder): Promise<string[]> {
  const names: string[] = [];
  for await (const [key, { kind }] of all.entries()) {
    if (kind === 'directory') names.push(decodeURIComponent(key));
  }
  return names;
}

/** As a reader sees it, who may meet a slot that is being written and then looks again. */
async function currentOf(folder: Folder): Promise<Manifest | undefined> {
  for (let attempt = 1; ; attempt++) {
    const manifest = await readSlots(folder, true);
    if (manifest !== 'torn') return manifest;
    if (attempt === ATTEMPTS) return undefined;
    await sleep(PAUSE_MS);
  }
}

/** @param isShared - whether somebody may be writing; 'torn' then, if there is something and none of it can be read */
async function readSlots(folder: Folder, isShared: false): Promise<Manifest | undefined>;
async function readSlots(folder: Folder, isShared: true): Promise<Manifest | undefined | 'torn'>;
async function readSlots(folder: Folder, isShared: boolean): Promise<Manifest | undefined | 'torn'> {
  const slots: (Manifest | undefined)[] = [];
  let isTorn = false;
  for (let generation = 0; generation < SLOTS; generation++) {
    try {
      const file = await (await folder.getFileHandle(slotOf({ generation }))).getFile();
      const manifest = readManifest(new Uint8Array(await file.arrayBuffer()));
      slots.push(manifest);
      isTorn ||= !manifest;
    } catch (error) {
      if (isShared && hasName(error, ...UNREADABLE)) isTorn = true;
      else if (!hasName(error, 'NotFoundError')) throw error;
    }
  }
  const current = currentManifest(slots);
  return !current && isTorn && isShared ? 'torn' : current;
}

/** Writes a file of a name of its own, then the manifest that makes it the current one. */
async function writeGeneration(
  folder: Folder,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  byteLength: number | undefined,
): Promise<number> {
  const before = await readSlots(folder, false);
  const next = { generation: 1 + (before?.generation ?? 0), token: newGeneration() };
  let isSwitching = false;
  try {
    const bytes = await writeFile(folder, fileOf(next), gatherPieces(chunks, WRITE_BYTES));
    checkLength(byteLength, bytes);
    isSwitching = true;
    await writeFile(folder, slotOf(next), [writeManifest({ ...next, bytes })]);
    return bytes;
  } catch (error) {
    try {
      // a manifest goes before its file
      if (isSwitching) await ifThere(folder.removeEntry(slotOf(next)));
      await ifThere(folder.removeEntry(fileOf(next)));
    } catch {
      // left for the next write
    }
    throw error;
  }
}

function sourceOf(name: string, blob: Blob, manifest: Manifest, release: () => void): ByteSource {
  if (blob.size !== manifest.bytes) {
    release();
    throw new FormatError(
      `"name" expected ${manifest.bytes} bytes of ${JSON.stringify(name)}, got ${blob.size}`,
    );
  }
  const source = blobSource(blob);
  let isClosed = false;
  return {
    size: source.size,
    close() {
      isClosed = true;
      release();
    },
    async read(offset, length, signal) {
      if (isClosed) throw new RangeError('"source" expected an open source, got one that was closed');
      try {
        const bytes = await source.read(offset, length, signal);
        if (bytes.length === length) return bytes;
        throw new DOMException('fewer bytes', 'NotReadableError');
      } catch (error) {
        if (signal?.aborted || !hasName(error, ...UNREADABLE, 'NotFoundError')) throw error;
        throw new ChangedError(
          `"name" expected ${JSON.stringify(name)} as it was opened, got it replaced or removed`,
          { cause: error },
        );
      }
    },
  };
}
