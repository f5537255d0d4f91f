/**
 * Bytes behind HTTP range requests, for indexes that are larger than memory, or not worth a download. Every answer has to
 * be of the same file: where the server gives an entity tag or a date, a file that changes meanwhile is noticed. No more of
 * an answer is read than was asked for, whatever the server sends.
 */
import { FormatError, UnsupportedError } from '@sagitta/core-wasm';
import type { ByteSource } from '@sagitta/retrieval';
import { checkRange } from '@sagitta/retrieval/internal';
import { ChangedError, NetworkError } from './errors.ts';
import { absoluteUrl, checkHttpOptions, type HttpAnswer, type HttpOptions, request } from './http-request.ts';

/** Says how a file is read over HTTP. */
export interface HttpSourceOptions extends HttpOptions {
  /** Ends the opening; reads take a signal of their own. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a source over the file at `url`, which may be relative to the page; asks the server for the first byte.
 * @throws UnsupportedError if the server answers a range with the whole file or a compressed one, or does not say how long
 * the file is; NetworkError, with `url` and `status`, if it cannot be reached, answers with an error, breaks off or says
 * nothing for `idleTimeoutMs`; FormatError if it sends other bytes than those asked for. Reads reject in the same ways, and
 * with ChangedError if the file has changed
 */
export async function httpSource(url: string | URL, options: HttpSourceOptions = {}): Promise<ByteSource> {
  checkHttpOptions(options);
  const address = absoluteUrl(url);
  const ask = (offset: number, length: number, signal: AbortSignal | undefined): Promise<HttpAnswer> =>
    request(address, {
      ...options,
      headers: { ...options.headers, range: `bytes=${offset}-${offset + length - 1}` },
      signal,
    });

  const first = await ask(0, 1, options.signal);
  let size: number;
  try {
    mustBePart(first.response, address);
    size = rangeOf(first.response, address).size;
    await bytesOf(first, address, { start: 0, end: 0, size });
  } finally {
    first.end();
  }
  const version = versionOf(first.response);
  const isAnother = (response: Response): boolean => {
    // the range was within the file when it was opened
    if (response.status === 416) return true;
    if (response.status === 206 && sizeOf(response) !== size) return true;
    return (response.status === 206 || response.status === 200) && versionOf(response) !== version;
  };
  return {
    size,
    async read(offset, length, signal) {
      checkRange({ size }, offset, length);
      if (length === 0) return new Uint8Array(0);
      const answer = await ask(offset, length, signal);
      try {
        if (isAnother(answer.response)) {
          throw new ChangedError(`"url" expected ${address} as it was opened, got another version of it`);
        }
        mustBePart(answer.response, address);
        return await bytesOf(answer, address, { start: offset, end: offset + length - 1, size });
      } finally {
        answer.end();
      }
    },
  };
}

interface Range {
  readonly start: number;
  /** The last byte. */
  readonly end: number;
  /** Of the whole file. */
  readonly size: number;
}

function mustBePart({ status, headers }: Response, address: string): void {
  if (status === 200) {
    throw new UnsupportedError(
      `"url" expected a server that answers ranges with status 206, got 200 and the whole file from ${address}`,
    );
  }
  if (status !== 206) {
    throw new NetworkError(`"url" expected status 206 from ${address}, got ${status}`, address, status);
  }
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') {
    throw new UnsupportedError(
      `"url" expected ranges of the file itself from ${address}, got Content-Encoding ${JSON.stringify(encoding)}`,
    );
  }
}

function versionOf({ headers }: Response): string {
  return headers.get('etag') ?? headers.get('last-modified') ?? '';
}

/** Without a throw: what the answer says about the file's length. */
function sizeOf({ headers }: Response): number | undefined {
  const size = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  return size === undefined ? undefined : Number(size);
}

function rangeOf({ headers }: Response, address: string): Range {
  const text = headers.get('content-range') ?? '';
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(text);
  if (!match) {
    throw new UnsupportedError(
      `"url" expected a Content-Range with the length of ${address}, got ${JSON.stringify(text)}; a server of another origin has to expose the header`,
    );
  }
  const [start, end, size] = match.slice(1).map(Number) as [number, number, number];
  if (start > end || end >= size || !Number.isSafeInteger(size)) {
    throw new FormatError(`"url" expected a Content-Range of a file from ${address}, got "${text}"`);
  }
  return { start, end, size };
}

/** The bytes of `range`, if they are what the answer has; reads at most one chunk past them. */
async function bytesOf(
  answer: HttpAnswer,
  address: string,
  { start, end, size }: Range,
): Promise<Uint8Array> {
  const got = rangeOf(answer.response, address);
  if (got.start !== start || got.end !== end || got.size !== size) {
    const text = `${got.start}-${got.end}/${got.size}`;
    throw new FormatError(`"url" expected bytes ${start}-${end}/${size} of ${address}, got ${text}`, start);
  }
  const bytes = new Uint8Array(end - start + 1);
  let count = 0;
  for await (const chunk of answer.chunks()) {
    if (count + chunk.length > bytes.length) {
      throw new FormatError(`"url" expected ${bytes.length} bytes of ${address}, got more`, start);
    }
    bytes.set(chunk, count);
    count += chunk.length;
  }
  if (count < bytes.length) {
    throw new FormatError(`"url" expected ${bytes.length} bytes of ${address}, got ${count}`, start);
  }
  return bytes;
}
