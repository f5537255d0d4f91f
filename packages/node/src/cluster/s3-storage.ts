/**
 * Objects behind S3's API, by the client of @aws-sdk/client-s3, an optional peer of which only the methods below are used.
 * The client tries again what a server refuses; here whole operations are, bodies of answers included.
 */
import {
  checkInteger,
  checkOptions,
  FormatError,
  type OptionTable,
  UnsupportedError,
} from '@sagitta/core-wasm';
import type { ByteSource } from '@sagitta/retrieval';
import { StorageError } from '@sagitta/retrieval/collection';
import { checkRange } from '@sagitta/retrieval/internal';
import { UnavailableError } from './errors.ts';
import { inFlight } from './in-flight.ts';
import { checkKey, type ObjectBytes, type ObjectStorage } from './object-storage.ts';
import { retrying } from './retry.ts';
import type { S3Methods } from './s3-client.ts';

/** Says where objects lie, and how hard it is tried. */
export interface S3StorageOptions {
  readonly bucket: string;
  /** What all keys begin with, without a slash at its end. Default none. */
  readonly prefix?: string;
  /** `new S3({ … })` of @aws-sdk/client-s3, with its region, endpoint and credentials. It stays the caller's. */
  readonly client: S3Methods;
  /** Objects longer than this go in parts of so many bytes, at least 5 MiB of which S3 takes. Default 32 MiB. */
  readonly partBytes?: number;
  /** Tries of an operation. Default 6. */
  readonly tries?: number;
  /** Milliseconds before the second try; pauses double. Default 200. */
  readonly firstPauseMs?: number;
}

const OPTIONS: OptionTable<S3StorageOptions> = {
  bucket: 'string',
  prefix: 'string',
  client: 'any',
  partBytes: 'number',
  tries: 'number',
  firstPauseMs: 'number',
};

const PART_BYTES = 1 << 25;
const [LEAST_PART, MOST_PART] = [5 * 2 ** 20, 2 ** 30];
/** Parts that S3 takes of one object. */
const MOST_PARTS = 10_000;
/** Parts that are sent at a time. */
const SENT_AT_ONCE = 4;

/** Keeps objects in a bucket. @throws RangeError, TypeError on wrong options */
export function s3Storage(options: S3StorageOptions): ObjectStorage {
  checkOptions('options', options, OPTIONS);
  return new S3Storage(options);
}

class S3Storage implements ObjectStorage {
  readonly name: string;
  readonly #client: S3Methods;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #partBytes: number;
  readonly #retry: Pick<S3StorageOptions, 'tries' | 'firstPauseMs'>;
  #hasConditions: Promise<boolean> | undefined;

