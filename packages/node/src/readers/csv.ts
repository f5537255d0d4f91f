/**
 * .csv and .tsv: a vector a record, with or without a line of names.
 *
 * Either one column holds whole vectors, as "[0.1, 0.2]" (what pandas makes of lists, and pgvector of vectors), or every column
 * that holds a number is a dimension. Columns of words, and columns named "id", "_id", "index" or nothing (pandas' row numbers), are no
 * dimensions.
 */
import { FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { DataFile } from '../files/data-file.ts';
import { type CsvRecord, readRecords } from './csv-records.ts';
import { type RowFiller, rowChunks } from './row-chunks.ts';
import { describeField, parseNumber } from './text-number.ts';
import type { VectorSource } from './vector-source.ts';

const LIST_COLUMNS = ['vector', 'embedding', 'embeddings'];
const ID_COLUMNS = ['', 'id', '_id', 'index'];
/** Records looked at to learn which columns hold numbers: one of them may be missing in the first. */
const LOOK_RECORDS = 64;

const MISSING = /^\s*(nan|null|none|n\/?a|)\s*$/i;

interface Layout {
  /** The columns that are dimensions, or the one that holds lists. */
  readonly columns: readonly number[];
  readonly isList: boolean;
  readonly hasNames: boolean;
  /** Fields of every record. */
  readonly fields: number;
  readonly d: number;
}

/** @throws RangeError naming "column"; FormatError naming file, row and line */
export async function openCsv(file: DataFile, column?: string): Promise<VectorSource> {
  const { path } = file;
  const first: CsvRecord[] = [];
  for await (const record of readRecords(file)) if (first.push(record) === LOOK_RECORDS) break;
  const [head] = first;
  if (head === undefined) throw new FormatError(`${path}: row 0: the file holds no vectors`);
  const layout = layoutOf(path, head, first.slice(1), column);
  const chunks = (rowsPerChunk: number): AsyncGenerator<Float32Array> =>
    rowChunks(rows(file, layout), layout.d, rowsPerChunk);
  return { path, d: layout.d, n: undefined, chunks, close: () => file.close() };
}

async function* rows(file: DataFile, layout: Layout): AsyncGenerator<RowFiller> {
  let row = layout.hasNames ? -1 : 0;
  for await (const record of readRecords(file)) {
    const at = row++;
    if (at < 0) continue;
    yield (out) => fillRow(file.path, record, at, layout, out);
  }
}

function rowError(path: string, row: number, record: CsvRecord, what: string): FormatError {
  return new FormatError(`${path}: row ${row} (line ${record.number}): ${what}`, record.offset);
}

function fillRow(path: string, record: CsvRecord, row: number, layout: Layout, out: Float32Array): void {
  const { columns, isList, fields, d } = layout;
  if (record.fields.length !== fields)
    throw rowError(
      path,
      row,
      record,
      `expected ${fields} fields as in the first line, got ${record.fields.length}`,
    );
  const values = isList
    ? listFields(record.fields[columns[0] as number] as string)
    : columns.map((column) => record.fields[column] as string);
  if (values.length !== d)
    throw rowError(path, row, record, `expected dimension ${d} as in row 0, got ${values.length}`);
  for (let i = 0; i < d; i++) {
    out[i] = parseNumber(values[i] as string);
    if (Number.isFinite(out[i])) continue;
    const what = `dimension ${i}: expected a finite float32, got ${describeField(values[i] as string)}`;
    throw rowError(path, row, record, what);
  }
}

/** The numbers of "[0.1, 0.2]", with commas, semicolons or spaces between them. */
function listFields(text: string): string[] {
  const bare = /^\s*[[({]([^\])}]*)[\])}]\s*$/.exec(text);
  return (bare?.[1] ?? text).split(/[\s,;]+/).filter((part) => part !== '');
}

function isListField(text: string | undefined): boolean {
  return text !== undefined && /^\s*[[({]/.test(text);
}

function layoutOf(path: string, head: CsvRecord, rest: readonly CsvRecord[], column?: string): Layout {
  const [second] = rest;
  const names = head.fields.map((name) => name.trim());
  const values = (second ?? head).fields;
  const fields = names.length;
  if (column !== undefined) {
    const at = names.indexOf(column);
    if (at < 0 || second === undefined)
      throw new RangeError(
        `"column" expected one of ${names.slice(0, 20).map(describeField).join(', ')} in ${path}, got "${column}"`,
      );
    const d = checkDimension(path, second, listFields(values[at] ?? '').length);
    return { columns: [at], isList: true, hasNames: true, fields, d };
  }
  const all = [...names.keys()];
  const lists = all.filter((at) => isListField(values[at]));
  if (lists.length > 0) {
    const hasNames = second !== undefined && !lists.some((at) => isListField(names[at]));
    const named = lists.filter((at) => LIST_COLUMNS.includes(names[at] as string));
    const [at] = lists.length === 1 ? lists : hasNames ? named : [];
    if (at === undefined)
      throw new RangeError(
        `"column" expected one of ${lists.map((one) => names[one]).join(', ')} in ${path}, got none`,
      );
    const d = checkDimension(path, second ?? head, listFields(values[at] as string).length);
    return { columns: [at], isList: true, hasNames, fields, d };
  }
  const isNumber = (field: string | undefined): boolean => !Number.isNaN(parseNumber(field ?? ''));
  const numbers = all.filter((at) => rest.some((record) => isNumber(record.fields[at])));
  const hasNames = areNames(numbers.map((at) => names[at] as string));
  const row = hasNames ? (second as CsvRecord) : head;
  const columns = all.filter((at) => {
    if (hasNames && ID_COLUMNS.includes(names[at] as string)) return false;
    const field = row.fields[at];
    // a missing number is refused as such, not taken for a word
    return isNumber(field) || (numbers.includes(at) && MISSING.test(field ?? ''));
  });
  const d = checkDimension(path, row, columns.length);
  return { columns, isList: false, hasNames, fields, d };
}

/** Words above numbers, or numbers that count from 0 or 1, as pandas names columns. */
function areNames(above: readonly string[]): boolean {
  const counted = above.filter((name) => !ID_COLUMNS.includes(name));
  if (counted.every((name) => Number.isNaN(parseNumber(name)) && !MISSING.test(name)))
    return above.length > 0;
  const [first] = counted;
  return (
    counted.length > 1 &&
    (first === '0' || first === '1') &&
    counted.every((name, i) => name === String(i + Number(first)))
  );
}

function checkDimension(path: string, record: CsvRecord, d: number): number {
  if (d >= 1 && d <= MAX_DIMENSION) return d;
  throw rowError(path, 0, record, `expected a dimension from 1 to ${MAX_DIMENSION}, got ${d} numbers`);
}
