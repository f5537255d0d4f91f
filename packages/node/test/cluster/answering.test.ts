/** How a member answers: in the order in which questions come, one at a time, and none that was taken back, which they say. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Answering } from '../../src/cluster/answering.ts';
import type { LiveShard } from '../../src/cluster/live-shard.ts';
import type { NatsMessage } from '../../src/cluster/nats-client.ts';
import { Turns } from '../../src/cluster/turns.ts';
import { readAnswer, type WireQuery, writeQuery } from '../../src/cluster/wire-search.ts';

/** Messages that come when they are put. */
class Inbox implements AsyncIterable<NatsMessage> {
  #items: NatsMessage[] = [];
  #wake: () => void = () => undefined;
  #isOver = false;

  put(data: Uint8Array, respond: (data: Uint8Array) => void = () => undefined): void {
    const message = {
      ...{ subject: '', data },
      respond(answer = new Uint8Array()): boolean {
        respond(answer);
        return true;
      },
    };
    this.#items.push(message);
    this.#wake();
  }
  end(): void {
    this.#isOver = true;
    this.#wake();
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<NatsMessage> {
    for (;;) {
      yield* this.#items.splice(0);
      if (this.#items.length > 0) continue;
      if (this.#isOver) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A shard whose only hit is the first number of the query. */
class Shard {
  applied = 0;
  readonly computed: number[] = [];
  /** What happens while it computes for a query. */
  meanwhile: Readonly<Record<number, () => void>> = {};
  #waiting: (() => void)[] = [];

  answer({ query }: WireQuery) {
    const [id = 0] = query;
    this.computed.push(id);
    this.meanwhile[id]?.();
    if (id === 13) throw new RangeError('"nprobe" expected less');
    return { ids: Uint32Array.of(id), scores: Float32Array.of(0) };
  }
  async reached(number: number): Promise<void> {
    if (number > this.applied) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
  apply(number: number): void {
    this.applied = number;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Computes for so long that messages are read before the next. */
const long = (): void => {
  for (const from = performance.now(); performance.now() - from < 2; );
};

/** Lets a message be read, but no turn come. */
const nextMessage = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

function memberOf(turns = new Turns()) {
  const [shard, questions, back] = [new Shard(), new Inbox(), new Inbox()];
  const answering = new Answering(shard as unknown as LiveShard, turns);
  const done = Promise.all([answering.answer(questions), answering.takeBack(back)]);
  const answers: (number | string)[] = [];
  return {
    shard,
    answers,
    ask(id: number, more: Partial<WireQuery> = {}): void {
      const query = { id: `q${id}`, k: 1, options: {}, query: Float32Array.of(id), ...more };
      questions.put(writeQuery(query), (data) => {
        try {
          const answer = readAnswer(data);
          answers.push(answer === 'dropped' ? `${id} dropped` : (answer.ids[0] as number));
        } catch (error) {
          answers.push((error as Error).message);
        }
      });
    },
    garbage: () => questions.put(new Uint8Array(3), (data) => void answers.push(String(data[0]))),
    takeBack: (id: number) => back.put(new TextEncoder().encode(`q${id}`)),
    async end(): Promise<void> {
      for (let i = 0; i < 20; i++) await nextTurn();
      questions.end();
      back.end();
      await done;
    },
  };
}

describe('a member', () => {
  it('answers in the order in which questions come, whichever shard they are to', async () => {
    const turns = new Turns();
    const [one, other] = [memberOf(turns), memberOf(turns)];
    const order: number[] = [];
    const noted = (ids: readonly number[]) =>
      Object.fromEntries(ids.map((id) => [id, () => void order.push(id)]));
    one.shard.meanwhile = noted([0, 1, 4]);
    other.shard.meanwhile = noted([2, 3, 5]);
    for (const [id, member] of [one, one, other, other, one, other].entries()) {
      member.ask(id);
      await nextMessage();
    }
    await Promise.all([one.end(), other.end()]);
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
    expect([one.answers, other.answers]).toEqual([
      [0, 1, 4],
      [2, 3, 5],
    ]);
  });

  it('computes nothing that was taken back while it answered others', async () => {
    const member = memberOf();
    for (let i = 0; i < 6; i++) member.ask(i);
    member.shard.meanwhile = {
      1: () => {
        long();
        // answered, being answered, waiting, and not there
        for (const id of [0, 1, 3, 77]) member.takeBack(id);
      },
    };
    await member.end();
    expect([member.shard.computed, member.answers]).toEqual([
      [0, 1, 2, 4, 5],
      [0, 1, '3 dropped', 2, 4, 5],
    ]);
  });

  it('takes back all questions of an id, and none without one', async () => {
    const member = memberOf();
    member.ask(0);
    for (const id of [1, 2]) member.ask(id, { id: 'q7' });
    member.ask(3, { id: undefined });
    member.shard.meanwhile = {
      0: () => {
        long();
        member.takeBack(7);
      },
    };
    await member.end();
    expect(member.answers).toEqual([0, '1 dropped', '2 dropped', 3]);
  });

  it('forgets who waits for a write when that is taken back, and answers the others when it is there', async () => {
    const member = memberOf();
    member.ask(1, { after: 2 });
    member.ask(2, { after: 2 });
    member.ask(3);
    for (let i = 0; i < 20; i++) await nextTurn();
    expect(member.answers).toEqual([3]);
    member.takeBack(1);
    await nextTurn();
    member.shard.apply(2);
    await member.end();
    expect(member.answers).toEqual([3, '1 dropped', 2]);
  });

  it('says what it refuses, and goes on', async () => {
    const member = memberOf();
    member.garbage();
    member.ask(13);
    member.ask(5);
    await member.end();
    expect(member.answers).toEqual(['1', '"nprobe" expected less', 5]);
  });
});
