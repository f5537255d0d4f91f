/**
 * Where models, segments and manifests of a cluster lie: objects by key, written whole, read whole or by range. A folder,
 * S3's API and R2's binding meet it. Keys are names with slashes; none begins or ends with one.
 */
import type { ByteSource } from '@sagitta/retrieval';

/** Is bytes that can be read more than once, since a part whose sending failed is sent again: a Snapshot is one. */
export interface ObjectBytes {
  readonly byteLength: number;
  read(offset: number, length: number): Uint8Array;
}

/** Names an object that is there. */
export interface ObjectEntry {
  readonly key: string;
  readonly bytes: number;
  /** Milliseconds since 1970, by the clock of the storage. */
  readonly modified: number;
}

/**
 * Keeps objects by key. Every method rejects with StorageError where the storage refuses, and with UnavailableError where it does
 * not answer after several tries; an object that two put at once is one of both, whole.
 */
export interface ObjectStorage {
  /** What it is, for errors: a path, or s3://bucket/prefix. */
  readonly name: string;
  /** The object's bytes; undefined where there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Its size in bytes; undefined where there is none. */
  size(key: string): Promise<number | undefined>;
  /** Opens it for reading by range. @throws RangeError where there is none; reads reject with FormatError where it has changed */
  open(key: string): Promise<ByteSource>;
  /** Puts an object in place of the one that may be there. */
  put(key: string, bytes: ObjectBytes): Promise<void>;
  /**
   * Puts an object where none is.
   * @returns false where one is: it stays as it is
   * @throws UnsupportedError where the storage has no such condition
   */
  create(key: string, bytes: Uint8Array): Promise<boolean>;
  /** Objects whose keys begin with `prefix`, in the order of keys by code unit. */
  list(prefix: string): AsyncIterable<ObjectEntry>;
  /** Removes an object, if it is there. */
  remove(key: string): Promise<void>;
}

/** Bytes in memory as what put takes. */
export function objectBytes(bytes: Uint8Array): ObjectBytes {
  return {
    byteLength: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

/** Pieces of `pieceBytes`, front to back; an empty object has none. */
export function* piecesOf(bytes: ObjectBytes, pieceBytes: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    yield bytes.read(at, Math.min(pieceBytes, bytes.byteLength - at));
  }
}

/** @throws RangeError on a key that is not made of names of letters, digits and any of _-.=+@, with slashes between them */
export function checkKey(key: string): string {
  if (/^[\w=+@,-][\w.=+@,-]*(\/[\w=+@,-][\w.=+@,-]*)*$/.test(key)) return key;
  throw new RangeError(`"key" expected names with slashes between them, got ${JSON.stringify(key)}`);
}
