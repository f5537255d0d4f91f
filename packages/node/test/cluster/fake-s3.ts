/** A server of S3 in memory, as its client sees it: with pages of two, conditions and parts, and with faults that tests ask for. */
import { createHash } from 'node:crypto';
import type { S3Methods } from '../../src/cluster/s3-client.ts';

/** What happens to a call instead of its work, or 'lost': it is done, and its answer does not come. */
export type Fault = number | 'network' | 'lost' | 'short';

class StatusError extends Error {
  readonly $metadata: { readonly httpStatusCode: number };
  constructor(status: number) {
    super(`status ${status}`);
    this.name = 'ServiceException';
    this.$metadata = { httpStatusCode: status };
  }
}

export class FakeS3 implements S3Methods {
  readonly objects: Map<string, Uint8Array> = new Map();
  /** Milliseconds by its clock. */
  now = 1e12;
  readonly #modified = new WeakMap<Uint8Array, Date>();
  /** Names of methods, in the order of calls. */
  readonly calls: string[] = [];
  readonly #uploads = new Map<string, Map<number, Uint8Array>>();
  readonly #faults: { readonly method: string; readonly fault: Fault }[] = [];
  readonly hasConditions: boolean;

  constructor({ hasConditions = true }: { readonly hasConditions?: boolean } = {}) {
    this.hasConditions = hasConditions;
  }

  /** The next call of a method, or of any that is not told yet, meets a fault. */
  fail(method: keyof S3Methods, ...faults: readonly Fault[]): void {
    for (const fault of faults) this.#faults.push({ method, fault });
  }

  get uploads(): number {
    return this.#uploads.size;
  }

  async #call<T>(method: string, body: () => T, short: (value: T) => T = (value) => value): Promise<T> {
    this.calls.push(method);
    const at = this.#faults.findIndex((one) => one.method === method);
    const fault = at < 0 ? undefined : this.#faults.splice(at, 1)[0]?.fault;
    if (typeof fault === 'number') throw new StatusError(fault);
    if (fault === 'network') throw new Error('socket hang up');
    const value = body();
    if (fault === 'lost') throw new Error('read ECONNRESET');
    return fault === 'short' ? short(value) : value;
  }

  #there(key: string): Uint8Array {
    const bytes = this.objects.get(key);
    if (!bytes) throw new StatusError(404);
    return bytes;
  }

  #put(key: string, bytes: Uint8Array): void {
    this.objects.set(key, bytes);
    this.#modified.set(bytes, new Date(this.now));
  }

  headObject: S3Methods['headObject'] = ({ Key }) =>
    this.#call('headObject', () => {
      const bytes = this.#there(Key);
      return { ContentLength: bytes.length, ETag: etagOf(bytes) };
    });

  getObject: S3Methods['getObject'] = ({ Key, Range, IfMatch }) =>
    this.#call(
      'getObject',
      () => {
        const bytes = this.#there(Key);
        if (this.hasConditions && IfMatch !== undefined && IfMatch !== etagOf(bytes))
          throw new StatusError(412);
        const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(Range ?? '')?.map(Number) ?? [];
        if (from !== undefined && from >= bytes.length) throw new StatusError(416);
        const part = from === undefined || to === undefined ? bytes : bytes.slice(from, to + 1);
        const ContentLength = part.length;
        return { ETag: etagOf(bytes), ContentLength, Body: { transformToByteArray: async () => part } };
      },
      (answer) => ({
        ...answer,
        Body: { transformToByteArray: async () => (await answer.Body.transformToByteArray()).slice(1) },
      }),
    );

  putObject: S3Methods['putObject'] = ({ Key, Body, IfNoneMatch }) =>
    this.#call('putObject', () => {
      if (this.hasConditions && IfNoneMatch === '*' && this.objects.has(Key)) throw new StatusError(412);
      this.#put(Key, Body.slice());
      return {};
    });

  deleteObject: S3Methods['deleteObject'] = ({ Key }) =>
    this.#call('deleteObject', () => {
      this.objects.delete(Key);
      return {};
    });

  listObjectsV2: S3Methods['listObjectsV2'] = ({ Prefix, ContinuationToken = '0' }) =>
    this.#call('listObjectsV2', () => {
      const keys = [...this.objects.keys()].filter((key) => key.startsWith(Prefix)).sort();
      const from = Number(ContinuationToken);
      const page = keys.slice(from, from + 2);
      return {
        Contents: page.map((Key) => {
          const bytes = this.#there(Key);
          return { Key, Size: bytes.length, LastModified: this.#modified.get(bytes) ?? new Date(1e12) };
        }),
        IsTruncated: from + 2 < keys.length,
        NextContinuationToken: String(from + 2),
      };
    });

  createMultipartUpload: S3Methods['createMultipartUpload'] = () =>
    this.#call('createMultipartUpload', () => {
      const UploadId = `upload-${this.calls.length}`;
      this.#uploads.set(UploadId, new Map());
      return { UploadId };
    });

  uploadPart: S3Methods['uploadPart'] = ({ UploadId = '', PartNumber, Body }) =>
    this.#call('uploadPart', () => {
      this.#uploads.get(UploadId)?.set(PartNumber, Body.slice());
      return { ETag: etagOf(Body) };
    });

  completeMultipartUpload: S3Methods['completeMultipartUpload'] = ({ Key, UploadId = '', MultipartUpload }) =>
    this.#call('completeMultipartUpload', () => {
      const parts = this.#uploads.get(UploadId);
      if (!parts) throw new StatusError(404);
      const pieces = MultipartUpload.Parts.map(({ PartNumber, ETag }, i) => {
        const part = parts.get(PartNumber);
        if (PartNumber !== i + 1 || !part || etagOf(part) !== ETag) throw new StatusError(400);
        return part;
      });
      this.#put(Key, Buffer.concat(pieces));
      this.#uploads.delete(UploadId);
      return {};
    });

  abortMultipartUpload: S3Methods['abortMultipartUpload'] = ({ UploadId = '' }) =>
    this.#call('abortMultipartUpload', () => this.#uploads.delete(UploadId));
}

function etagOf(bytes: Uint8Array): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}
