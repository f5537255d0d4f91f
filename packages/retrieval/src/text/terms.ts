/**
 * Terms of a text with their places. Names of code are taken whole and in parts ("mockTimer" → "mocktimer", "mock",
 * "timer"), because questions use the parts and documentation the whole. English plurals and a few endings are removed, so
 * that "timers" meets "timer"; common words that carry no subject are dropped.
 */

/** A term and the characters it came from: text.slice(start, end) is its surface. */
export interface TextTerm {
  readonly term: string;
  readonly start: number;
  readonly end: number;
}

const STOP_WORDS = new Set(
  (
    'a about after all also an and any are as at be because been before being both but by can could did do does doing ' +
    'each for from had has have having he her here him his how i if in into is it its just may me might more most my ' +
    'no nor not of off on only or other our out over own same she should so some such than that the their them then ' +
    'there these they this those through to too under up very was we were what when where which while who why will ' +
    'with would you your'
  ).split(' '),
);
const MAXIMUM_LENGTH = 40;

/** The terms of `text` in order, repetitions kept. A name and its parts overlap. */
export function textTerms(text: string): TextTerm[] {
  const terms: TextTerm[] = [];
  for (const { 0: word, index } of text.matchAll(/[\p{L}\p{N}]+(?:[_'’][\p{L}\p{N}]+)*/gu)) {
    const bare = word.replace(/['’].*$/, '');
    const parts = splitName(bare);
    if (parts.length > 1) {
      pushTerm(bare.replaceAll('_', '').toLowerCase(), index, index + bare.length, terms);
    }
    let from = 0;
    for (const part of parts) {
      const at = bare.indexOf(part, from);
      from = at + part.length;
      pushTerm(part.toLowerCase(), index + at, index + from, terms);
    }
  }
  return terms;
}

/** The terms of `text` alone, in order, repetitions kept. */
export function tokenize(text: string): string[] {
  return textTerms(text).map(({ term }) => term);
}

/** "mockTimer", "HTTPServer" and "snake_case" into their words; digits stay with the letters before them. */
function splitName(word: string): string[] {
  return word
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1_$2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
    .split('_')
    .filter((part) => part !== '');
}

function pushTerm(word: string, start: number, end: number, terms: TextTerm[]): void {
  if (word.length < 2 || word.length > MAXIMUM_LENGTH || /^\p{N}+$/u.test(word) || STOP_WORDS.has(word))
    return;
  terms.push({ term: stem(word), start, end });
}

/** A light stemmer: plural s, -ing and -ed on words long enough to bear it. */
function stem(word: string): string {
  if (!/^[a-z]+$/.test(word)) return word;
  let base = word;
  if (base.length > 4 && base.endsWith('ies')) base = `${base.slice(0, -3)}y`;
  else if (base.length > 4 && /(ss|x|ch|sh)es$/.test(base)) base = base.slice(0, -2);
  else if (base.length > 3 && base.endsWith('s') && !/(ss|us|is)$/.test(base)) base = base.slice(0, -1);
  const ending = /^(.*[aeiouy].*?)(ing|ed)$/.exec(base);
  if (ending && base.length > 5) {
    base = ending[1] as string;
    if (/([bdfgmnprt])\1$/.test(base)) base = base.slice(0, -1);
  }
  // The silent e goes everywhere, so that "parse", "parses" and "parsing" are one term.
  return base.length > 3 && base.endsWith('e') ? base.slice(0, -1) : base;
}
