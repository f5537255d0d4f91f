/** What is used of the clients of NATS (@nats-io/transport-node, jetstream and kv, version 3), as types of our own: they are optional peers. */

/** Describes a message. */
export interface NatsMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  respond(data?: Uint8Array): boolean;
}

/** Describes a subscription: its messages one after the other. */
export interface NatsSubscription extends AsyncIterable<NatsMessage> {
  /** No further messages; those that came are still given. */
  drain(): Promise<void>;
  unsubscribe(): void;
}

/** Describes a connection. */
export interface NatsConnection {
  readonly info?: { readonly cluster?: string | undefined; readonly max_payload: number } | undefined;
  request(subject: string, data: Uint8Array, options: { readonly timeout: number }): Promise<NatsMessage>;
  publish(subject: string, data?: Uint8Array): void;
  subscribe(subject: string, options?: { readonly queue?: string }): NatsSubscription;
  flush(): Promise<void>;
  drain(): Promise<void>;
  close(): Promise<void>;
  closed(): Promise<unknown>;
}

/** Describes a message of a stream, as a consumer gets it. */
export interface StreamMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly seq: number;
  readonly info: { readonly deliveryCount: number };
  /** Says that the work is done; resolves when the server knows it. */
  ackAck(): Promise<boolean>;
  /** Says that it is still being worked on. */
  working(): void;
  /** Wants it to be given out again, after so many milliseconds. */
  nak(milliseconds?: number): void;
  /** Wants it not to be given out again. */
  term(reason?: string): void;
}

/** Describes messages that a consumer was asked for: one after the other, until it has all or the time is over. */
export interface StreamMessages extends AsyncIterable<StreamMessage> {
  /** Wants no more of them. */
  close(): Promise<unknown>;
}

/** Describes a consumer that is asked for messages. */
export interface StreamConsumer {
  fetch(options: { readonly max_messages: number; readonly expires: number }): Promise<StreamMessages>;
  info(): Promise<ConsumerInfo>;
}

/** Tells how a consumer is set and what it has given out. */
export interface ConsumerInfo {
  readonly config: { readonly ack_wait?: number | undefined; readonly max_deliver?: number | undefined };
  /** Given out, and not answered yet. */
  readonly num_ack_pending: number;
  /** Not given out yet. */
  readonly num_pending: number;
}

/** Describes messages of a stream in their order, until close. */
export interface OrderedMessages extends AsyncIterable<Pick<StreamMessage, 'data' | 'seq'>> {
  close(): Promise<unknown>;
}

/** Describes what gives out messages of a stream in their order. */
export interface OrderedConsumer {
  consume(options: { readonly idle_heartbeat: number }): Promise<OrderedMessages>;
}

/** Describes JetStream's API for messages. */
export interface StreamClient {
  publish(
    subject: string,
    data: Uint8Array,
    options?: { readonly msgID: string },
  ): Promise<{ readonly seq: number }>;
  readonly consumers: {
    get(stream: string, consumer: string): Promise<StreamConsumer>;
    get(
      stream: string,
      start: { readonly deliver_policy: 'by_start_sequence'; readonly opt_start_seq: number },
    ): Promise<OrderedConsumer>;
  };
}

/** Describes JetStream's API for streams and consumers. */
export interface StreamManager {
  readonly streams: {
    add(config: object): Promise<unknown>;
    names(): AsyncIterable<string>;
    info(
      stream: string,
      options?: { readonly subjects_filter: string },
    ): Promise<{
      readonly state: {
        readonly messages: number;
        readonly first_seq: number;
        readonly last_seq: number;
        readonly subjects?: Readonly<Record<string, number>> | undefined;
      };
    }>;
    getMessage(
      stream: string,
      query: { readonly seq: number } | { readonly last_by_subj: string },
    ): Promise<{ readonly subject: string; readonly data: Uint8Array } | null>;
    deleteMessage(stream: string, seq: number): Promise<boolean>;
    /** Takes out what has a lower number than seq. */
    purge(stream: string, options: { readonly seq: number }): Promise<unknown>;
  };
  readonly consumers: {
    add(stream: string, config: object): Promise<unknown>;
    info(stream: string, consumer: string): Promise<ConsumerInfo>;
  };
}

/** Describes a value under a key, and its revision. */
export interface KeyValueEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: number;
  readonly operation: 'PUT' | 'DEL' | 'PURGE';
}

/** Describes a bucket of keys. */
export interface KeyValue {
  get(key: string): Promise<KeyValueEntry | null>;
  /** @returns the revision */
  put(key: string, value: Uint8Array): Promise<number>;
  /** Rejects where the key has a value. */
  create(key: string, value: Uint8Array): Promise<number>;
  /** Rejects where the revision is another. */
  update(key: string, value: Uint8Array, revision: number): Promise<number>;
  delete(key: string, options?: { readonly previousSeq: number }): Promise<void>;
}
