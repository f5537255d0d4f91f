/** HTML as blocks: what a reader sees, headings from the title and h1 to h6. Scripts, styles, templates, drawings and navigation are left out. */
import { FormatError } from '@sagitta/core-wasm';
import { Parser } from 'htmlparser2';
import type { Block } from './blocks.ts';

const LEFT_OUT = new Set([
  'script',
  'style',
  'template',
  'noscript',
  'svg',
  'math',
  'nav',
  'iframe',
  'object',
]);
/** Elements that stand in a line of text; at any other a block ends. */
const INLINE = new Set(
  (
    'a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q rb rp rt ruby s samp small span ' +
    'strike strong sub sup time tt u var wbr'
  ).split(' '),
);

/** The parser's time grows with the square of it. */
const MOST_DEPTH = 10_000;

/** @throws FormatError on elements that are nested without end */
export function htmlBlocks(html: string): Block[] {
  const blocks: Block[] = [];
  const lineOf = lineCounter(html);
  /** Elements that are left out and open; the outermost closes them all. */
  let leftOut: { readonly name: string; depth: number } | undefined;
  let depth = 0;
  let level = 0;
  let isPreformatted = 0;
  let text = '';
  let start = 0;
  const end = (): void => {
    const plain = text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join('\n');
    text = '';
    if (plain === '') return;
    const line = lineOf(start);
    if (level > 0) blocks.push({ kind: 'heading', level, text: plain.replaceAll('\n', ' '), line });
    else blocks.push({ kind: 'text', text: plain, line });
  };
  const parser = new Parser(
    {
      onopentagname(name) {
        if (++depth > MOST_DEPTH) {
          throw new FormatError(`expected elements nested at most ${MOST_DEPTH} deep, got more`);
        }
        if (leftOut) {
          if (name === leftOut.name) leftOut.depth++;
          return;
        }
        if (name === 'br') text += '\n';
        if (INLINE.has(name)) return;
        if (LEFT_OUT.has(name)) leftOut = { name, depth: 1 };
        if (name === 'br') return;
        end();
        level = name === 'title' ? 1 : Number(/^h([1-6])$/.exec(name)?.[1] ?? 0);
        if (name === 'pre') isPreformatted++;
      },
      onclosetag(name) {
        depth--;
        if (leftOut) {
          if (name === leftOut.name && --leftOut.depth === 0) leftOut = undefined;
          return;
        }
        if (name === 'br' || INLINE.has(name)) return;
        end();
        level = 0;
        if (name === 'pre') isPreformatted--;
      },
      ontext(piece) {
        if (leftOut) return;
        if (text.trim() === '' && piece.trim() !== '') {
          // where its first word stands
          start = parser.startIndex + (piece.length - piece.trimStart().length);
        }
        text += isPreformatted > 0 ? piece : piece.replace(/\s+/g, ' ');
      },
    },
    { lowerCaseTags: true, decodeEntities: true },
  );
  parser.end(html);
  end();
  return blocks;
}

/** Lines of places that ascend, from 1. */
function lineCounter(text: string): (at: number) => number {
  let line = 1;
  let counted = 0;
  return (at) => {
    for (let next = text.indexOf('\n', counted); next >= 0 && next < at; next = text.indexOf('\n', counted)) {
      line++;
      counted = next + 1;
    }
    return line;
  };
}
