/** Records of .csv and .tsv files (RFC 4180): fields in quotes may hold separators, quotes written twice, and line ends. */
import { FormatError } from '@sagitta/core-wasm';
import type { DataFile } from '../files/data-file.ts';
import { MAX_LINE_BYTES, readLines } from '../files/lines.ts';

export interface CsvRecord {
  readonly fields: readonly string[];
  /** Line at which the record begins, from 1. */
  readonly number: number;
  /** Byte at which the record begins. */
  readonly offset: number;
}

const SEPARATORS = [',', ';', '\t'] as const;
export type Separator = (typeof SEPARATORS)[number];

/** Blank lines are passed over. The separator is the most frequent one of the first record. @throws FormatError naming the line */
export async function* readRecords(file: DataFile): AsyncGenerator<CsvRecord> {
  let separator: Separator | undefined;
  for await (const { text, number, offset } of joinedLines(file)) {
    if (text.trim() === '') continue;
    separator ??= separatorOf(text);
    const fields = splitRecord(text, separator);
    if (fields === undefined)
      throw new FormatError(
        `${file.path}: line ${number}: expected a separator behind a closing quote`,
        offset,
      );
    yield { fields, number, offset };
  }
}

interface Joined {
  readonly text: string;
  readonly number: number;
  readonly offset: number;
}

/** Lines, joined where a quote is still open at their end. */
async function* joinedLines(file: DataFile): AsyncGenerator<Joined> {
  let parts: string[] = [];
  let length = 0;
  let isOpen = false;
  let number = 1;
  let offset = 0;
  for await (const line of readLines(file)) {
    const text = line.text.endsWith('\r') ? line.text.slice(0, -1) : line.text;
    if (!isOpen) ({ number, offset } = line);
    if (hasOddQuotes(text)) isOpen = !isOpen;
    parts.push(text);
    length += text.length + 1;
    if (length > MAX_LINE_BYTES)
      throw new FormatError(
        `${file.path}: line ${number}: the record is longer than ${MAX_LINE_BYTES} bytes`,
        offset,
      );
    if (isOpen) continue;
    yield { text: parts.length === 1 ? text : parts.join('\n'), number, offset };
    parts = [];
    length = 0;
  }
  if (isOpen) throw new FormatError(`${file.path}: line ${number}: expected a closing quote`, offset);
}

function hasOddQuotes(text: string): boolean {
  let isOdd = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) isOdd = !isOdd;
  return isOdd;
}

function separatorOf(text: string): Separator {
  const bare = text.replace(/"[^"]*"/g, '');
  const counts = SEPARATORS.map((separator) => bare.split(separator).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))] as Separator;
}

/** undefined where something follows a closing quote. */
function splitRecord(text: string, separator: Separator): string[] | undefined {
  if (!text.includes('"')) return text.split(separator);
  const fields: string[] = [];
  for (let at = 0; ; ) {
    let end: number;
    if (text[at] === '"') {
      end = at + 1;
      while (text[end] !== '"' || text[end + 1] === '"') {
        // an even number of quotes: the closing one is there, unless they were laid out to deceive
        if (end >= text.length) return undefined;
        end += text[end] === '"' ? 2 : 1;
      }
      fields.push(text.slice(at + 1, end).replaceAll('""', '"'));
      end++;
      if (end < text.length && text[end] !== separator) return undefined;
    } else {
      end = text.indexOf(separator, at);
      if (end < 0) end = text.length;
      fields.push(text.slice(at, end));
    }
    if (end >= text.length) return fields;
    at = end + 1;
  }
}
