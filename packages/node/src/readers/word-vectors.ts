/**
 * .txt and .vec: a vector a line, numbers with spaces or tabs between them, behind a word or not: GloVe, word2vec's and fastText's text
 * form, whose first line says n and d, and numpy.savetxt. Words are passed over; they may hold spaces. Lines with commas are read as .csv.
 */
import { FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { DataFile } from '../files/data-file.ts';
import { type Line, readLines } from '../files/lines.ts';
import { openCsv } from './csv.ts';
import { type RowFiller, rowChunks } from './row-chunks.ts';
import { describeField, parseNumber } from './text-number.ts';
import type { VectorSource } from './vector-source.ts';

/** Lines looked at to learn whether they begin with words: the first word may be a number. */
const LOOK_LINES = 64;

interface Layout {
  readonly d: number;
  readonly hasWords: boolean;
  /** Rows that the first line announces. */
  readonly n: number | undefined;
}

/** @throws FormatError naming file, row and line */
export async function openWordVectors(file: DataFile): Promise<VectorSource> {
  const lines: Line[] = [];
  for await (const line of readLines(file)) {
    if (isPassedOver(line)) continue;
    if (lines.length === 0 && /[,;]/.test(line.text) && !/\s[-+\d.]+e?[-+\d]*\s/i.test(line.text))
      return openCsv(file);
    if (lines.push(line) === LOOK_LINES) break;
  }
  const layout = layoutOf(file.path, lines);
  const chunks = (rowsPerChunk: number): AsyncGenerator<Float32Array> =>
    rowChunks(rows(file, layout), layout.d, rowsPerChunk);
  const { d, n } = layout;
  // a digit and what parts it from the next
  if (n !== undefined && file.size !== Infinity && 2 * n * d > file.size)
    throw new FormatError(
      `${file.path}: ${file.size} bytes cannot hold the ${n} × ${d} numbers that the first line says`,
    );
  return { path: file.path, d, n: file.size === Infinity ? undefined : n, chunks, close: () => file.close() };
}

/** Blank lines, and the comments of numpy.savetxt; "#" is a word of GloVe too, but then its line ends with a number. */
function isPassedOver({ text }: Line): boolean {
  const line = text.trim();
  return line === '' || (line.startsWith('#') && Number.isNaN(parseNumber(line.slice(line.search(/\S+$/)))));
}

function fieldsOf({ text }: Line): string[] {
  return text.trim().split(/[ \t]+/);
}

function layoutOf(path: string, lines: readonly Line[]): Layout {
  const [first, second] = lines;
  if (first === undefined) throw new FormatError(`${path}: row 0: the file holds no vectors`);
  const head = fieldsOf(first);
  const isHead = head.length === 2 && head.every((field) => /^\d{1,15}$/.test(field));
  // two numbers above two numbers are a row; above any other number of them they are n and d
  const below = second === undefined ? 0 : fieldsOf(second).length;
  const announced = isHead && (below > Number(head[1]) || (below === Number(head[1]) && below > 2));
  const body = announced ? lines.slice(1) : lines;
  const counts = body.map((line) => fieldsOf(line).length);
  const hasWords = body.some((line) => Number.isNaN(parseNumber(fieldsOf(line)[0] as string)));
  const d = announced ? Number(head[1]) : Math.min(...counts) - (hasWords ? 1 : 0);
  const line = body[0] as Line;
  if (!(d >= 1 && d <= MAX_DIMENSION))
    throw rowError(path, 0, line, `expected a dimension from 1 to ${MAX_DIMENSION}, got ${d} numbers`);
  return {
    d,
    hasWords: hasWords || (announced && (counts[0] as number) > d),
    n: announced ? Number(head[0]) : undefined,
  };
}

async function* rows(file: DataFile, { d, hasWords, n }: Layout): AsyncGenerator<RowFiller> {
  let row = n === undefined ? 0 : -1;
  for await (const line of readLines(file)) {
    if (isPassedOver(line)) continue;
    const at = row++;
    if (at < 0) continue;
    if (n !== undefined && at >= n)
      throw rowError(file.path, at, line, `expected ${n} rows as the first line says, got more`);
    yield (out) => fillRow(file.path, line, at, d, hasWords, out);
  }
  if (n !== undefined && row !== n)
    throw new FormatError(`${file.path}: expected ${n} rows as the first line says, got ${Math.max(0, row)}`);
}

function rowError(path: string, row: number, line: Line, what: string): FormatError {
  return new FormatError(`${path}: row ${row} (line ${line.number}): ${what}`, line.offset);
}

function fillRow(
  path: string,
  line: Line,
  row: number,
  d: number,
  hasWords: boolean,
  out: Float32Array,
): void {
  const fields = fieldsOf(line);
  const start = fields.length - d;
  // a word of several parts does not end with a number: that would be a row of another length
  const isLong = start > 1 && !Number.isNaN(parseNumber(fields[start - 1] as string));
  if (hasWords ? start < 1 || isLong : start !== 0) {
    const expected = hasWords ? `a word and ${d} numbers` : `${d} numbers as in row 0`;
    throw rowError(path, row, line, `expected ${expected}, got ${fields.length} fields`);
  }
  for (let i = 0; i < d; i++) {
    const field = fields[start + i] as string;
    out[i] = parseNumber(field);
    if (!Number.isFinite(out[i]))
      throw rowError(
        path,
        row,
        line,
        `dimension ${i}: expected a finite float32, got ${describeField(field)}`,
      );
  }
}
