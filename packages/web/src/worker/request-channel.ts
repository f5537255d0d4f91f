/** The client's side of the protocol: requests as promises, with progress, transfer and abort. */
import type { Endpoint, OperationName, Operations, Progress, Reply } from './protocol.ts';
import { reviveError } from './transfer-error.ts';

export interface RequestOptions {
  readonly transfer?: Transferable[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

interface Waiting {
  resolve(out: unknown): void;
  reject(error: unknown): void;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

export class RequestChannel {
  readonly #endpoint: Endpoint;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listener = ({ data }: MessageEvent<Reply>): void => this.#receive(data);
  #counter = 0;
  #broken: Error | undefined;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    endpoint.addEventListener('message', this.#listener);
    endpoint.start?.();
  }

  /** Rejects with the worker's error as its own class; on abort with the signal's reason, at once. */
  request<Name extends OperationName>(
    op: Name,
    input: Operations[Name]['in'],
    { transfer = [], signal, onProgress }: RequestOptions = {},
  ): Promise<Operations[Name]['out']> {
    return new Promise((resolve, reject) => {
      if (this.#broken) return reject(this.#broken);
      if (signal?.aborted) return reject(signal.reason);
      const id = this.#counter++;
      const onAbort = (): void => {
        this.#waiting.delete(id);
        this.#endpoint.postMessage({ cancel: id }, []);
        reject(signal?.reason);
      };
      const settle = (): void => {
        this.#waiting.delete(id);
        signal?.removeEventListener('abort', onAbort);
      };
      this.#waiting.set(id, {
        onProgress,
        resolve: (out) => {
          settle();
          // the answer to a request is of its operation's type: the service is typed by the same table
          resolve(out as Operations[Name]['out']);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        this.#endpoint.postMessage({ id, op, in: input }, transfer);
      } catch (error) {
        settle();
        reject(error);
      }
    });
  }

  /** Ends with `error` whatever waits now or is asked later. */
  close(error: Error): void {
    this.#broken ??= error;
    this.#endpoint.removeEventListener('message', this.#listener);
    for (const waiting of [...this.#waiting.values()]) waiting.reject(error);
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    // undefined after an abort
    if (!waiting) return;
    if ('progress' in reply) waiting.onProgress?.(reply.progress);
    else if ('error' in reply) waiting.reject(reviveError(reply.error));
    else waiting.resolve(reply.out);
  }
}