  constructor({ bucket, prefix = '', client, partBytes = PART_BYTES, ...retry }: S3StorageOptions) {
    if (!/^[^/]+$/.test(bucket))
      throw new RangeError(`"bucket" expected a name, got ${JSON.stringify(bucket)}`);
    if (prefix !== '') checkKey(prefix);
    this.#partBytes = checkInteger('partBytes', partBytes, LEAST_PART, MOST_PART);
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#retry = retry;
    this.name = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket, Key: `${this.#prefix}${checkKey(key)}` };
  }

  /** Tries an operation several times; what it ends with names the object. */
  async #trying<T>(key: string, body: () => Promise<T>): Promise<T> {
    try {
      return await retrying(body, passes, this.#retry);
    } catch (error) {
      if (error instanceof FormatError || (error instanceof Error && error.name === 'AbortError'))
        throw error;
      const status = statusOf(error);
      const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      const got = status === undefined ? what : `status ${status}, ${what}`;
      const place = `${this.name}/${key}`;
      if (passes(error))
        throw new UnavailableError(place, `expected an answer of the storage, got ${got}`, error);
      throw new StorageError(place, `expected a storage that may be used, got ${got}`, error);
    }
  }

  async #head(
    key: string,
  ): Promise<{ readonly size: number; readonly etag: string | undefined } | undefined> {
    const at = this.#at(key);
    return this.#trying(key, async () => {
      try {
        const { ContentLength, ETag } = await this.#client.headObject(at);
        return { size: ContentLength ?? 0, etag: ETag };
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    });
  }

  async size(key: string): Promise<number | undefined> {
    return (await this.#head(key))?.size;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const at = this.#at(key);
    return this.#trying(key, async () => {
      try {
        const { Body, ContentLength } = await this.#client.getObject(at);
        const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array(0);
        mustBe(bytes, ContentLength ?? bytes.length);
        return bytes;
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    });
  }

  async open(key: string): Promise<ByteSource> {
    const head = await this.#head(key);
    if (!head) throw new RangeError(`"key" expected an object of ${this.name}, got ${JSON.stringify(key)}`);
    const { size, etag } = head;
    const at = this.#at(key);
    const changed = (offset: number): FormatError =>
      new FormatError(`${this.name}/${key} has changed since it was opened`, offset);
    return {
      size,
      read: async (offset, length, signal) => {
        checkRange({ size }, offset, length);
        signal?.throwIfAborted();
        if (length === 0) return new Uint8Array(0);
        const range = { ...at, Range: `bytes=${offset}-${offset + length - 1}` };
        const input = etag === undefined ? range : { ...range, IfMatch: etag };
        return this.#trying(key, async () => {
          try {
            const { Body, ETag } = await this.#client.getObject(input, signal && { abortSignal: signal });
            // servers that know no conditions tell
            if (ETag !== etag) throw changed(offset);
            const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array(0);
            mustBe(bytes, length);
            return bytes;
          } catch (error) {
            const status = statusOf(error);
            throw status === 412 || status === 404 || status === 416 ? changed(offset) : error;
          }
        });
      },
    };
  }

  async put(key: string, bytes: ObjectBytes): Promise<void> {
    const at = this.#at(key);
    if (bytes.byteLength <= this.#partBytes) {
      const Body = bytes.read(0, bytes.byteLength);
      await this.#trying(key, () => this.#client.putObject({ ...at, Body, ContentLength: Body.length }));
      return;
    }
    const { UploadId } = await this.#trying(key, () => this.#client.createMultipartUpload(at));
    const upload = { ...at, UploadId };
    try {
      const Parts = await this.#parts(key, upload, bytes);
      await this.#trying(key, () =>
        this.#client.completeMultipartUpload({ ...upload, MultipartUpload: { Parts } }),
      );
    } catch (error) {
      // what was sent would be paid for; where this fails too, a rule of the bucket has to clean up
      await this.#client.abortMultipartUpload(upload).catch(() => undefined);
      throw error;
    }
  }

  async #parts(
    key: string,
    upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string | undefined },
    bytes: ObjectBytes,
  ): Promise<{ readonly PartNumber: number; readonly ETag: string | undefined }[]> {
    const partBytes = Math.max(this.#partBytes, Math.ceil(bytes.byteLength / MOST_PARTS));
    const offsets: number[] = [];
    for (let at = 0; at < bytes.byteLength; at += partBytes) offsets.push(at);
    return inFlight(SENT_AT_ONCE, offsets, async (offset, i) => {
      const Body = bytes.read(offset, Math.min(partBytes, bytes.byteLength - offset));
      const part = { ...upload, PartNumber: i + 1, Body, ContentLength: Body.length };
      const { ETag } = await this.#trying(key, () => this.#client.uploadPart(part));
      return { PartNumber: i + 1, ETag };
    });
  }

  async create(key: string, bytes: Uint8Array): Promise<boolean> {
    this.#hasConditions ??= this.#askForConditions();
    if (!(await this.#hasConditions)) {
      this.#hasConditions = undefined;
      throw new UnsupportedError(
        `${this.name}: expected a storage that refuses to create an object twice (If-None-Match), got one that replaces it`,
      );
    }
    return this.#create(key, bytes);
  }

  async #create(key: string, bytes: Uint8Array): Promise<boolean> {
    const at = this.#at(key);
    const input = { ...at, Body: bytes, ContentLength: bytes.length, IfNoneMatch: '*' };
    let tries = 0;
    const isNew = await this.#trying(key, async () => {
      tries++;
      try {
        await this.#client.putObject(input);
        return true;
      } catch (error) {
        if (statusOf(error) === 412) return false;
        throw error;
      }
    });
    // a try whose answer was lost has done it
    if (isNew || tries === 1) return isNew;
    const there = await this.get(key);
    return there !== undefined && Buffer.compare(there, bytes) === 0;
  }

  /** Servers that know no conditions say nothing of it: the second put of an object tells. */
  async #askForConditions(): Promise<boolean> {
    const key = `conditions-${crypto.randomUUID()}`;
    const bytes = new TextEncoder().encode('May be removed.');
    try {
      await this.#create(key, bytes);
      return !(await this.#create(key, new Uint8Array(1)));
    } finally {
      await this.remove(key);
    }
  }

  async *list(prefix: string): AsyncGenerator<{ key: string; bytes: number; modified: number }> {
    const where = { Bucket: this.#bucket, Prefix: `${this.#prefix}${prefix}` };
    let token: string | undefined;
    do {
      const input = token === undefined ? where : { ...where, ContinuationToken: token };
      const page = await this.#trying(prefix, () => this.#client.listObjectsV2(input));
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
        yield { key: Key.slice(this.#prefix.length), bytes: Size, modified: LastModified?.getTime() ?? 0 };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async remove(key: string): Promise<void> {
    const at = this.#at(key);
    await this.#trying(key, () => this.#client.deleteObject(at));
  }
}

/** A body that came short, which a further try may mend. */
class ShortBodyError extends Error {
  override readonly name = 'ShortBodyError';
}

function mustBe(bytes: Uint8Array, length: number): void {
  if (bytes.length === length) return;
  throw new ShortBodyError(`expected ${length} bytes, got ${bytes.length}`);
}

function statusOf(error: unknown): number | undefined {
  const { $metadata } = (error ?? {}) as { readonly $metadata?: { readonly httpStatusCode?: number } };
  return $metadata?.httpStatusCode;
}

/** Whether an error may pass by itself: what no server has refused, and what it refused for now. */
function passes(error: unknown): boolean {
  if (error instanceof FormatError || (error instanceof Error && error.name === 'AbortError')) return false;
  const status = statusOf(error);
  return (
    status === undefined ||
    status >= 500 ||
    status === 408 ||
    status === 409 ||
    status === 429 ||
    status < 300
  );
}
