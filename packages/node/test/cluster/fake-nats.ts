/** JetStream in memory, as its clients see it: buckets that compare and swap, and streams of one message a subject. */
import type { Nats } from '../../src/cluster/nats.ts';
import type { KeyValue, KeyValueEntry, StreamClient, StreamManager } from '../../src/cluster/nats-client.ts';

class RefusedError extends Error {
  override readonly name = 'JetStreamApiError';
  readonly code: number;
  constructor(code: number) {
    super(`error ${code}`);
    this.code = code;
  }
}

const [WRONG_REVISION, QUEUED_ALREADY, NO_MESSAGE, NO_CONSUMER] = [10071, 10077, 10037, 10014];

interface Message {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

export class FakeNats implements Pick<Nats, 'asking' | 'bucket' | 'buckets' | 'keys' | 'copies'> {
  readonly copies = 1;
  readonly connection: { readonly info: { readonly max_payload: number } } = {
    info: { max_payload: 2 ** 20 },
  };
  /** Messages of the stream of jobs. */
  messages: Message[] = [];
  /** Told before a key is swapped. */
  beforeSwap: (() => Promise<void>) | undefined;
  readonly #buckets = new Map<string, Map<string, KeyValueEntry>>();
  #seq = 0;

  asking<T>(body: () => Promise<T>): Promise<T> {
    return body();
  }

  async bucket(name: string): Promise<KeyValue> {
    const values = this.#buckets.get(name) ?? new Map<string, KeyValueEntry>();
    this.#buckets.set(name, values);
    const put = async (key: string, value: Uint8Array): Promise<number> => {
      const revision = ++this.#seq;
      values.set(key, { key, value, revision, operation: 'PUT' });
      return revision;
    };
    return {
      get: async (key) => values.get(key) ?? null,
      put,
      create: async (key, value) => {
        await this.#swapping();
        if (values.get(key)?.operation === 'PUT') throw new RefusedError(WRONG_REVISION);
        return put(key, value);
      },
      update: async (key, value, revision) => {
        await this.#swapping();
        if (values.get(key)?.revision !== revision) throw new RefusedError(WRONG_REVISION);
        return put(key, value);
      },
      delete: async (key) => {
        values.set(key, { key, value: new Uint8Array(0), revision: ++this.#seq, operation: 'DEL' });
      },
    };
  }

  async #swapping(): Promise<void> {
    const body = this.beforeSwap;
    this.beforeSwap = undefined;
    await body?.();
  }

  async buckets(): Promise<string[]> {
    return [...this.#buckets.keys()];
  }

  async keys(name: string, prefix: string): Promise<string[]> {
    const values = this.#buckets.get(name) ?? new Map<string, KeyValueEntry>();
    return [...values.keys()].filter((key) => key.startsWith(`${prefix}.`));
  }

  readonly streams: Pick<StreamClient, 'publish'> = {
    publish: async (subject, data) => {
      if (this.messages.some((one) => one.subject === subject)) throw new RefusedError(QUEUED_ALREADY);
      this.messages.push({ seq: ++this.#seq, subject, data });
      return { seq: this.#seq };
    },
  };

  readonly manager: {
    readonly streams: Omit<StreamManager['streams'], 'names'>;
    readonly consumers: StreamManager['consumers'];
  } = {
    streams: {
      add: async () => undefined,
      info: async (name) => {
        const counts = Object.fromEntries(this.messages.map(({ subject }) => [subject, 1]));
        return {
          state: {
            messages: 0,
            first_seq: 1,
            last_seq: 0,
            ...(name === 'SAGITTA_JOBS' && { subjects: counts }),
          },
        };
      },
      getMessage: async (_, query) => {
        const found = this.messages.find(({ seq, subject }) =>
          'seq' in query ? query.seq === seq : query.last_by_subj === subject,
        );
        if (!found) throw new RefusedError(NO_MESSAGE);
        return found;
      },
      purge: async () => undefined,
      deleteMessage: async (_, seq) => {
        this.messages = this.messages.filter((one) => one.seq !== seq);
        return true;
      },
    },
    consumers: {
      add: async () => undefined,
      info: async () => {
        throw new RefusedError(NO_CONSUMER);
      },
    },
  };

  /** As what is asked for by types. */
  get nats(): Nats {
    return this as unknown as Nats;
  }
}
