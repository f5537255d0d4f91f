/**
 * Asks the members of a shard. A question goes to one of them; where no answer has come when most have, it goes to one of them again, then to all of
 * them, and so on with longer pauses. With the first answer, or when the time is over, it is taken back from those who have not begun it, who say so.
 */
import type { AnswerTimes } from './answer-times.ts';
import { type Allowed, AskingAgain } from './asking-again.ts';

/** What comes of a message: an answer, that a member has dropped it, or undefined where nobody has said anything. */
export type Reply<A extends object> = A | 'dropped' | undefined;

/** Describes how one question goes to a shard, in whatever time. */
export interface ShardWay<A extends object> {
  /** Milliseconds. */
  now(): number;
  /** @returns what forgets it */
  after(ms: number, run: () => void): () => void;
  /** Sends the question. receive — called once, at the deadline at the latest. */
  send(toAll: boolean, receive: (reply: Reply<A>) => void): void;
  /** Tells all members that nobody needs an answer any more. */
  takeBack(): void;
}

/** Says how it is asked. */
export interface Asking {
  /** By the clock of the way. */
  readonly deadline: number;
  /** Milliseconds before the shard is asked again; infinite: never. */
  readonly pauseMs: number;
  /** Told of each question beyond the first. */
  readonly onHedge: () => void;
}

/** Milliseconds before the deadline from which nothing is asked any more; timers may be early. */
const LAST_MS = 5;
/** Milliseconds at least within which something is heard of a question that was taken back. */
const HEARD_MS = 200;
const ONCE: Allowed = { toAll: false, takes: 0 };

/** Asks one shard, and knows how often it may be asked again. */
export class ShardAsker {
  readonly #times: AnswerTimes;
  readonly #rule = new AskingAgain();

  /** times — of the answers of all shards. */
  constructor(times: AnswerTimes) {
    this.#times = times;
  }

  /** Asks. settle — called once: with the first answer, or without one where nobody gives one in time. @returns what ends it without that */
  ask<A extends object>(
    way: ShardWay<A>,
    asking: Asking,
    settle: (answer: A | undefined) => void,
  ): () => void {
    const asked = new Asked(way, asking, this.#times, this.#rule, settle);
    asked.send();
    return () => asked.end();
  }
}

/** A message that is on its way. */
interface Message {
  readonly from: number;
  readonly toAll: boolean;
  /** Whether it is known what became of it. */
  isHeard: boolean;
}

/** A question of which there are messages. */
class Asked<A extends object> {
  readonly #way: ShardWay<A>;
  readonly #asking: Asking;
  readonly #times: AnswerTimes;
  readonly #rule: AskingAgain;
  readonly #settle: (answer: A | undefined) => void;
  readonly #open = new Set<Message>();
  #tries = 0;
  #hasAskedAll = false;
  /** What its messages beyond the first have taken. */
  #taken = 0;
  #pause: number;
  #endedAt = Number.POSITIVE_INFINITY;
  #forget = (): void => undefined;

  constructor(
    way: ShardWay<A>,
    asking: Asking,
    times: AnswerTimes,
    rule: AskingAgain,
    settle: (answer: A | undefined) => void,
  ) {
    this.#way = way;
    this.#asking = asking;
    this.#times = times;
    this.#rule = rule;
    this.#settle = settle;
    this.#pause = asking.pauseMs;
  }

  /** Sends a message if one is allowed, and plans the next. */
  send(): void {
    this.#forget();
    const { pauseMs, deadline, onHedge } = this.#asking;
    const allowed = pauseMs === Number.POSITIVE_INFINITY ? ONCE : this.#rule.next(this.#tries);
    if (allowed) {
      const isFirst = this.#tries++ === 0;
      if (!isFirst) onHedge();
      this.#taken += allowed.takes;
      this.#message(allowed.toAll);
      if (isFirst && allowed.toAll && this.#rule.tries()) this.#message(false);
    }
    // the next may be asked of the same one, which is gone: pauses double until one answers
    if (this.#way.now() + this.#pause < deadline)
      this.#forget = this.#way.after(this.#pause, () => this.send());
    else if (this.#open.size === 0) this.#finish();
    this.#pause *= 2;
  }

  #message(toAll: boolean): void {
    const message = { from: this.#way.now(), toAll, isHeard: false };
    this.#open.add(message);
    this.#hasAskedAll ||= toAll;
    this.#way.send(toAll, (reply) => {
      this.#open.delete(message);
      const isTimeOver = this.#way.now() >= this.#asking.deadline;
      if (reply !== undefined || isTimeOver) this.#heard(message, reply === undefined);
      if (this.#endedAt < Number.POSITIVE_INFINITY) {
        // who has dropped it was slow, and will never tell how slow
        const ms = this.#endedAt - message.from;
        if (reply === 'dropped' && ms > this.#asking.pauseMs) this.#times.note(ms);
        return;
      }
      const ms = this.#way.now() - message.from;
      if (reply !== undefined && reply !== 'dropped') this.#answered(reply, ms);
      else this.#lost(isTimeOver, ms);
    });
  }

  #answered(answer: A, ms: number): void {
    this.#times.note(ms);
    if (ms <= this.#asking.pauseMs) this.#rule.giveBack(this.#taken);
    this.#finish(answer);
  }

  #lost(isTimeOver: boolean, ms: number): void {
    // nobody in time is slow too
    if (isTimeOver) this.#times.note(ms);
    if (this.#open.size > 0) return;
    // lost at once is asked for once more at once
    if (this.#tries === 1 && this.#way.now() < this.#asking.deadline - LAST_MS) this.send();
    else this.#finish();
  }

  #heard(message: Message, isLost: boolean): void {
    if (!message.toAll && !message.isHeard) this.#rule.heard(isLost);
    message.isHeard = true;
  }

  #finish(answer?: A): void {
    this.end(answer);
    this.#settle(answer);
  }

  /** Asks no more, and takes back what is open. */
  end(answer?: A): void {
    if (this.#endedAt < Number.POSITIVE_INFINITY) return;
    this.#endedAt = this.#way.now();
    this.#forget();
    if (answer !== undefined && this.#open.size === 0 && !this.#hasAskedAll) return;
    this.#way.takeBack();
    const { pauseMs } = this.#asking;
    const patience = Number.isFinite(pauseMs) ? Math.max(HEARD_MS, 2 * pauseMs) : HEARD_MS;
    for (const message of this.#open) this.#way.after(patience, () => this.#heard(message, true));
  }
}
