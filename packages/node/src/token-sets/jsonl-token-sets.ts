/**
 * .jsonl of token sets: a line is an array of arrays of numbers, or an object that has one under "tokens", "vectors" or
 * "embeddings" (or a name of the caller's), beside an "id" (or "_id") and a "metadata" of any JSON. Blank lines are passed over.
 */
import { FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { DocumentId, JsonValue } from '@sagitta/retrieval';
import { type DataFile, openWith } from '../readers/data-file.ts';
import { type Line, readLines } from '../readers/lines.ts';
import { batchEntries, type TokenSetEntry, type TokenSetSource } from './token-set-source.ts';

const DEFAULT_COLUMNS = ['tokens', 'vectors', 'embeddings'];
const ID_COLUMNS = ['id', '_id'];

/** d is that of the first token of the file. @throws FormatError naming file, set, line and byte */
export function openJsonlTokenSets(path: string, column?: string): Promise<TokenSetSource> {
  return openWith(path, async (file) => {
    let set = 0;
    for await (const line of readLines(file)) {
      if (line.text.trim() === '') continue;
      const [first] = parseLine(path, line, set, column).rows;
      if (first === undefined) {
        set++;
        continue;
      }
      const d = Array.isArray(first) ? first.length : 0;
      if (d < 1 || d > MAX_DIMENSION) {
        throw lineError(path, set, line, `token 0: expected 1 to ${MAX_DIMENSION} numbers, got ${d}`);
      }
      return {
        path,
        d,
        n: undefined,
        batches: (maximumTokens) => batchEntries(readSets(file, column, d), d, maximumTokens),
        close: () => file.close(),
      };
    }
    throw new FormatError(`${path}: the file holds no tokens`, file.size);
  });
}

async function* readSets(
  file: DataFile,
  column: string | undefined,
  d: number,
): AsyncGenerator<TokenSetEntry> {
  let set = 0;
  for await (const line of readLines(file)) {
    if (line.text.trim() === '') continue;
    const { rows, id, metadata } = parseLine(file.path, line, set, column);
    const data = new Float32Array(rows.length * d);
    rows.forEach((row, token) => {
      fillToken(file.path, line, set, token, row, data.subarray(token * d, (token + 1) * d));
    });
    yield { data, id, metadata };
    set++;
  }
}

interface ParsedLine {
  readonly rows: readonly unknown[];
  readonly id?: DocumentId | undefined;
  readonly metadata?: JsonValue | undefined;
}

function parseLine(path: string, line: Line, set: number, column: string | undefined): ParsedLine {
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch (error) {
    throw lineError(
      path,
      set,
      line,
      `expected JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (Array.isArray(value) && column === undefined) return { rows: value };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw lineError(path, set, line, 'expected a JSON object or an array of arrays');
  }
  const field = (names: readonly string[]): unknown => {
    const name = names.find((candidate) => Object.hasOwn(value, candidate));
    return name === undefined ? undefined : Reflect.get(value, name);
  };
  const names = column === undefined ? DEFAULT_COLUMNS : [column];
  const rows = field(names);
  if (!Array.isArray(rows)) {
    const found = Object.keys(value).slice(0, 20).join(', ');
    throw lineError(
      path,
      set,
      line,
      `expected an array of arrays in "${names.join('", "')}"; found: ${found}`,
    );
  }
  const id = field(ID_COLUMNS);
  if (id !== undefined && typeof id !== 'string' && typeof id !== 'number') {
    throw lineError(
      path,
      set,
      line,
      `expected a string or a number as id, got ${id === null ? 'null' : typeof id}`,
    );
  }
  // what JSON.parse gave is JSON
  return { rows, id, metadata: field(['metadata']) as JsonValue | undefined };
}

function fillToken(
  path: string,
  line: Line,
  set: number,
  token: number,
  row: unknown,
  out: Float32Array,
): void {
  if (!Array.isArray(row) || row.length !== out.length) {
    const got = Array.isArray(row) ? row.length : typeof row;
    throw lineError(
      path,
      set,
      line,
      `token ${token}: expected ${out.length} numbers as in the first token, got ${got}`,
    );
  }
  for (let i = 0; i < out.length; i++) {
    const value: unknown = row[i];
    out[i] = typeof value === 'number' ? value : Number.NaN;
    if (Number.isFinite(out[i])) continue;
    const got = JSON.stringify(value)?.slice(0, 40);
    throw lineError(path, set, line, `token ${token}, dimension ${i}: expected a finite float32, got ${got}`);
  }
}

function lineError(path: string, set: number, line: Line, what: string): FormatError {
  return new FormatError(`${path}: set ${set} (line ${line.number}): ${what}`, line.offset);
}
