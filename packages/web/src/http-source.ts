/**
 * Bytes behind HTTP range requests, for indexes that are larger than memory, or not worth a download. Every answer has to
 * be of the same file: where the server gives an entity tag or a date, a file that changes meanwhile is noticed.
 */
import { FormatError, UnsupportedError } from '@sagitta/core-wasm';
import { type ByteSource, checkRange } from '@sagitta/retrieval';

export interface HttpSourceOptions {
  /** Sent with every request, e.g. an Authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials?: RequestCredentials;
  /** Instead of the global fetch. */
  readonly fetch?: (input: string, init: RequestInit) => Promise<Response>;
  readonly signal?: AbortSignal;
}

/**
 * A source over the file at `url`; asks the server for its first byte.
 * @throws UnsupportedError if the server answers a range with the whole file, or does not say how long the file is;
 * Error with the status if it answers with an error. Reads reject so too, and with FormatError if the file has changed.
 */
export async function httpSource(url: string | URL, options: HttpSourceOptions = {}): Promise<ByteSource> {
  const address = String(url);
  const request = async (
    offset: number,
    length: number,
    signal: AbortSignal | undefined,
  ): Promise<Response> => {
    const response = await (options.fetch ?? fetch)(address, {
      headers: { ...options.headers, range: `bytes=${offset}-${offset + length - 1}` },
      ...(options.credentials && { credentials: options.credentials }),
      ...(signal && { signal }),
    });
    if (response.status === 206) return response;
    await response.body?.cancel();
    if (response.status === 200) {
      throw new UnsupportedError(
        `"url" expected a server that answers ranges with status 206, got 200 and the whole file from ${address}`,
      );
    }
    throw new Error(`"url" expected status 206 from ${address}, got ${response.status}`);
  };
  const first = await request(0, 1, options.signal);
  await first.body?.cancel();
  const size = rangeOf(first, address).size;
  const version = versionOf(first);
  return {
    size,
    async read(offset, length, signal) {
      checkRange({ size }, offset, length);
      if (length === 0) return new Uint8Array(0);
      const response = await request(offset, length, signal);
      const range = rangeOf(response, address);
      if (versionOf(response) !== version || range.size !== size) {
        await response.body?.cancel();
        throw new FormatError(`${address} has changed since it was opened`, offset);
      }
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (range.start !== offset || bytes.length !== length) {
        throw new FormatError(
          `${address} expected ${length} bytes from ${offset}, got ${bytes.length} from ${range.start}`,
          offset,
        );
      }
      return bytes;
    },
  };
}

function versionOf({ headers }: Response): string {
  return headers.get('etag') ?? headers.get('last-modified') ?? '';
}

function rangeOf({ headers }: Response, address: string): { start: number; size: number } {
  const text = headers.get('content-range') ?? '';
  const match = /^bytes (\d+)-\d+\/(\d+)$/.exec(text);
  if (!match) {
    throw new UnsupportedError(
      `"url" expected a Content-Range with the length of ${address}, got ${JSON.stringify(text)}`,
    );
  }
  return { start: Number(match[1]), size: Number(match[2]) };
}
