/** Collections of texts with questions: those that SAGITTA_DATA points to, the pages of this repository, and made topics. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RandomStream } from '@sagitta/core-wasm';
import type { Qrels } from '@sagitta/retrieval/evaluation';
import { loadTexts, type TextCollection } from '../quality/text-collection.ts';

export async function loadAll(root: string): Promise<TextCollection[]> {
  return [
    await loadTexts(root, 'ir-vaswani'),
    await loadTexts(root, 'ir-cranfield'),
    await repositoryPages(),
    madeTopics(),
  ];
}

const PAGES = new URL('../../../docs/', import.meta.url).pathname;
const FEWEST_WORDS = 20;

/** Sections of docs/ without their headings; a question is a heading, and answered by the sections that stand under it. */
export async function repositoryPages(): Promise<TextCollection> {
  const names = (await readdir(PAGES, { recursive: true })).filter(
    (name) => name.endsWith('.md') && !name.startsWith('api'),
  );
  const documentIds: string[] = [];
  const texts: string[] = [];
  const sections = new Map<string, string[]>();
  for (const name of names.sort()) {
    const page = await readFile(join(PAGES, name), 'utf8');
    for (const part of page.replace(/^---\n[\s\S]*?\n---\n/, '').split(/^#+ /m)) {
      const [heading = '', ...lines] = part.split('\n');
      const text = lines.join('\n').trim();
      if (text.split(/\s+/).length < FEWEST_WORDS || heading.trim() === '') continue;
      const id = `${name}#${documentIds.length}`;
      documentIds.push(id);
      texts.push(text);
      sections.set(heading.trim(), [...(sections.get(heading.trim()) ?? []), id]);
    }
  }
  return asked('pages', documentIds, texts, [...sections]);
}

const TOPICS = 100;
const TEXTS_A_TOPIC = 20;
const QUESTIONS = 200;
const CONCEPTS = 30;
const WORDS_A_CONCEPT = 3;

/**
 * Topics of concepts that have several words each. A text says 20 of its topic's concepts, each by one word, among filler; a
 * question names three by words of its own choice. What it asks for often stands there in other words.
 */
export function madeTopics(): TextCollection {
  const random = new RandomStream(1, 'made-topics');
  const syllables = ['ba', 'ko', 'mi', 'tu', 'ra', 'lo', 'ni', 'fu', 'da', 'po', 'ki', 'zu'];
  const word = (): string =>
    Array.from({ length: 4 }, () => syllables[random.nextBelow(syllables.length)]).join('');
  const filler = Array.from({ length: 400 }, word);
  const concepts = Array.from({ length: TOPICS * CONCEPTS }, () =>
    Array.from({ length: WORDS_A_CONCEPT }, word),
  );
  const pick = (topic: number): string => {
    // every fifth concept is of any topic
    const own = random.nextBelow(5) > 0 ? topic : random.nextBelow(TOPICS);
    const words = concepts[own * CONCEPTS + random.nextBelow(CONCEPTS)] as string[];
    return words[random.nextBelow(WORDS_A_CONCEPT)] as string;
  };
  const documentIds: string[] = [];
  const texts: string[] = [];
  for (let topic = 0; topic < TOPICS; topic++) {
    for (let i = 0; i < TEXTS_A_TOPIC; i++) {
      const words = Array.from({ length: 40 }, (_, t) =>
        t % 2 === 0 ? pick(topic) : (filler[Math.floor(filler.length * random.nextUnit() ** 3)] as string),
      );
      documentIds.push(`${topic}/${i}`);
      texts.push(words.join(' '));
    }
  }
  const questions = Array.from({ length: QUESTIONS }, (_, q): [string, string[]] => {
    const topic = q % TOPICS;
    const own = Array.from({ length: TEXTS_A_TOPIC }, (_unused, i) => `${topic}/${i}`);
    return [[pick(topic), pick(topic), pick(topic)].join(' '), own];
  });
  return asked('topics', documentIds, texts, questions);
}

function asked(
  name: string,
  documentIds: readonly string[],
  texts: readonly string[],
  questions: readonly (readonly [question: string, relevant: readonly string[]])[],
): TextCollection {
  const qrels: Qrels = new Map(
    questions.map(([, relevant], q) => [`q${q}`, new Map(relevant.map((id) => [id, 1]))]),
  );
  return {
    name,
    documentIds,
    texts,
    queryIds: questions.map((_, q) => `q${q}`),
    questions: questions.map(([question]) => question),
    qrels,
  };
}
