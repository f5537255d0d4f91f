/**
 * Asks the members of a shard. A question goes to one of them; where no answer has come when most have, it goes to one of them again, then to all of
 * them, and so on with longer pauses. With the first answer, or when the time is over, it is taken back from those who have not begun it.
 */
import { type Allowed, type AnswerTimes, AskingAgain } from '@sagitta/retrieval/internal';
import type { NatsConnection } from './nats-client.ts';
import type { ShardSubjects } from './subjects.ts';
import { readAnswer, type WireAnswer } from './wire-search.ts';

/** Says what is asked. */
export interface ShardQuestion {
  readonly subjects: ShardSubjects;
  /** The query, with its id. */
  readonly bytes: Uint8Array;
  readonly id: string;
  /** By the clock of performance.now(). */
  readonly deadline: number;
  /** Milliseconds before the shard is asked again. */
  readonly pauseMs: number;
  /** Told of each question beyond the first. */
  readonly onHedge: () => void;
}

/** Milliseconds before the deadline from which nothing is asked any more; timers may be early. */
const LAST_MS = 5;

/** Asks one shard, and knows how often it may be asked again. */
export class ShardAsker {
  readonly #connection: NatsConnection;
  readonly #times: AnswerTimes;
  readonly #again = new AskingAgain();

  /** times — of the answers of all shards. */
  constructor(connection: NatsConnection, times: AnswerTimes) {
    this.#connection = connection;
    this.#times = times;
  }

  /** The first answer; undefined where nobody gives one in time. @throws RangeError with what a member has refused */
  ask(question: ShardQuestion): Promise<WireAnswer | undefined> {
    const { deadline, pauseMs, onHedge } = question;
    return new Promise((resolve, reject) => {
      let open = 0;
      let tries = 0;
      let taken = 0;
      let isSettled = false;
      let pause = pauseMs;
      let timer: NodeJS.Timeout | undefined;
      const end = (isLate: boolean): void => {
        clearTimeout(timer);
        isSettled = true;
        // others may have it still
        if (isLate || tries > 1) this.#takeBack(question);
      };
      const settle = (answer: WireAnswer | undefined): void => {
        end(answer === undefined);
        if (answer) this.#again.answered(tries);
        resolve(answer);
      };
      const refuse = (error: unknown): void => {
        end(false);
        reject(error);
      };
      const send = (): void => {
        clearTimeout(timer);
        const allowed = this.#again.next(tries);
        if (allowed) {
          open++;
          taken += allowed.takes;
          if (tries++ > 0) onHedge();
          const from = performance.now();
          this.#request(question, allowed).then(
            (answer) => receive(answer, performance.now() - from),
            refuse,
          );
        }
        // the next may be asked of the same one, which is gone: pauses double until one answers
        if (performance.now() + pause < deadline) timer = setTimeout(send, pause);
        else if (open === 0) settle(undefined);
        pause *= 2;
      };
      const receive = (answer: WireAnswer | undefined, ms: number): void => {
        if (isSettled) return;
        open--;
        // nobody in time is slow too; where another has answered it is one that stands still, which makes nobody slower
        if (answer || performance.now() >= deadline) this.#times.note(ms);
        if (answer && ms <= pauseMs) this.#again.giveBack(taken);
        if (answer) settle(answer);
        else if (open > 0) return;
        // lost at once is asked for once more at once
        else if (tries === 1 && performance.now() < deadline - LAST_MS) send();
        else settle(undefined);
      };
      send();
    });
  }

  /** What comes of a message; undefined where nobody answers it. @throws RangeError with what a member has refused */
  async #request(
    { subjects, bytes, deadline }: ShardQuestion,
    { toAll }: Allowed,
  ): Promise<WireAnswer | undefined> {
    const timeout = Math.max(1, deadline - performance.now());
    try {
      const { data } = await this.#connection.request(toAll ? subjects.all : subjects.one, bytes, {
        timeout,
      });
      return readAnswer(data);
    } catch (error) {
      if (error instanceof RangeError) throw error;
      return undefined;
    }
  }

  #takeBack({ subjects, id }: ShardQuestion): void {
    try {
      this.#connection.publish(subjects.back, new TextEncoder().encode(id));
    } catch {
      // without a connection nobody is asked
    }
  }
}
