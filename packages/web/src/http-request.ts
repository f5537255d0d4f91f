/**
 * A request whose answer is watched: whoever waits for it waits no longer than the server's silence may last, or until the
 * caller's signal; and every error names the address.
 */
import { checkInteger, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { NetworkError } from './errors.ts';

/** Says what is sent with every request. */
export interface HttpOptions {
  /** Sent with every request, e.g. an Authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials?: RequestCredentials;
  /** Instead of the global fetch. */
  readonly fetch?: (input: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds without a byte after which a request fails with NetworkError; 30,000 by default, Infinity for no limit. */
  readonly idleTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS: OptionTable<HttpOptions> = {
  headers: 'any',
  credentials: 'string',
  fetch: 'function',
  idleTimeoutMs: 'number',
  signal: 'any',
};
const IDLE_TIMEOUT_MS = 30_000;
/** setTimeout takes no more. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** An answer; whoever has one calls `end`, which also stops what is still coming. */
export interface HttpAnswer {
  readonly response: Response;
  /** The body piece by piece, as it comes. */
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
  end(): void;
}

/**
 * The address in full: a relative one counts from the page, in a worker from the worker's file.
 * @throws RangeError for what is no address, and for a relative one where there is no page
 */
export function absoluteUrl(url: string | URL): string {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  try {
    return new URL(url, base).href;
  } catch {
    const expected = base === undefined ? 'an absolute address, as there is no page,' : 'an address';
    throw new RangeError(`"url" expected ${expected} got ${JSON.stringify(String(url))}`);
  }
}

/** @throws RangeError on unknown options, TypeError on values of another kind */
export function checkHttpOptions(options: HttpOptions): void {
  checkOptions('options', options, OPTIONS);
}

/**
 * Asks for `url`, which has to be absolute.
 * @throws NetworkError if no answer comes; the signal's reason if it is aborted. Chunks reject in the same way
 */
export async function request(url: string, options: HttpOptions): Promise<HttpAnswer> {
  const watch = new Watch(url, options.idleTimeoutMs ?? IDLE_TIMEOUT_MS, options.signal);
  try {
    const asked = (options.fetch ?? fetch)(url, {
      ...(options.headers && { headers: options.headers }),
      ...(options.credentials && { credentials: options.credentials }),
      signal: watch.signal,
    });
    const response = await watch.wait(asked, (late) => late.body?.cancel());
    const reader = response.body?.getReader();
    return {
      response,
      async *chunks() {
        while (reader) {
          const { value } = await watch.wait(reader.read());
          if (!value) return;
          yield value;
        }
      },
      end() {
        watch.end();
        // a body that has ended takes no notice
        reader?.cancel().catch(() => {});
      },
    };
  } catch (error) {
    watch.end();
    throw error;
  }
}

class Watch {
  readonly #url: string;
  readonly #idleMs: number;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #forward: () => void;

  constructor(url: string, idleMs: number, outer: AbortSignal | undefined) {
    if (idleMs !== Number.POSITIVE_INFINITY) checkInteger('idleTimeoutMs', idleMs, 1, MAX_TIMEOUT_MS);
    outer?.throwIfAborted();
    this.#url = url;
    this.#idleMs = idleMs;
    this.#outer = outer;
    this.#forward = () => this.#controller.abort(outer?.reason);
    outer?.addEventListener('abort', this.#forward);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    this.#outer?.removeEventListener('abort', this.#forward);
  }

  /** What the promise gives, unless the signal or the clock is first; what comes `late` is handed over to be given up. */
  wait<T>(promise: Promise<T>, late: (value: T) => unknown = () => {}): Promise<T> {
    const { signal } = this.#controller;
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop);
      const timer = Number.isFinite(this.#idleMs)
        ? setTimeout(() => this.#fallSilent(), this.#idleMs)
        : undefined;
      promise
        .then(
          (value) => (signal.aborted ? late(value) : resolve(value)),
          (error) => reject(signal.aborted ? signal.reason : this.#brokenOff(error)),
        )
        .finally(() => {
          clearTimeout(timer);
          signal.removeEventListener('abort', stop);
        });
    });
  }

  #fallSilent(): void {
    const message = `"url" expected an answer from ${this.#url}, got nothing for ${this.#idleMs} ms`;
    this.#controller.abort(new NetworkError(message, this.#url));
  }

  #brokenOff(cause: unknown): NetworkError {
    const detail = cause instanceof Error ? cause.message : String(cause);
    return new NetworkError(
      `"url" expected an answer from ${this.#url}, got none or part of one: ${detail}`,
      this.#url,
      undefined,
      { cause },
    );
  }
}
