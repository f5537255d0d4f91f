import { expect, test } from 'vitest';
import { textTerms, tokenize } from '../../src/text/terms.ts';

test('lowers case and drops stop words, single letters and bare numbers', () => {
  expect(tokenize('The Parser of a JSON5 file, x 42')).toEqual(['parser', 'json5', 'file'].map(stemmed));
});

test('takes names of code whole and in parts', () => {
  expect(tokenize('mockTimer')).toEqual(['mocktimer', 'mock', 'timer']);
  expect(tokenize('HTTPServer')).toEqual(['httpserver', 'http', 'server']);
  expect(tokenize('use_fake_timers')).toContain('usefaketimer');
});

test('gives the forms of a word one term', () => {
  for (const forms of [
    ['timer', 'timers', "timer's"],
    ['parse', 'parses', 'parsed', 'parsing'],
    ['query', 'queries'],
    ['stop', 'stopped', 'stopping'],
    ['match', 'matches', 'matching'],
  ]) {
    expect(new Set(forms.flatMap(tokenize)).size, forms.join()).toBe(1);
  }
});

test('leaves short words and other scripts whole', () => {
  expect(tokenize('bus class string')).toEqual(['bus', 'class', 'string']);
  expect(tokenize('größe 検索')).toEqual(['größe', '検索']);
});

test('tells where a term stands in the text', () => {
  const text = 'Größe, the mockTimer’s use_fake_timers';
  const surfaces = textTerms(text).map(({ start, end }) => text.slice(start, end));
  expect(surfaces).toEqual([
    'Größe',
    'mockTimer',
    'mock',
    'Timer',
    'use_fake_timers',
    'use',
    'fake',
    'timers',
  ]);
});

function stemmed(word: string): string {
  return tokenize(word)[0] as string;
}
