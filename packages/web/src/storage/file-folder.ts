/**
 * A folder of the origin's private file system whose files never change: sagitta-collections/<folder>/<file>. Who needs a file
 * knows by other means that it is whole. A file that is open holds a shared Web Lock, in whatever tab, and is not removed
 * before it is closed.
 */
import { UnsupportedError } from '@sagitta/core-wasm';
import { type ByteSource, blobSource, sourceChunks } from '@sagitta/retrieval';
import { gatherPieces } from '@sagitta/retrieval/internal';
import type { NamedIndexes, StoredIndex } from '@sagitta/retrieval/remote';
import { Locks, readLock } from './locks.ts';
import {
  canWriteFiles,
  type Folder,
  folderName,
  ifThere,
  isHeld,
  keysIn,
  streamFile,
  writeFile,
} from './private-files.ts';
import { checkRoom, quotaErrorFrom } from './quota-error.ts';
import { checkLength, lengthOf } from './writing.ts';

const FOLDER = 'sagitta-collections';
const KIND = 'folder:';
/** Pieces are written in runs of so many bytes. */
const WRITE_BYTES = 1 << 22;

/** The folder, as a storage that a worker saves in. */
export function folderKind(name: string): string {
  return KIND + name;
}

/** The folder that a kind of storage names, if it names one. */
export function folderOfKind(kind: string): string | undefined {
  return kind.startsWith(KIND) ? kind.slice(KIND.length) : undefined;
}

/** @throws UnsupportedError where there is no OPFS */
async function root(): Promise<FileSystemDirectoryHandle> {
  let found: FileSystemDirectoryHandle | undefined;
  let detail = '';
  try {
    found = await globalThis.navigator?.storage?.getDirectory?.();
  } catch (error) {
    // private windows refuse
    detail = ` (${error instanceof Error ? error.message : error})`;
  }
  if (found) return found;
  throw new UnsupportedError(
    `a collection expected a private file system (OPFS) on a secure origin, got none${detail}`,
  );
}

export class FileFolder implements NamedIndexes {
  readonly kind: string;
  readonly #name: string;
  readonly #folder: Folder;
  readonly #locks: Locks;
  /** Files to be removed that somebody has open. */
  readonly #left = new Set<string>();

  private constructor(name: string, folder: Folder, locks: Locks) {
    this.kind = folderKind(name);
    this.#name = name;
    this.#folder = folder;
    this.#locks = locks;
  }

  /** Opens it, or makes it. @throws UnsupportedError where there is no OPFS */
  static async open(name: string, locks: Locks = new Locks()): Promise<FileFolder> {
    const all = await (await root()).getDirectoryHandle(FOLDER, { create: true });
    const folder = (await all.getDirectoryHandle(folderName(name), { create: true })) as Folder;
    return new FileFolder(name, folder, locks);
  }

  /** Removes the folder of that name with all its files, if it is there. */
  static async removeAll(name: string): Promise<void> {
    const all = await ifThere((await root()).getDirectoryHandle(FOLDER));
    if (all) await ifThere(all.removeEntry(folderName(name), { recursive: true }));
  }

  names(): Promise<string[]> {
    return keysIn(this.#folder);
  }

  async list(): Promise<StoredIndex[]> {
    const found: StoredIndex[] = [];
    for (const name of await this.names()) found.push({ name, bytes: (await this.#file(name)).size });
    return found;
  }

  async #file(name: string): Promise<File> {
    return (await this.#folder.getFileHandle(name)).getFile();
  }

  /** Its bytes stay until it is closed, which resolves when it may be removed. @throws NotFoundError, the browser's own */
  async open(name: string): Promise<ByteSource> {
    const release = await this.#locks.hold(this.#lock(name));
    try {
      const { size, read } = blobSource(await this.#file(name));
      // what has the name now is not what was to be removed
      this.#left.delete(name);
      return { size, read, close: release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  /**
   * Writes a file; in a worker it is flushed.
   * @returns bytes written
   * @throws QuotaError, and there is no file
   */
  async write(
    name: string,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    byteLength?: number,
  ): Promise<number> {
    const wanted = lengthOf(chunks, byteLength);
    try {
      if (wanted !== undefined) await checkRoom(wanted);
      this.#left.delete(name);
      const put = canWriteFiles() ? writeFile : streamFile;
      const bytes = await put(this.#folder, name, gatherPieces(chunks, WRITE_BYTES));
      checkLength(byteLength, bytes);
      return bytes;
    } catch (error) {
      // what does not go now is nobody's
      await this.#folder.removeEntry(name).catch(() => {});
      throw await quotaErrorFrom(error, wanted ?? 0);
    }
  }

  /** Removes a file, if it is there; one that is open somewhere goes at a later removal, or with removeLeft. */
  async remove(name: string): Promise<void> {
    this.#left.add(name);
    await this.removeLeft();
  }

  /** Removes what was to be removed and is no longer open. */
  async removeLeft(): Promise<void> {
    for (const name of [...this.#left]) {
      await this.#locks.ifFree(this.#lock(name), async () => {
        try {
          await ifThere(this.#folder.removeEntry(name));
          this.#left.delete(name);
        } catch (error) {
          // the worker of a tab that has ended may still have it
          if (!isHeld(error)) throw error;
        }
      });
    }
  }

  /** Names of files are no part of them here: it is copied, and the old one removed. */
  async rename(name: string, to: string): Promise<void> {
    const source = await this.open(name);
    try {
      await this.write(to, sourceChunks(source), source.size);
    } finally {
      await source.close?.();
    }
    await this.remove(name);
  }

  #lock(name: string): string {
    return readLock('collection', this.#name, name);
  }
}
