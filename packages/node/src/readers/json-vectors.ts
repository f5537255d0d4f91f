/**
 * Vectors in JSON: .jsonl, a value a line, and .json, one value. A vector is an array of numbers, or a text of base64 that
 * holds little-endian float32 (encoding_format "base64" of embedding services). It lies at a path of the caller's, or at one that
 * embedding services and libraries use; a batch output of such a service is read by the same paths.
 */
import { checkInteger, FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { DataFile } from '../files/data-file.ts';
import { type Line, readLines } from '../files/lines.ts';
import { valuesOf } from './json-path.ts';
import { describeJson, parseJson } from './json-text.ts';
import { type RowFiller, rowChunks } from './row-chunks.ts';
import type { VectorSource } from './vector-source.ts';

/** Looked for, in this order, where no column is named. */
const DEFAULT_COLUMNS = [
  'vector',
  'embedding',
  'values',
  'embedding.values',
  'response.body.data[*].embedding',
  'data[*].embedding',
  'embeddings[*].values',
];
/** Characters of a .json file, which is held whole: a string has no room for more. */
const MAX_JSON_BYTES = 2 ** 29 - 2 ** 10;

/** Where a vector lies, for errors. */
type Fail = (what: string) => FormatError;

/**
 * Opens a file of one JSON value a line; blank lines are passed over. d is that of the first row.
 * @throws FormatError naming file, row, line and byte
 */
export async function openJsonl(file: DataFile, column?: string): Promise<VectorSource> {
  const { path } = file;
  checkColumn(column);
  for await (const line of readLines(file)) {
    if (line.text.trim() === '') continue;
    const fail = lineFail(path, 0, line);
    const root = parseJson(line.text, fail);
    const name = column ?? defaultColumn(root, fail);
    const d = dimensionOf(vectorsOf(root, name, fail)[0], fail);
    return jsonlSource(file, name, d);
  }
  throw new FormatError(`${path}: row 0: the file holds no vectors`, file.size === Infinity ? 0 : file.size);
}

function jsonlSource(file: DataFile, column: string, d: number): VectorSource {
  const { path } = file;
  async function* rows(): AsyncGenerator<RowFiller> {
    let row = 0;
    for await (const line of readLines(file)) {
      if (line.text.trim() === '') continue;
      const root = parseJson(line.text, lineFail(path, row, line));
      for (const vector of vectorsOf(root, column, lineFail(path, row, line))) {
        const fail = lineFail(path, row, line);
        yield (out) => fillVector(vector, out, fail);
        row++;
      }
    }
  }
  const chunks = (rowsPerChunk: number): AsyncGenerator<Float32Array> => rowChunks(rows(), d, rowsPerChunk);
  return { path, d, n: undefined, chunks, close: () => file.close() };
}

/**
 * Opens one JSON value, which is held in memory: an array of vectors, an array of objects that have one each, or an object
 * with all of them.
 * @throws FormatError naming file and row
 */
export async function openJson(file: DataFile, column?: string): Promise<VectorSource> {
  const { path } = file;
  checkColumn(column);
  const fail: Fail = (what) => new FormatError(`${path}: ${what}`, 0);
  const rows = rowsOf(parseJson(await readText(file), fail), column, fail);
  const rowFail =
    (row: number): Fail =>
    (what) =>
      new FormatError(`${path}: row ${row}: ${what}`, 0);
  if (rows.length === 0) throw new FormatError(`${path}: row 0: the file holds no vectors`, 0);
  const d = dimensionOf(rows[0], rowFail(0));
  async function* chunks(rowsPerChunk: number): AsyncGenerator<Float32Array> {
    checkInteger('rowsPerChunk', rowsPerChunk, 1, Number.MAX_SAFE_INTEGER);
    for (let start = 0; start < rows.length; start += rowsPerChunk) {
      const part = rows.slice(start, start + rowsPerChunk);
      const out = new Float32Array(part.length * d);
      part.forEach((row, i) => {
        fillVector(row, out.subarray(i * d, (i + 1) * d), rowFail(start + i));
      });
      yield out;
    }
  }
  return { path, d, n: rows.length, chunks, close: () => file.close() };
}

function rowsOf(root: unknown, column: string | undefined, fail: Fail): readonly unknown[] {
  if (!Array.isArray(root)) return spread(vectorsOf(root, column ?? defaultColumn(root, fail), fail));
  const [first] = root;
  if (column === undefined && (Array.isArray(first) || typeof first === 'string')) return root;
  if (column === undefined && typeof first === 'number') return [root];
  if (first === undefined) return [];
  const name = column ?? defaultColumn(first, fail);
  return root.flatMap((value, row) => vectorsOf(value, name, (what) => fail(`row ${row}: ${what}`)));
}

/** An array of vectors under one name. */
function spread(values: readonly unknown[]): readonly unknown[] {
  const [only] = values;
  return values.length === 1 && Array.isArray(only) && typeof only[0] !== 'number' ? only : values;
}

/** The text of a whole file. @throws FormatError if it is longer than a string can be, or not UTF-8 */
export async function readText(file: DataFile): Promise<string> {
  const pass = file.pass();
  const pieces: Uint8Array[] = [];
  try {
    for (let length = 0; ; ) {
      const piece = new Uint8Array(1 << 20);
      const got = await pass.readSome(piece, length);
      if (got === 0) break;
      pieces.push(got < 1 << 19 ? piece.slice(0, got) : piece.subarray(0, got));
      length += got;
      if (length > MAX_JSON_BYTES)
        throw new FormatError(
          `${file.path}: expected at most ${MAX_JSON_BYTES} bytes of JSON; .jsonl may be of any size`,
        );
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces));
  } catch (error) {
    if (error instanceof TypeError) throw new FormatError(`${file.path}: the file is not UTF-8`);
    throw error;
  } finally {
    await pass.close();
  }
}

