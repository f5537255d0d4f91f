/**
 * The writes to what is served: a stream of JetStream, each write with a number. A write is acknowledged when a majority of the servers has it;
 * whoever serves a shard applies those that follow on what its segment has, in their order.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { FormatError } from '@sagitta/core-wasm';
import type { Nats } from './nats.ts';
import type { OrderedMessages } from './nats-client.ts';
import { mostIds, type WireWrite, writeWrite } from './wire-write.ts';

/** Is a write, as bytes, and its number. */
export interface NumberedWrite {
  readonly number: number;
  readonly data: Uint8Array;
}

/** Says which numbers there are. */
export interface WriteNumbers {
  /** Of the first write that is still there; last + 1 where none is. */
  readonly first: number;
  /** Of the last write that there was; 0: none. */
  readonly last: number;
}

const nameOf = (collection: string): string => `SAGITTA_WRITES_${collection}`;
const subjectOf = (collection: string): string => `sagitta.writes.${collection}`;
/** Bytes of a message that are left for its headers. */
const HEADER_BYTES = 1024;
/** Nanoseconds for which a write that is sent twice is known for one. */
const TWICE_NANOS = 120e9;
const AGAIN_MS = 500;
/** Milliseconds after which a server that has said nothing is asked again. */
const IDLE_MS = 2000;

/** Sends writes, and follows them. */
export class WriteStream {
  readonly #nats: Nats;
  readonly #collection: string;

  private constructor(nats: Nats, collection: string) {
    this.#nats = nats;
    this.#collection = collection;
  }

  /** Opens the writes of a collection; the stream is made with the first who asks. */
  static async open(nats: Nats, collection: string): Promise<WriteStream> {
    await nats.asking(() =>
      nats.manager.streams.add({
        ...{ name: nameOf(collection), subjects: [subjectOf(collection)], storage: 'file' },
        ...{ num_replicas: nats.copies, retention: 'limits', duplicate_window: TWICE_NANOS },
        // what is full refuses: no write that was acknowledged makes room
        discard: 'new',
      }),
    );
    return new WriteStream(nats, collection);
  }

  async numbers(): Promise<WriteNumbers> {
    const { manager, asking } = this.#nats;
    const { state } = await asking(() => manager.streams.info(nameOf(this.#collection)));
    return { first: Math.max(1, state.first_seq), last: state.last_seq };
  }

  /** Forgets writes up to a number. */
  async forget(number: number): Promise<void> {
    const { manager, asking } = this.#nats;
    await asking(() => manager.streams.purge(nameOf(this.#collection), { seq: number + 1 }));
  }

  /**
   * Sends a write, in as many messages as it takes, one after the other. known — number of a write that there was.
   * @returns the number of the last; all of them are acknowledged
   * @throws UnavailableError where no majority of the servers answers: then it may be there, or not, or in part; FormatError where the
   * stream was made anew, and has no writes that segments have
   */
  async send({ ids, vectors }: WireWrite, known: number): Promise<number> {
    const { connection, streams, asking } = this.#nats;
    const d = vectors ? vectors.length / ids.length : 0;
    const most = mostIds((connection.info?.max_payload ?? 2 ** 20) - HEADER_BYTES, d);
    let number = 0;
    for (let at = 0; at < ids.length; at += most) {
      const bytes = writeWrite({
        ids: ids.subarray(at, at + most),
        vectors: vectors?.subarray(d * at, d * (at + most)),
      });
      // of one that is tried again the server knows that it has it
      const msgID = randomUUID();
      ({ seq: number } = await asking(() => streams.publish(subjectOf(this.#collection), bytes, { msgID })));
      // members would take it for one that their segments have
      if (number <= known) await this.checkThere(known + 1);
    }
    return number;
  }

  /**
   * The writes from a number on, each as soon as it is there, until the signal; servers that are away are waited for.
   * @throws FormatError where that number is not there any more
   */
  async *follow(first: number, signal: AbortSignal): AsyncGenerator<NumberedWrite> {
    let next = first;
    while (!signal.aborted) {
      let messages: OrderedMessages | undefined;
      const end = (): void => void messages?.close();
      try {
        const start = { deliver_policy: 'by_start_sequence', opt_start_seq: next } as const;
        const consumer = await this.#nats.streams.consumers.get(nameOf(this.#collection), start);
        messages = await consumer.consume({ idle_heartbeat: IDLE_MS });
        signal.addEventListener('abort', end);
        if (signal.aborted) return;
        for await (const { seq, data } of messages) {
          if (seq < next) continue;
          if (seq > next) break;
          yield { number: seq, data };
          next++;
        }
      } catch {
        // servers that are away or elect a leader
      } finally {
        signal.removeEventListener('abort', end);
        end();
      }
      await wait(AGAIN_MS, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.checkThere(next);
    }
  }

  /** Whether writes from a number on can be followed. @throws FormatError where it is forgotten, or is beyond the next: then the stream was made anew */
  async checkThere(number: number): Promise<void> {
    const { first, last } = await this.numbers();
    if (number >= first && number <= last + 1) return;
    throw new FormatError(
      `${nameOf(this.#collection)}: expected to go on from write ${number}, got writes ${first} to ${last}`,
    );
  }
}
