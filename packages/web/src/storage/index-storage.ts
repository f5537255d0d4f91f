/** What every storage of indexes does. */
import type { ByteSource } from '@sagitta/retrieval';

export type StorageKind = 'opfs' | 'indexeddb';

export interface StoredIndex {
  readonly name: string;
  readonly bytes: number;
}

export interface IndexStorage {
  readonly kind: StorageKind;
  /**
   * Writes the pieces one after the other as the whole content of `name`.
   * @returns bytes written
   * @throws QuotaError where the browser gives no more room; what was there before is then still there
   */
  write(name: string, pieces: Iterable<Uint8Array>): Promise<number>;
  /** The bytes of `name`; they stay readable while they are replaced, until the source is closed. @throws RangeError if there are none */
  open(name: string): Promise<ByteSource>;
  list(): Promise<StoredIndex[]>;
  /** Removes `name`, if it is there. */
  remove(name: string): Promise<void>;
}
