/** .jsonl: one JSON object a line, with the vector as an array of numbers under one of its names. */
import { checkInteger, FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import { type DataFile, openWith } from './data-file.ts';
import { type Line, readLines } from './lines.ts';
import type { VectorSource } from './vector-source.ts';

/** Looked for, in this order, where no column is named. */
const DEFAULT_COLUMNS = ['vector', 'embedding'];

/**
 * Opens a file of one object a line; blank lines are passed over. d is that of the first row.
 * @throws FormatError naming file, row, line and byte
 */
export function openJsonl(path: string, column?: string): Promise<VectorSource> {
  return openWith(path, async (file) => {
    for await (const line of readLines(file)) {
      if (line.text.trim() === '') continue;
      const name = column ?? defaultColumn(path, line);
      const d = parseVector(path, line, name, 0).length;
      if (d < 1 || d > MAX_DIMENSION) {
        throw rowError(path, 0, line, `expected a dimension from 1 to ${MAX_DIMENSION}, got ${d}`);
      }
      return jsonlSource(file, name, d);
    }
    throw new FormatError(`${path}: row 0: the file holds no vectors`, file.size);
  });
}

function jsonlSource(file: DataFile, column: string, d: number): VectorSource {
  const { path } = file;
  async function* chunks(rowsPerChunk: number): AsyncGenerator<Float32Array> {
    checkInteger('rowsPerChunk', rowsPerChunk, 1, Number.MAX_SAFE_INTEGER);
    // at most 64 MiB at once, whatever is asked for: the number of rows is not known
    const most = Math.min(rowsPerChunk, Math.max(1, Math.floor((1 << 24) / d)));
    const out = new Float32Array(most * d);
    let row = 0;
    let filled = 0;
    for await (const line of readLines(file)) {
      if (line.text.trim() === '') continue;
      fillRow(
        path,
        line,
        parseVector(path, line, column, row),
        row,
        out.subarray(filled * d, (filled + 1) * d),
      );
      row++;
      filled++;
      if (filled === most) {
        yield out;
        filled = 0;
      }
    }
    if (filled > 0) yield out.subarray(0, filled * d);
  }
  return { path, d, n: undefined, chunks, close: () => file.close() };
}

function rowError(path: string, row: number, line: Line, what: string): FormatError {
  return new FormatError(`${path}: row ${row} (line ${line.number}): ${what}`, line.offset);
}

function parseObject(path: string, line: Line, row: number): object {
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch (error) {
    throw rowError(
      path,
      row,
      line,
      `expected JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw rowError(path, row, line, 'expected a JSON object');
}

function defaultColumn(path: string, line: Line): string {
  const value = parseObject(path, line, 0);
  const name = DEFAULT_COLUMNS.find((candidate) => Object.hasOwn(value, candidate));
  if (name !== undefined) return name;
  const names = Object.keys(value).slice(0, 20).join(', ');
  throw rowError(
    path,
    0,
    line,
    `expected a field "vector" or "embedding", or a column to be named; found: ${names}`,
  );
}

function parseVector(path: string, line: Line, column: string, row: number): readonly unknown[] {
  const object = parseObject(path, line, row);
  const value: unknown = Object.hasOwn(object, column) ? Reflect.get(object, column) : undefined;
  if (Array.isArray(value)) return value;
  const got = value === undefined ? 'nothing' : value === null ? 'null' : typeof value;
  throw rowError(path, row, line, `expected an array of numbers in "${column}", got ${got}`);
}

function fillRow(path: string, line: Line, values: readonly unknown[], row: number, out: Float32Array): void {
  if (values.length !== out.length) {
    throw rowError(path, row, line, `expected dimension ${out.length} as in row 0, got ${values.length}`);
  }
  for (let i = 0; i < out.length; i++) {
    const value = values[i];
    out[i] = typeof value === 'number' ? value : Number.NaN;
    if (Number.isFinite(out[i])) continue;
    throw rowError(
      path,
      row,
      line,
      `dimension ${i}: expected a finite float32, got ${JSON.stringify(value)?.slice(0, 40)}`,
    );
  }
}
