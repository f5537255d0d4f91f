/** Bytes of an object in a bucket, read by range: R2, and what is made like it. */
import { FormatError } from '@sagitta/core-wasm';
import type { ByteSource } from '@sagitta/retrieval';
import { checkRange } from '@sagitta/retrieval/internal';

/** What is used of an R2Bucket. */
export interface ObjectBucket {
  head(key: string): Promise<{ readonly size: number; readonly etag: string } | null>;
  get(
    key: string,
    options: { range: { offset: number; length: number } },
  ): Promise<{ readonly etag: string; arrayBuffer(): Promise<ArrayBuffer> } | null>;
}

/**
 * Makes a source over the object `key`.
 * @throws RangeError if there is no such object. Reads reject with FormatError if it is replaced meanwhile.
 */
export async function objectSource(bucket: ObjectBucket, key: string): Promise<ByteSource> {
  const head = await bucket.head(key);
  if (!head) throw new RangeError(`"key" expected an object of the bucket, got ${JSON.stringify(key)}`);
  const { size, etag } = head;
  return {
    size,
    async read(offset, length, signal) {
      checkRange({ size }, offset, length);
      signal?.throwIfAborted();
      if (length === 0) return new Uint8Array(0);
      const object = await bucket.get(key, { range: { offset, length } });
      if (object?.etag !== etag) throw new FormatError(`${key} has changed since it was opened`, offset);
      return new Uint8Array(await object.arrayBuffer());
    },
  };
}
