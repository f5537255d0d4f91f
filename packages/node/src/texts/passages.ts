/**
 * Blocks cut into passages of some 60 to 160 words, each under one heading: short enough to be about one thing, long enough to
 * say it. A paragraph that is longer is cut at ends of sentences, and where there are none between words.
 */
import type { Block } from './blocks.ts';

export interface Passage {
  /** The heading it stands under as in a link, and a number where that is not enough; once in a document. */
  readonly section: string;
  /** The headings above it, outermost first, joined by " › "; empty where there is none. */
  readonly title: string;
  /** Its first line, from 1. */
  readonly line: number;
  readonly text: string;
}

const ENOUGH_WORDS = 60;
const MOST_WORDS = 160;
/** Characters of a passage at most: a "word" may be a megabyte. */
const MOST_CHARACTERS = 4000;
/** Characters of a heading's part in a section's name. */
const MOST_SLUG = 80;
const MOST_TITLE = 300;

export function passagesOf(blocks: Iterable<Block>): Passage[] {
  const passages: Passage[] = [];
  const names = new SectionNames();
  const headings: string[] = [];
  let pieces: string[] = [];
  let words = 0;
  let characters = 0;
  let first = 1;
  const end = (): void => {
    const text = pieces.join('\n').trim();
    pieces = [];
    words = 0;
    characters = 0;
    // a passage without a word is drawn, not written
    if (!/[\p{L}\p{N}]/u.test(text)) return;
    const title = headings.filter((heading) => heading !== '').join(' › ');
    const section = names.unique(slugOf(headings.at(-1) ?? ''));
    passages.push({ section, title: shortened(title, MOST_TITLE), line: first, text });
  };
  for (const block of blocks) {
    if (block.kind === 'heading') {
      end();
      headings.length = Math.min(headings.length, block.level - 1);
      while (headings.length < block.level - 1) headings.push('');
      headings.push(block.text);
      continue;
    }
    let { line } = block;
    for (const piece of cut(block.text.trim())) {
      const count = wordsIn(piece);
      const isFull = words + count > MOST_WORDS || characters + piece.length > MOST_CHARACTERS;
      if (words > 0 && isFull) end();
      if (pieces.length === 0) first = line;
      pieces.push(piece.trimEnd());
      words += count;
      characters += piece.length;
      line += piece.split('\n').length - 1;
      if (words >= ENOUGH_WORDS) end();
    }
  }
  end();
  return passages;
}

/** What is searched of a passage: its words and those of its headings. */
export function searchedText({ title, text }: Pick<Passage, 'title' | 'text'>): string {
  return title === '' ? text : `${title}\n${text}`;
}

function wordsIn(text: string): number {
  return text.split(/\s+/).length;
}

/** A text without blanks around it in pieces of at most so many words and characters. */
function* cut(text: string): Generator<string> {
  if (text.length <= MOST_CHARACTERS && wordsIn(text) <= MOST_WORDS) {
    yield text;
    return;
  }
  let piece = '';
  let words = 0;
  for (const [word] of text.matchAll(/\S{1,1000}\s*/gu)) {
    const isSentence = words >= ENOUGH_WORDS && /[.!?…。！？]\s*$/u.test(piece.slice(-3));
    if (isSentence || words === MOST_WORDS || piece.length + word.length > MOST_CHARACTERS) {
      yield piece;
      piece = '';
      words = 0;
    }
    piece += word;
    words++;
  }
  if (piece !== '') yield piece;
}

/** A heading as in a link. */
function slugOf(heading: string): string {
  const words = shortened(heading, MOST_SLUG).toLowerCase();
  return words
    .replace(/[^\p{L}\p{N}\s_-]+/gu, '')
    .trim()
    .replace(/\s+/g, '-');
}

/** The first characters, whole. */
function shortened(text: string, most: number): string {
  return Array.from(text.slice(0, 2 * most))
    .slice(0, most)
    .join('');
}

/** Gives each section of a document a name of its own: "a", "a-2" …; without a heading "1", "2" … */
class SectionNames {
  readonly #used = new Set<string>();
  readonly #next = new Map<string, number>();

  unique(slug: string): string {
    for (let i = this.#next.get(slug) ?? 1; ; i++) {
      const name = slug === '' ? String(i) : i === 1 ? slug : `${slug}-${i}`;
      if (this.#used.has(name)) continue;
      this.#used.add(name);
      this.#next.set(slug, i + 1);
      return name;
    }
  }
}
