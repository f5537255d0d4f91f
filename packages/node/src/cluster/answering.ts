/** Answers questions with what a shard finds, in their turn: one that was taken back by then is dropped, and that is said. */
import type { LiveShard } from './live-shard.ts';
import type { NatsMessage } from './nats-client.ts';
import type { Turns } from './turns.ts';
import { readQuery, type WireQuery, writeAnswer, writeDropped, writeRefusal } from './wire-search.ts';

/** Milliseconds for which a query waits for a write that it has to know. */
const WAIT_MS = 2000;

/** A question without an answer. */
interface Question {
  readonly query: WireQuery;
  /** Forgets it. */
  readonly takeBack: () => void;
}

/** Answers for a shard, by the ids of the whole collection. */
export class Answering {
  readonly #live: LiveShard;
  readonly #turns: Turns;
  readonly #open = new Set<Question>();

  /** turns — of all shards that this process answers for. */
  constructor(live: LiveShard, turns: Turns) {
    this.#live = live;
    this.#turns = turns;
  }

  /** Answers query by query until there are no more; one that has to know a write waits for it beside the others. */
  async answer(messages: AsyncIterable<NatsMessage>): Promise<void> {
    const open = new Set<Promise<void>>();
    for await (const message of messages) {
      const query = queryOf(message);
      if (!query) continue;
      const answered = this.#answer(query, message).then(() => void open.delete(answered));
      open.add(answered);
    }
    await Promise.all(open);
  }

  /** Takes back the questions whose ids come, until there are no more. */
  async takeBack(messages: AsyncIterable<NatsMessage>): Promise<void> {
    for await (const { data } of messages) {
      const id = new TextDecoder().decode(data);
      for (const { query, takeBack } of this.#open) if (query.id === id) takeBack();
    }
  }

  #answer(query: WireQuery, message: NatsMessage): Promise<void> {
    const { after = 0 } = query;
    return new Promise((resolve) => {
      const close = (): void => {
        this.#open.delete(question);
        resolve();
      };
      const turn = (): void => {
        close();
        if (after <= this.#live.applied) respond(message, answerOf(query, this.#live));
      };
      const takeBack = (): void => {
        close();
        this.#turns.drop(turn);
        respond(message, writeDropped());
      };
      const question: Question = { query, takeBack };
      this.#open.add(question);
      if (after <= this.#live.applied) {
        this.#turns.take(turn);
        return;
      }
      void this.#live.reached(after, AbortSignal.timeout(WAIT_MS)).then(() => {
        if (this.#open.has(question)) this.#turns.take(turn);
      });
    });
  }
}

function respond(message: NatsMessage, bytes: Uint8Array): void {
  try {
    message.respond(bytes);
  } catch {
    // the connection is closed: who has asked asks another
  }
}

/** What a message asks; one that asks nothing is refused. */
function queryOf(message: NatsMessage): WireQuery | undefined {
  try {
    return readQuery(message.data);
  } catch (error) {
    respond(message, writeRefusal(error));
    return undefined;
  }
}

function answerOf(query: WireQuery, live: LiveShard): Uint8Array {
  try {
    return writeAnswer(live.answer(query));
  } catch (error) {
    return writeRefusal(error);
  }
}
