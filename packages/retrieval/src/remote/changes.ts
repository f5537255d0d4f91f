/**
 * Changes of the index that one worker holds, or several between them: one after the other, each made as a draft beside the
 * index that is searched, then taken over by all workers or dropped by all.
 *
 * A change ends for its caller when it is through, when it fails, at once when its signal is aborted or a worker is gone,
 * whatever it waits for at that moment; the next one begins then. Once the commit is sent an abort comes too late: the change
 * takes place, and its promise says so.
 */
import { checkOptions, type OptionTable } from '@sagitta/core-wasm';
import type { CallOptions } from './client-options.ts';
import type { AnyInfo, IndexInfo, OperationName, Operations } from './protocol.ts';
import type { RequestChannel, RequestOptions } from './request-channel.ts';

type Input<Name extends OperationName> = Omit<Operations[Name]['in'], 'draft'>;

/** A change on its way. */
export class Draft {
  readonly signal: AbortSignal | undefined;
  readonly #channels: readonly RequestChannel[];
  readonly #number: number;
  #state: 'open' | 'committed' | 'dropped' = 'open';

  /** @internal Changes makes it. */
  constructor(channels: readonly RequestChannel[], number: number, signal: AbortSignal | undefined) {
    this.#channels = channels;
    this.#number = number;
    this.signal = signal;
  }

  get shards(): number {
    return this.#channels.length;
  }
  get isCommitted(): boolean {
    return this.#state === 'committed';
  }

  /** A request of this draft to one of the workers. */
  request<Name extends OperationName>(
    shard: number,
    op: Name,
    input: Input<Name>,
    options: Omit<RequestOptions, 'signal'> = {},
  ): Promise<Operations[Name]['out']> {
    if (this.#state !== 'open')
      return Promise.reject(this.signal?.reason ?? new RangeError('"draft" expected an open one'));
    return (this.#channels[shard] as RequestChannel).request(op, this.#numbered<Name>(input), {
      ...options,
      signal: this.signal,
    });
  }

  /** The same request to every worker, in one turn. */
  requestAll<Name extends OperationName>(op: Name, input: Input<Name>): Promise<Operations[Name]['out'][]> {
    return Promise.all(this.#channels.map((_, shard) => this.request(shard, op, input)));
  }

  /** Every worker takes the draft over. Searches that are asked for from now on find it. Info is what its kind of index says. */
  commit<Info extends AnyInfo = IndexInfo>(): Promise<Info[]> {
    this.signal?.throwIfAborted();
    this.#state = 'committed';
    const all = this.#channels.map((channel) => channel.request('commit', { draft: this.#number }));
    return Promise.all(all) as Promise<AnyInfo[]> as Promise<Info[]>;
  }

  /** Changes the index of the only worker in one step there, without a draft: from here on an abort comes too late. */
  apply(
    input: Operations['call']['in'],
    options: Omit<RequestOptions, 'signal'>,
  ): Promise<Operations['call']['out']> {
    this.signal?.throwIfAborted();
    this.#state = 'committed';
    return (this.#channels[0] as RequestChannel).request('call', input, options);
  }

  /** Every worker drops it, unless it is committed. Not waited for: a worker in the midst of training answers when it is through. */
  drop(): void {
    if (this.#state !== 'open') return;
    this.#state = 'dropped';
    for (const channel of this.#channels) channel.request('discard', { draft: this.#number }).catch(() => {});
  }

  #numbered<Name extends OperationName>(input: Input<Name>): Operations[Name]['in'] {
    return { ...input, draft: this.#number } as Operations[Name]['in'];
  }
}

export class Changes {
  readonly #channels: readonly RequestChannel[];
  #last: Promise<unknown> = Promise.resolve();
  #counter = 0;

  constructor(channels: readonly RequestChannel[]) {
    this.#channels = channels;
  }

  /**
   * Runs `body` when all changes before it have ended; what it has not committed when it throws is dropped. Rejects at once
   * where `call` is not as the table says.
   */
  run<C extends CallOptions, T>(
    call: C,
    table: OptionTable<C>,
    body: (draft: Draft) => Promise<T>,
  ): Promise<T> {
    try {
      checkOptions('options', call, table);
    } catch (error) {
      return Promise.reject(error);
    }
    const { signal } = call;
    const before = this.#last;
    const draft = new Draft(this.#channels, this.#counter++, signal);
    const work = async (): Promise<T> => {
      await before;
      signal?.throwIfAborted();
      for (const { closed } of this.#channels) closed.throwIfAborted();
      return body(draft);
    };
    const result = this.#untilEnded(draft, work);
    const ended = result.catch(() => draft.drop());
    this.#last = Promise.all([before, ended]);
    return result;
  }

  /** What work gives, or at once why nobody waits for it any more. */
  async #untilEnded<T>(draft: Draft, work: () => Promise<T>): Promise<T> {
    const { signal } = draft;
    const listening = new AbortController();
    const ended = new Promise<never>((_, reject) => {
      const options = { once: true, signal: listening.signal };
      const onAbort = (): void => {
        if (!draft.isCommitted) reject(signal?.reason);
      };
      if (signal?.aborted) onAbort();
      signal?.addEventListener('abort', onAbort, options);
      for (const { closed } of this.#channels) {
        if (closed.aborted) reject(closed.reason);
        closed.addEventListener('abort', () => reject(closed.reason), options);
      }
    });
    try {
      return await Promise.race([ended, work()]);
    } finally {
      listening.abort();
    }
  }
}
