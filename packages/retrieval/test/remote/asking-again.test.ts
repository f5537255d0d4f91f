/** When an answer is slow, and how often a shard may be asked again. */
import { describe, expect, it } from 'vitest';
import { AnswerTimes } from '../../src/remote/answer-times.ts';
import { type Allowed, AskingAgain } from '../../src/remote/asking-again.ts';

describe('an answer', () => {
  it('is slow after what 95 of 100 of the last took, and not before two milliseconds', () => {
    const times = new AnswerTimes();
    for (let i = 0; i < 31; i++) times.note(400);
    expect(times.slowAfter()).toBe(50);
    // 256 are known, of which one of twenty is slow
    for (let i = 0; i < 256; i++) times.note(i % 20 === 0 ? 90 : 1 + (i % 20));
    expect(times.slowAfter()).toBe(90);
    for (let i = 0; i < 3; i++) times.note(5);
    expect(times.slowAfter()).toBe(20);
    for (let i = 0; i < 256; i++) times.note(0.5);
    expect(times.slowAfter()).toBe(2);
  });
});

describe('a shard', () => {
  /** What a query is allowed, question by question, until it is no more. */
  const query = (rule: AskingAgain, most = 10): Allowed[] => {
    const all: Allowed[] = [];
    for (let asked = 0; asked < most; asked++) {
      const allowed = rule.next(asked);
      if (!allowed) break;
      all.push(allowed);
    }
    return all;
  };
  const toAll = (all: readonly Allowed[]): boolean[] => all.map((one) => one.toAll);

  it('is asked of one member, of one again, then of all of them', () => {
    expect(toAll(query(new AskingAgain(), 4))).toEqual([false, false, true, true]);
  });

  it('is asked again 16 times beforehand, then by a tenth of the first questions', () => {
    const rule = new AskingAgain();
    let again = 0;
    for (let i = 0; i < 1000; i++) again += query(rule, 2).length - 1;
    expect(again).toBeGreaterThanOrEqual(15 + 99);
    expect(again).toBeLessThanOrEqual(16 + 100);
  });

  it('counts a question to all of them twice', () => {
    const rule = new AskingAgain();
    // 1 + 7 × 2 of 16: another would take two
    expect(query(rule, 100).length).toBe(1 + 1 + 7);
  });

  it('is asked again always where it answers soon', () => {
    const rule = new AskingAgain();
    for (let i = 0; i < 1000; i++) {
      const [, second] = query(rule, 2);
      expect(second).toBeDefined();
      rule.giveBack(second?.takes ?? 0);
    }
  });

  it('is asked of all of them at first while many questions to one are not heard of', () => {
    const rule = new AskingAgain();
    const heard = (isLost: boolean, times: number): void => {
      for (let i = 0; i < times; i++) rule.heard(isLost);
    };
    // 1 − (31/32)^n: 5 questions are 14.7 %
    heard(true, 5);
    expect(toAll(query(rule, 3))).toEqual([false, false, true]);
    heard(true, 1);
    expect(query(rule, 3)).toEqual([
      { toAll: true, takes: 0 },
      { toAll: true, takes: 2 },
      { toAll: true, takes: 2 },
    ]);
    heard(false, 10);
    expect(toAll(query(rule, 2))).toEqual([false, false]);
  });

  it('is tried by one query of 16 then', () => {
    const rule = new AskingAgain();
    const tried = Array.from({ length: 48 }, () => rule.tries());
    expect(tried.flatMap((is, i) => (is ? [i] : []))).toEqual([0, 16, 32]);
  });
});
