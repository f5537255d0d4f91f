/**
 * Cuts Markdown into passages of about 60 to 120 words, each with the headings it stands under.
 *
 * Headings end a passage; list items, table rows and paragraphs join until the passage is long enough; a longer
 * paragraph is cut at the ends of sentences. A code fence gives its first lines: names of functions in an example are
 * often the only place where they appear. A passage that is shorter than a few words, or repeats an earlier one, is left out.
 */

export interface MarkdownFile {
  /** Path from the folder that was searched, with forward slashes. */
  readonly name: string;
  readonly text: string;
}

export interface Passage {
  /** Name of the file it is from. */
  readonly file: string;
  /** The headings above it, outermost first, joined by " › "; empty at the top of a file without one. */
  readonly heading: string;
  /** Plain words, one line. */
  readonly text: string;
}

const TARGET_WORDS = 60;
const MAXIMUM_WORDS = 120;
const MINIMUM_WORDS = 8;
const MAXIMUM_CODE_LINES = 6;

/**
 * The passages of all files without repetitions, in order of the files. Above `maximum`, every file gives up passages
 * evenly: the i-th kept one is the floor(i·n / maximum)-th of all.
 */
export function collectPassages(files: readonly MarkdownFile[], maximum = 20_000): Passage[] {
  const seen = new Set<string>();
  const all: Passage[] = [];
  for (const file of files) {
    for (const passage of splitMarkdown(file)) {
      const key = passage.text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}]+/gu, ' ')
        .trim();
      if (seen.has(key)) continue;
      seen.add(key);
      all.push(passage);
    }
  }
  if (all.length <= maximum) return all;
  return Array.from({ length: maximum }, (_, i) => all[Math.floor((i * all.length) / maximum)] as Passage);
}

/** The passages of one file, in its order. */
export function splitMarkdown(file: MarkdownFile): Passage[] {
  const splitter = new PassageSplitter(file.name);
  let paragraph: string[] = [];
  let fence = '';
  let codeLines = 0;
  const endParagraph = (): void => {
    if (paragraph.length > 0) splitter.addParagraph(plainText(paragraph.join(' ')));
    paragraph = [];
  };
  for (const line of withoutComments(file.text).split(/\r?\n/)) {
    const marker = /^\s*(?:>\s*)?(`{3,}|~{3,})/.exec(line)?.[1] ?? '';
    if (fence !== '') {
      if (marker.startsWith(fence)) {
        fence = '';
      } else if (codeLines < MAXIMUM_CODE_LINES && line.trim() !== '') {
        codeLines++;
        splitter.addCode(line.trim());
      }
      continue;
    }
    if (marker !== '') {
      endParagraph();
      fence = marker;
      codeLines = 0;
      continue;
    }
    const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/.exec(line);
    if (heading) {
      endParagraph();
      splitter.startSection((heading[1] as string).length, plainText(heading[2] as string));
    } else if (/^ {0,3}(=+|-{2,})\s*$/.test(line) && paragraph.length === 1) {
      const title = plainText(paragraph[0] as string);
      paragraph = [];
      splitter.startSection(line.includes('=') ? 1 : 2, title);
    } else if (line.trim() === '' || /^\s*([-*_] *){3,}$/.test(line)) {
      endParagraph();
    } else {
      if (/^\s*([-*+]|\d+[.)])\s/.test(line)) endParagraph();
      paragraph.push(line);
    }
  }
  endParagraph();
  return splitter.finish();
}

class PassageSplitter {
  readonly #file: string;
  readonly #passages: Passage[] = [];
  readonly #headings: string[] = [];
  #words: string[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  startSection(level: number, title: string): void {
    this.#endPassage();
    this.#headings.length = Math.min(this.#headings.length, level - 1);
    while (this.#headings.length < level - 1) this.#headings.push('');
    this.#headings.push(title);
  }

  addParagraph(text: string): void {
    for (const sentence of text.split(/(?<=[.!?])\s+(?=\p{Lu})/u)) this.#addWords(splitWords(sentence));
    if (this.#words.length >= TARGET_WORDS) this.#endPassage();
  }

  addCode(line: string): void {
    this.#addWords(splitWords(line));
  }

  finish(): Passage[] {
    this.#endPassage();
    return this.#passages;
  }

  #addWords(words: readonly string[]): void {
    if (this.#words.length > 0 && this.#words.length + words.length > MAXIMUM_WORDS) this.#endPassage();
    for (const word of words) {
      if (this.#words.length === MAXIMUM_WORDS) this.#endPassage();
      this.#words.push(word);
    }
  }

  #endPassage(): void {
    const text = this.#words.join(' ');
    const isProse = (text.match(/\p{L}{2,}/gu)?.length ?? 0) >= MINIMUM_WORDS;
    if (isProse) {
      const heading = this.#headings.filter((title) => title !== '').join(' › ');
      this.#passages.push({ file: this.#file, heading, text });
    }
    this.#words = [];
  }
}

/** Words of at most 200 characters: a longer one is data, not a word. */
function splitWords(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '' && word.length <= 200);
}

/** Without HTML comments; an unclosed one ends with the file. */
function withoutComments(text: string): string {
  return text.replace(/<!--[\s\S]*?(-->|$)/g, '');
}

/** Markdown and HTML inline marks removed, what a reader sees kept. */
function plainText(markdown: string): string {
  return markdown
    .replace(/^\s*\[[^\]]+\]:\s.*$/, '')
    .replace(/!\[[^\]]*\](\([^)]*\)|\[[^\]]*\])/g, ' ')
    .replace(/\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])/g, '$1')
    .replace(/<\/?[a-zA-Z][^<>]*>/g, ' ')
    .replace(/\bhttps?:\/\/\S+/g, ' ')
    .replace(/&[a-z]+;|&#\d+;/g, ' ')
    .replace(/^\s*(>\s*|[-*+]\s+|\d+[.)]\s+)+/, '')
    .replace(/[*`|]+|~~|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])|:?-{3,}:?/gu, ' ')
    .replace(/\\(?=[^\p{L}\p{N}\s])/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
}
