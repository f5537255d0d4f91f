/** What a document is made of, whatever it is written in: headings and what stands under them, each with its line. */

export interface Heading {
  readonly kind: 'heading';
  /** 1 is the outermost. */
  readonly level: number;
  readonly text: string;
  readonly line: number;
}

export interface Paragraph {
  readonly kind: 'text';
  /** Plain words, as a reader sees them. */
  readonly text: string;
  /** The first line, from 1. */
  readonly line: number;
}

export type Block = Heading | Paragraph;

/** Paragraphs of plain text: what empty lines part. */
export function* textBlocks(text: string): Generator<Block> {
  let lines: string[] = [];
  let first = 1;
  let line = 0;
  for (const one of text.split(/\r\n?|\n/)) {
    line++;
    if (one.trim() !== '') {
      if (lines.length === 0) first = line;
      lines.push(one);
      continue;
    }
    if (lines.length > 0) yield { kind: 'text', text: lines.join('\n'), line: first };
    lines = [];
  }
  if (lines.length > 0) yield { kind: 'text', text: lines.join('\n'), line: first };
}
