/**
 * Markdown as blocks, line by line: headings (# and underlined), paragraphs, items of lists, rows of tables and the lines of code fences.
 * It is not CommonMark: what decides is where a passage may end, and which words it has.
 */
import type { Block } from './blocks.ts';

const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const FENCE = /^\s*(?:>\s*)*(`{3,}|~{3,})/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/;
const ITEM = /^\s*(?:[-*+]|\d{1,9}[.)])\s/;

export function* markdownBlocks(text: string): Generator<Block> {
  const lines = text.split(/\r\n?|\n/);
  let paragraph: string[] = [];
  let first = 0;
  let fence = '';
  const end = (): Block[] => {
    const plain = plainText(paragraph.join('\n'));
    paragraph = [];
    return plain === '' ? [] : [{ kind: 'text', text: plain, line: first }];
  };
  for (let i = behindFrontMatter(lines); i < lines.length; i++) {
    const line = lines[i] as string;
    const marker = FENCE.exec(line)?.[1] ?? '';
    if (fence !== '') {
      if (marker.startsWith(fence)) {
        if (paragraph.length > 0) yield { kind: 'text', text: paragraph.join('\n'), line: first };
        paragraph = [];
        fence = '';
      } else if (line.trim() !== '') {
        if (paragraph.length === 0) first = i + 1;
        paragraph.push(line);
      }
      continue;
    }
    if (marker !== '') {
      yield* end();
      fence = marker;
      continue;
    }
    const [, marks, title = ''] = HEADING.exec(line) ?? [];
    if (marks !== undefined) {
      yield* end();
      yield { kind: 'heading', level: marks.length, text: plainText(title), line: i + 1 };
    } else if (UNDERLINE.test(line) && paragraph.length > 0) {
      const level = line.includes('=') ? 1 : 2;
      yield { kind: 'heading', level, text: plainText(paragraph.join(' ')), line: first };
      paragraph = [];
    } else if (line.trim() === '' || RULE.test(line)) {
      yield* end();
    } else {
      if (ITEM.test(line)) yield* end();
      if (paragraph.length === 0) first = i + 1;
      paragraph.push(line);
    }
  }
  if (fence === '') yield* end();
  else if (paragraph.length > 0) yield { kind: 'text', text: paragraph.join('\n'), line: first };
}

/** The first line that is none of YAML's between --- and ---. */
function behindFrontMatter(lines: readonly string[]): number {
  if (lines[0]?.trimEnd() !== '---') return 0;
  const end = lines.findIndex((line, i) => i > 0 && /^(---|\.\.\.)\s*$/.test(line));
  return end < 0 ? 0 : end + 1;
}

/** Without marks of Markdown and tags: what a reader sees. */
function plainText(markdown: string): string {
  return (
    markdown
      .replace(/<!--[\s\S]*?(-->|$)/g, ' ')
      // definitions of links
      .replace(/^ {0,3}\[[^\]\n]{1,999}\]:\s.*$/gm, '')
      .replace(/!?\[([^[\]\n]{0,999})\](?:\([^()\n]{0,2000}\)|\[[^[\]\n]{0,999}\])/g, '$1')
      .replace(/<\/?[a-zA-Z][^<>]{0,2000}>/g, ' ')
      .replace(/^[ \t]*(?:>[ \t]*|[-*+][ \t]+|\d{1,9}[.)][ \t]+)+/gm, '')
      .replace(/[*`|]+|~~|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])|:?-{3,}:?/gu, ' ')
      .replace(/\\(?=[^\p{L}\p{N}\s])/gu, '')
      .replace(/[ \t]+/g, ' ')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join('\n')
  );
}
