import { FormatError } from '@sagitta/core-wasm';
import { expect, it } from 'vitest';
import { parseQrels } from '../../src/evaluation/index.ts';

it('reads three fields, four fields, and tables with a header', () => {
  const expected = new Map([
    [
      'q1',
      new Map([
        ['a', 2],
        ['b', 0],
      ]),
    ],
    ['q2', new Map([['a', -1]])],
  ]);
  expect(parseQrels('q1 a 2\nq1 b 0\n\nq2 a -1\n')).toEqual(expected);
  expect(parseQrels('q1 0 a 2\r\nq1 0 b 0\r\nq2 0 a -1')).toEqual(expected);
  expect(parseQrels('query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\tb\t0\nq2\ta\t-1\n')).toEqual(expected);
  expect(parseQrels('q\tan id of words\t1').get('q')?.get('an id of words')).toBe(1);
  expect(parseQrels('').size).toBe(0);
});

it('refuses other lines with their number', () => {
  const bad = (text: string, message: RegExp, offset: number): void => {
    try {
      parseQrels(text);
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      if (!(error instanceof FormatError)) throw error;
      expect(error.message).toMatch(message);
      expect(error.offset).toBe(offset);
      return;
    }
    throw new Error('expected a FormatError');
  };
  bad('q a 1\nq b\n', /line 2: expected 3 fields .* got 2/, 6);
  bad('q a 1.5', /line 1: expected an integer as grade, got "1.5"/, 0);
  bad('q a 1\nq a 2', /line 2: expected query q and document a once/, 6);
  bad('q a 1\nquery-id corpus-id score', /line 2: expected an integer/, 6);
});
