/**
 * The client's side of the protocol: requests as promises, with progress, transfer and abort. Whatever becomes of the
 * worker, every request settles.
 */
import type { Build } from '@sagitta/core-wasm';
import type { EndpointEnd, WorkerEndpoint } from './endpoint.ts';
import { lockName, Pulse, watchLock } from './liveness.ts';
import type { ErrorClass } from './place.ts';
import type { OperationName, Operations, Progress, Reply, StartOptions } from './protocol.ts';
import { reviveError } from './transfer-error.ts';
import { WorkerGoneError } from './worker-gone-error.ts';

export interface RequestOptions {
  readonly transfer?: Transferable[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface ChannelOptions extends StartOptions {
  /** Gives up starting, with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds in which the worker's file has to be loaded and answer. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** What errors say of the worker. */
  readonly shard?: number | undefined;
  /** Classes of errors that the worker's place has. */
  readonly errors?: readonly ErrorClass[];
}

const START_TIMEOUT_MS = 30_000;
/** For a worker that cannot be terminated to say that it has given its memory back. */
const FAREWELL_MS = 1000;
const ENDS: readonly EndpointEnd[] = ['error', 'messageerror', 'close'];

interface Waiting {
  resolve(out: unknown): void;
  reject(error: unknown): void;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

export class RequestChannel {
  readonly #endpoint: WorkerEndpoint;
  readonly #shard: number | undefined;
  readonly #errors: readonly ErrorClass[];
  readonly #waiting = new Map<number, Waiting>();
  readonly #closed = new AbortController();
  readonly #pulse: Pulse;
  /** The worker holds a lock, or its endpoint tells its end: it needs no pings. */
  #isWatched: boolean;
  #counter = 0;

  readonly #onMessage = ({ data }: MessageEvent<Reply>): void => this.#receive(data);
  readonly #onEnd = (event: Event): void => {
    const { type } = event;
    if (type === 'messageerror') this.#gone('sent an answer that could not be read');
    else if (type === 'close') this.#gone('has closed its port');
    else this.#gone(`ended: ${('message' in event && event.message) || 'its file could not be loaded'}`);
  };

  private constructor(endpoint: WorkerEndpoint, shard: number | undefined, errors: readonly ErrorClass[]) {
    this.#endpoint = endpoint;
    this.#shard = shard;
    this.#errors = errors;
    this.#isWatched = endpoint.tellsItsEnd === true;
    this.#pulse = new Pulse(
      () => this.#endpoint.postMessage({ ping: true }, []),
      () => this.#gone('answers no more'),
    );
    endpoint.addEventListener('message', this.#onMessage);
    for (const type of ENDS) endpoint.addEventListener(type, this.#onEnd);
    endpoint.start?.();
  }

  /**
   * Starts the worker's core.
   * @throws WorkerGoneError where the worker cannot be loaded or does not answer in time, UnsupportedError for a build that
   * the engine lacks, the signal's reason. The worker is terminated then.
   */
  static async start(
    endpoint: WorkerEndpoint,
    { signal, timeoutMs = START_TIMEOUT_MS, shard, errors = [], ...options }: ChannelOptions,
  ): Promise<{ readonly channel: RequestChannel; readonly build: Build }> {
    const channel = new RequestChannel(endpoint, shard, errors);
    const timer = setTimeout(() => channel.#gone(`did not answer in ${timeoutMs} ms`), timeoutMs);
    try {
      const lock = channel.#isWatched ? undefined : lockName();
      const { build, isLocked } = await channel.request('start', { ...options, lock }, { signal });
      if (lock !== undefined && isLocked) {
        const gone = (): void => channel.#gone('has ended');
        channel.#isWatched = await watchLock(lock, channel.#closed.signal, gone);
        channel.#watch();
      }
      return { channel, build };
    } catch (error) {
      void channel.dispose(error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Aborted when the channel is of no use any more, with what every call rejects with from then on. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Rejects with the worker's error as its own class; on abort with the signal's reason, at once. */
  request<Name extends OperationName>(
    op: Name,
    input: Operations[Name]['in'],
    options: RequestOptions = {},
  ): Promise<Operations[Name]['out']> {
    const { signal } = options;
    if (this.closed.aborted) return Promise.reject(this.closed.reason);
    if (signal?.aborted) return Promise.reject(signal.reason);
    return this.#ask(op, input, options);
  }

  #ask<Name extends OperationName>(
    op: Name,
    input: Operations[Name]['in'],
    { transfer = [], signal, onProgress }: RequestOptions = {},
  ): Promise<Operations[Name]['out']> {
    return new Promise((resolve, reject) => {
      const id = this.#counter++;
      const settle = (): void => {
        this.#waiting.delete(id);
        signal?.removeEventListener('abort', onAbort);
        this.#watch();
      };
      const waiting: Waiting = {
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
      };
      const onAbort = (): void => this.#giveUp(id, waiting, signal?.reason);
      this.#waiting.set(id, waiting);
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        this.#endpoint.postMessage({ id, op, in: input }, transfer);
        this.#watch();
      } catch (error) {
        waiting.reject(error);
      }
    });
  }

  /**
   * Rejects with `error` whatever waits now or is asked later, and ends the worker. One that cannot be terminated is asked
   * to give its memory back, and given a second for it.
   */
  async dispose(error: unknown): Promise<void> {
    if (!this.#refuse(error)) return;
    if (!this.#endpoint.terminate) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, FAREWELL_MS);
      });
      await Promise.race([this.#ask('dispose', {}).catch(() => {}), late]);
      clearTimeout(timer);
    }
    this.#leave();
  }

  /** @returns false where that was done before */
  #refuse(error: unknown): boolean {
    if (this.closed.aborted) return false;
    this.#closed.abort(error);
    for (const waiting of [...this.#waiting.values()]) waiting.reject(error);
    return true;
  }

  #leave(): void {
    this.#endpoint.removeEventListener('message', this.#onMessage);
    for (const type of ENDS) this.#endpoint.removeEventListener(type, this.#onEnd);
    // of a farewell that was not answered
    this.#waiting.clear();
    this.#watch();
    this.#endpoint.terminate?.();
  }

  #gone(reason: string): void {
    if (this.#refuse(new WorkerGoneError(reason, this.#shard))) this.#leave();
  }

  #giveUp(id: number, waiting: Waiting, reason: unknown): void {
    this.#endpoint.postMessage({ cancel: id }, []);
    waiting.reject(reason);
  }

  #watch(): void {
    this.#pulse.watch(!this.#isWatched && this.#waiting.size > 0);
  }

  #receive(reply: Reply): void {
    if ('sign' in reply) {
      if (reply.sign === 'lost') this.#gone('got a request that could not be read');
      else this.#pulse.heard(reply.sign === 'busy');
      return;
    }
    this.#pulse.heard(false);
    const waiting = this.#waiting.get(reply.id);
    // undefined after an abort
    if (!waiting) return;
    if ('error' in reply) waiting.reject(reviveError(reply.error, this.#errors));
    else if ('out' in reply) waiting.resolve(reply.out);
    else {
      try {
        waiting.onProgress?.(reply.progress);
      } catch (error) {
        // the caller's function threw: that is the end of its call
        this.#giveUp(reply.id, waiting, error);
      }
    }
  }
}
