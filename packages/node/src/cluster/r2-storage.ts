/** Objects in a bucket of R2 by its binding in a worker; nothing here is Node's. */
import { FormatError } from '@sagitta/core-wasm';
import { checkRange } from '@sagitta/retrieval/internal';
import { UnavailableError } from './errors.ts';
import { checkKey, type ObjectStorage } from './object-storage.ts';

/** Describes an object of R2. */
export interface R2Head {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly uploaded: Date;
}

/** Describes an object of R2 with its bytes. */
export interface R2Body extends R2Head {
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Describes what is used of an R2Bucket. */
export interface R2Methods {
  head(key: string): Promise<R2Head | null>;
  get(
    key: string,
    options?: { readonly range: { readonly offset: number; readonly length: number } },
  ): Promise<R2Body | null>;
  put(
    key: string,
    value: Uint8Array,
    options?: { readonly onlyIf: { readonly etagDoesNotMatch: string } },
  ): Promise<R2Head | null>;
  delete(key: string): Promise<void>;
  list(options: { readonly prefix: string; readonly cursor?: string }): Promise<{
    readonly objects: readonly R2Head[];
    readonly truncated: boolean;
    readonly cursor?: string;
  }>;
}

/**
 * Keeps objects in a bucket that is bound to a worker, whose memory bounds their size: each is sent at once. prefix — what all
 * keys begin with, without a slash at its end; default none.
 */
export function r2Storage(bucket: R2Methods, prefix = ''): ObjectStorage {
  const before = prefix === '' ? '' : `${checkKey(prefix)}/`;
  const name = `r2://${prefix}`;
  const at = (key: string): string => `${before}${checkKey(key)}`;
  const trying = async <T>(key: string, body: () => Promise<T>): Promise<T> => {
    try {
      return await body();
    } catch (error) {
      const got = error instanceof Error ? error.message : String(error);
      throw new UnavailableError(`${name}/${key}`, `expected an answer of the storage, got ${got}`, error);
    }
  };
  return {
    name,
    size: (key) => trying(key, async () => (await bucket.head(at(key)))?.size),
    get: (key) =>
      trying(key, async () => {
        const object = await bucket.get(at(key));
        return object ? new Uint8Array(await object.arrayBuffer()) : undefined;
      }),
    async open(key) {
      const head = await trying(key, () => bucket.head(at(key)));
      if (!head) throw new RangeError(`"key" expected an object of ${name}, got ${JSON.stringify(key)}`);
      const { size, etag } = head;
      return {
        size,
        async read(offset, length, signal) {
          checkRange({ size }, offset, length);
          signal?.throwIfAborted();
          if (length === 0) return new Uint8Array(0);
          const object = await trying(key, () => bucket.get(at(key), { range: { offset, length } }));
          if (object?.etag !== etag)
            throw new FormatError(`${name}/${key} has changed since it was opened`, offset);
          return new Uint8Array(await trying(key, () => object.arrayBuffer()));
        },
      };
    },
    put: (key, bytes) =>
      trying(key, async () => void (await bucket.put(at(key), bytes.read(0, bytes.byteLength)))),
    create: (key, bytes) =>
      trying(key, async () => {
        const made = await bucket.put(at(key), bytes, { onlyIf: { etagDoesNotMatch: '*' } });
        return made !== null;
      }),
    async *list(wanted) {
      for (let cursor: string | undefined; ; ) {
        const page = await trying(wanted, () =>
          bucket.list({ prefix: `${before}${wanted}`, ...(cursor !== undefined && { cursor }) }),
        );
        for (const { key, size, uploaded } of page.objects) {
          yield { key: key.slice(before.length), bytes: size, modified: uploaded.getTime() };
        }
        if (!page.truncated) return;
        cursor = page.cursor;
      }
    },
    remove: (key) => trying(key, () => bucket.delete(at(key))),
  };
}