function lineFail(path: string, row: number, line: Line): Fail {
  return (what) => new FormatError(`${path}: row ${row} (line ${line.number}): ${what}`, line.offset);
}

function defaultColumn(root: unknown, fail: Fail): string {
  if (Array.isArray(root)) return '';
  if (typeof root !== 'object' || root === null)
    throw fail(`expected a JSON object or an array of numbers, got ${describeJson(root)}`);
  const name = DEFAULT_COLUMNS.find((candidate) => valuesOf(root, candidate).length > 0);
  if (name !== undefined) return name;
  const names = Object.keys(root).slice(0, 20).join(', ');
  throw fail(`expected a field "vector" or "embedding", or a column to be named; found: ${names}`);
}

function checkColumn(column: string | undefined): void {
  if (column === '')
    throw new RangeError('"column" expected a name or a path such as data[0].embedding, got ""');
}

/** The vectors of one value; '' is the value itself. */
function vectorsOf(root: unknown, column: string, fail: Fail): readonly unknown[] {
  if (column === '') return [root];
  if (typeof root !== 'object' || root === null)
    throw fail(`expected a JSON object, got ${describeJson(root)}`);
  const found = valuesOf(root, column);
  if (found.length > 0) return found;
  throw fail(`expected an array of numbers in "${column}", got nothing`);
}

function dimensionOf(vector: unknown, fail: Fail): number {
  const d = vectorLength(vector, fail);
  if (d >= 1 && d <= MAX_DIMENSION) return d;
  throw fail(`expected a dimension from 1 to ${MAX_DIMENSION}, got ${d}`);
}

/** Numbers of a vector, before it is read. */
export function vectorLength(vector: unknown, fail: Fail): number {
  if (Array.isArray(vector)) return vector.length;
  if (typeof vector === 'string') return Math.floor((3 * vector.replace(/={1,2}$/, '').length) / 16);
  throw fail(`expected an array of numbers or base64, got ${describeJson(vector)}`);
}

/** Writes the vector into out. */
export function fillVector(vector: unknown, out: Float32Array, fail: Fail): void {
  const values = typeof vector === 'string' ? decodeBase64(vector, fail) : vector;
  if (!Array.isArray(values) && !(values instanceof Float32Array))
    throw fail(`expected an array of numbers or base64, got ${describeJson(values)}`);
  if (values.length !== out.length)
    throw fail(`expected dimension ${out.length} as in row 0, got ${values.length}`);
  for (let i = 0; i < out.length; i++) {
    const value: unknown = values[i];
    out[i] = typeof value === 'number' ? value : Number.NaN;
    if (!Number.isFinite(out[i]))
      throw fail(`dimension ${i}: expected a finite float32, got ${describeNumber(value)}`);
  }
}

function describeNumber(value: unknown): string {
  return typeof value === 'number' ? String(value) : describeJson(value);
}

function decodeBase64(text: string, fail: Fail): Float32Array {
  const bytes = /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  if (bytes === undefined || text.length % 4 !== 0 || bytes.length % 4 !== 0)
    throw fail(`expected an array of numbers or base64 of float32, got ${describeJson(text)}`);
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
