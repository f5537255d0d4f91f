/** How a shard is asked, in a time that the tests tell. */
import { describe, expect, it } from 'vitest';
import { AnswerTimes } from '../../src/remote/answer-times.ts';
import { type Reply, ShardAsker, type ShardWay } from '../../src/remote/shard-asker.ts';

interface Answer {
  readonly by: string;
}

/** Milliseconds that a member takes, and what it says then; silent: nothing until the deadline. */
type Member = { readonly ms: number; readonly says: 'answer' | 'dropped' | 'nobody' } | 'silent';
const takes = (ms: number): Member => ({ ms, says: 'answer' });

/** Asks shards whose members do as they are told, and keeps what happens, with its time. */
class Play {
  now = 0;
  readonly log: string[] = [];
  readonly times = new AnswerTimes();
  readonly asker = new ShardAsker(this.times);
  #planned: { readonly at: number; readonly run: () => void }[] = [];

  #after(ms: number, run: () => void): () => void {
    const event = { at: this.now + ms, run };
    this.#planned.push(event);
    return () => {
      this.#planned = this.#planned.filter((one) => one !== event);
    };
  }

  /** members — what those do who get its messages, in their order; the last also what follows. onTakeBack — what they say within a millisecond. */
  ask(
    members: readonly Member[],
    { pauseMs = 10, lives = 100, drops = false }: { pauseMs?: number; lives?: number; drops?: boolean } = {},
  ): () => void {
    const deadline = this.now + lives;
    const open = new Set<(reply: Reply<Answer>) => void>();
    let sent = 0;
    const way: ShardWay<Answer> = {
      now: () => this.now,
      after: (ms, run) => this.#after(ms, run),
      send: (toAll, receive) => {
        this.log.push(`${this.now} ${toAll ? 'all' : 'one'}`);
        const member = members[Math.min(sent++, members.length - 1)] as Member;
        const once = (reply: Reply<Answer>): void => {
          if (open.delete(once)) receive(reply);
        };
        open.add(once);
        this.#after(deadline - this.now, () => once(undefined));
        if (member === 'silent') return;
        const { says } = member;
        const reply = { answer: { by: `${sent}` }, dropped: 'dropped', nobody: undefined } as const;
        this.#after(member.ms, () => once(reply[says]));
      },
      takeBack: () => {
        this.log.push(`${this.now} back`);
        if (!drops) return;
        this.#after(1, () => {
          for (const once of open) once('dropped');
        });
      },
    };
    return this.asker.ask(way, { deadline, pauseMs, onHedge: () => undefined }, (answer) =>
      this.log.push(`${this.now} ${answer ? `answer ${answer.by}` : 'nothing'}`),
    );
  }

  /** Until nothing is planned. @returns what has happened */
  run(): string[] {
    for (;;) {
      const at = Math.min(...this.#planned.map((event) => event.at));
      if (at === Number.POSITIVE_INFINITY) return this.log.splice(0);
      const due = this.#planned.filter((event) => event.at === at);
      this.#planned = this.#planned.filter((event) => event.at > at);
      this.now = at;
      for (const { run } of due) run();
    }
  }
}

describe('a shard', () => {
  it('is asked once where an answer comes in time, and nothing is taken back', () => {
    const play = new Play();
    play.ask([takes(9)]);
    expect(play.run()).toEqual(['0 one', '9 answer 1']);
  });

  it('is asked of another one, then of all, with pauses that double; the rest is taken back', () => {
    const play = new Play();
    play.ask(['silent', 'silent', takes(5)]);
    expect(play.run()).toEqual(['0 one', '10 one', '30 all', '35 back', '35 answer 3']);
    const from = play.now;
    play.ask([takes(12), takes(50)], { lives: 1000 });
    expect(play.run().map((line) => line.replace(/^\d+/, (at) => `${Number(at) - from}`))).toEqual([
      '0 one',
      '10 one',
      '12 back',
      '12 answer 1',
    ]);
  });

  it('gives nothing at its deadline, and takes all back', () => {
    const play = new Play();
    play.ask(['silent']);
    expect(play.run()).toEqual(['0 one', '10 one', '30 all', '70 all', '100 back', '100 nothing']);
    play.ask(['silent'], { pauseMs: Number.POSITIVE_INFINITY });
    expect(play.run()).toEqual(['100 one', '200 back', '200 nothing']);
  });

  it('is asked once more at once where nobody is there, and not again without an end', () => {
    const play = new Play();
    play.ask([{ ms: 1, says: 'nobody' }, takes(3)]);
    expect(play.run()).toEqual(['0 one', '1 one', '4 answer 2']);
    play.ask([{ ms: 1, says: 'nobody' }]);
    expect(play.run().map((line) => line.split(' ')[1])).toEqual(['one', 'one', 'back', 'nothing']);
  });

  it('asks no more when it is ended', () => {
    const play = new Play();
    const end = play.ask(['silent']);
    end();
    end();
    expect(play.run()).toEqual(['0 one', '0 back']);
  });

  it('is asked of all at first when members are silent that should say what they drop, and of one again when they speak', () => {
    const play = new Play();
    const begins = (members: readonly Member[], drops: boolean): string[] => {
      play.ask(members, { drops });
      return play
        .run()
        .slice(0, 2)
        .map((line) => line.split(' ')[1] as string);
    };
    // one that only is slow says that it has dropped it
    for (let i = 0; i < 40; i++) expect(begins(['silent', takes(1)], true)).toEqual(['one', 'one']);
    const first = Array.from({ length: 12 }, () => begins(['silent', takes(1)], false));
    expect(first.slice(0, 4)).toEqual(Array(4).fill(['one', 'one']));
    expect(first.slice(6).map(([who]) => who)).toEqual(Array(6).fill('all'));
    const next = Array.from({ length: 16 * 12 }, () => begins([takes(1)], false));
    // by the one of 16 that goes to one besides
    expect(next[0]).toEqual(['all', 'back']);
    expect(next.at(-1)).toEqual(['one', 'answer']);
  });

  it('knows how slow those are that have dropped a question, and not of those that are silent', () => {
    const slowAfter = (drops: boolean): number => {
      const play = new Play();
      for (let i = 0; i < 300; i++) {
        const isSlow = i % 10 === 0;
        play.ask(isSlow ? ['silent', takes(20)] : [takes(4)], { drops });
        play.run();
      }
      return play.times.slowAfter();
    };
    // one of ten is slow, by 30 ms; the one that is asked then takes 20
    expect(slowAfter(true)).toBe(30);
    expect(slowAfter(false)).toBe(20);
  });
});
