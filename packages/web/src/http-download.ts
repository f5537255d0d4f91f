/** The whole of a file over HTTP, piece by piece. */
import { NetworkError } from './errors.ts';
import { absoluteUrl, type HttpOptions, request } from './http-request.ts';

export interface Download {
  /** Bytes to come, where the server says it. */
  readonly size: number | undefined;
  /** Ends the download when the loop over it ends. */
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
}

/**
 * Asks for the file at `url`, which may be relative to the page.
 * @throws NetworkError if it cannot be reached, or answers with an error; chunks reject so if it breaks off or says nothing
 * for `idleTimeoutMs`
 */
export async function download(url: string | URL, options: HttpOptions = {}): Promise<Download> {
  const address = absoluteUrl(url);
  const answer = await request(address, options);
  const { ok, status, headers } = answer.response;
  if (!ok) {
    answer.end();
    throw new NetworkError(`"url" expected a file at ${address}, got status ${status}`, address, status);
  }
  // with a content encoding the length is that of the compressed bytes
  const length = headers.get('content-encoding') ? null : headers.get('content-length');
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* answer.chunks();
    } finally {
      answer.end();
    }
  }
  return { size: length === null ? undefined : Number(length), chunks: chunks() };
}
