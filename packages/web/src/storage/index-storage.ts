/** What every storage of indexes does. */
import type { ByteSource } from '@sagitta/retrieval';
import type { NamedIndexes, StoredIndex } from '@sagitta/retrieval/remote';

export type { StoredIndex } from '@sagitta/retrieval/remote';

/** Names where the browser stores indexes: the origin's private file system, or IndexedDB. */
export type StorageKind = 'opfs' | 'indexeddb';

/** Stores indexes by name in the browser. openStorage opens it. */
export interface IndexStorage extends NamedIndexes<StorageKind> {
  readonly kind: StorageKind;
  /**
   * Writes the chunks one after the other as the whole content of `name`, each before the next is asked for. Other tabs, a
   * reload or a crash find the old content or the new one; of two writers at once the one that ends last stays.
   * @param byteLength - bytes of all chunks; where it is given, or `chunks` is an array, room is asked for before the first
   * @returns bytes written
   * @throws QuotaError where the browser gives no more room, ChangedError where another tab takes this write for dead or
   * removes the database; what was there before is then still there, unless it was removed
   */
  write(
    name: string,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    byteLength?: number,
  ): Promise<number>;
  /**
   * Opens `name`, for the bytes that it has now. With Web Locks they stay readable until the source is closed, whatever
   * becomes of the name; without, reads reject with ChangedError once the name is written again or removed.
   * @throws NotFoundError if there is no such index
   */
  open(name: string): Promise<ByteSource>;
  /** Lists what is stored, by name. */
  list(): Promise<StoredIndex[]>;
  /** Removes `name`, if it is there. */
  remove(name: string): Promise<void>;
}
