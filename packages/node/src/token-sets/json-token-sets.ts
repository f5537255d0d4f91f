/**
 * Token sets in JSON: .jsonl, a set a line, and .json, an array of sets. A set is an array of arrays of numbers (or of base64 texts), or
 * an object that has one under "tokens", "vectors" or "embeddings" (or at a path of the caller's), beside an "id" (or "_id") and a
 * "metadata" of any JSON. Blank lines are passed over.
 */
import { FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { JsonValue, RecordId } from '@sagitta/retrieval';
import type { DataFile } from '../files/data-file.ts';
import { readLines } from '../files/lines.ts';
import { valuesOf } from '../readers/json-path.ts';
import { describeJson, parseJson } from '../readers/json-text.ts';
import { fillVector, readText, vectorLength } from '../readers/json-vectors.ts';
import { batchEntries, type TokenSetEntry, type TokenSetSource } from './token-set-source.ts';

const DEFAULT_COLUMNS = ['tokens', 'vectors', 'embeddings'];
const ID_COLUMNS = ['id', '_id'];

/** A set as the file has it, and the error of what is wrong with it. */
interface Place {
  readonly value: unknown;
  readonly fail: (what: string) => FormatError;
}

/** d is that of the first token of the file. @throws FormatError naming file, set, line and byte */
export function openJsonlTokenSets(file: DataFile, column?: string): Promise<TokenSetSource> {
  async function* places(): AsyncGenerator<Place> {
    let set = 0;
    for await (const line of readLines(file)) {
      if (line.text.trim() === '') continue;
      const label = `${file.path}: set ${set} (line ${line.number})`;
      const fail = (what: string): FormatError => new FormatError(`${label}: ${what}`, line.offset);
      yield { value: parseJson(line.text, fail), fail };
      set++;
    }
  }
  return jsonTokenSets(file, places, column, undefined);
}

/** One JSON array, which is held in memory. @throws FormatError naming file and set */
export async function openJsonTokenSets(file: DataFile, column?: string): Promise<TokenSetSource> {
  const root = parseJson(await readText(file), (what) => new FormatError(`${file.path}: ${what}`));
  if (!Array.isArray(root))
    throw new FormatError(`${file.path}: expected an array of token sets, got ${describeJson(root)}`);
  async function* places(): AsyncGenerator<Place> {
    for (const [set, value] of (root as unknown[]).entries())
      yield { value, fail: (what) => new FormatError(`${file.path}: set ${set}: ${what}`) };
  }
  return jsonTokenSets(file, places, column, root.length);
}

async function jsonTokenSets(
  file: DataFile,
  places: () => AsyncGenerator<Place>,
  column: string | undefined,
  n: number | undefined,
): Promise<TokenSetSource> {
  const { path } = file;
  for await (const { value, fail } of places()) {
    const [first] = parseSet(value, fail, column).rows;
    if (first === undefined) continue;
    const d = dimensionOf(first, fail);
    return {
      path,
      d,
      n,
      batches: (maximumTokens) => batchEntries(entries(places(), column, d), d, maximumTokens),
      close: () => file.close(),
    };
  }
  throw new FormatError(`${path}: the file holds no tokens`, file.size === Infinity ? 0 : file.size);
}

async function* entries(
  places: AsyncGenerator<Place>,
  column: string | undefined,
  d: number,
): AsyncGenerator<TokenSetEntry> {
  for await (const { value, fail } of places) {
    const { rows, id, metadata } = parseSet(value, fail, column);
    const tokenFail =
      (token: number): Place['fail'] =>
      (what) =>
        fail(`token ${token}: ${what}`);
    // the lengths first: what is allocated is then no more than what is there
    rows.forEach((row, token) => {
      const length = vectorLength(row, tokenFail(token));
      if (length !== d) throw tokenFail(token)(`expected ${d} numbers as in the first token, got ${length}`);
    });
    const data = new Float32Array(rows.length * d);
    rows.forEach((row, token) => {
      fillVector(row, data.subarray(token * d, (token + 1) * d), tokenFail(token));
    });
    yield { data, id, metadata };
  }
}

function dimensionOf(token: unknown, fail: Place['fail']): number {
  const d = Array.isArray(token) || typeof token === 'string' ? vectorLength(token, fail) : 0;
  if (d >= 1 && d <= MAX_DIMENSION) return d;
  throw fail(`token 0: expected 1 to ${MAX_DIMENSION} numbers, got ${d > 0 ? d : describeJson(token)}`);
}

interface ParsedSet {
  readonly rows: readonly unknown[];
  readonly id?: RecordId | undefined;
  readonly metadata?: JsonValue | undefined;
}

function parseSet(value: unknown, fail: Place['fail'], column: string | undefined): ParsedSet {
  if (Array.isArray(value) && column === undefined) return { rows: value };
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw fail(`expected a JSON object or an array of arrays, got ${describeJson(value)}`);
  const field = (names: readonly string[]): unknown => {
    const name = names.find((candidate) => Object.hasOwn(value, candidate));
    return name === undefined ? undefined : Reflect.get(value, name);
  };
  const names = column === undefined ? DEFAULT_COLUMNS : [column];
  const rows = column === undefined ? field(names) : valuesOf(value, column)[0];
  if (!Array.isArray(rows)) {
    const found = Object.keys(value).slice(0, 20).join(', ');
    throw fail(`expected an array of arrays in "${names.join('", "')}"; found: ${found}`);
  }
  const id = field(ID_COLUMNS);
  if (id !== undefined && typeof id !== 'string' && typeof id !== 'number')
    throw fail(`expected a string or a number as id, got ${describeJson(id)}`);
  // what JSON.parse gave is JSON
  return { rows, id, metadata: field(['metadata']) as JsonValue | undefined };
}
