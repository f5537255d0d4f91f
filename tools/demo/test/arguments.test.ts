import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseArguments } from '../src/arguments.ts';

const here = tmpdir();

test('takes a folder, a question, both or neither', () => {
  expect(parseArguments([], here)).toEqual({ folder: undefined, question: undefined });
  expect(parseArguments(['.'], here)).toEqual({ folder: resolve(here), question: undefined });
  expect(parseArguments(['how do I mock a timer'], here).question).toBe('how do I mock a timer');
  expect(parseArguments(['how', 'do', 'I'], here)).toEqual({ folder: undefined, question: 'how do I' });
  expect(parseArguments(['.', 'why?'], here)).toEqual({ folder: resolve(here), question: 'why?' });
});

test('refuses a path that leads nowhere', () => {
  expect(() => parseArguments(['./no-such-folder-here'], here)).toThrow(/does not exist/);
});
