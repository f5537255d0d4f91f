/**
 * Arrow IPC files and streams (.arrow, .arrows, .feather of version 2) with a column of list<fixed_size_list<float>>: a
 * document is a list of tokens. A column "id" or "_id" holds ids; the other columns of texts, numbers and booleans become
 * metadata. One record batch is decoded at a time.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { DocumentId, JsonValue } from '@sagitta/retrieval';
import {
  type Data,
  DataType,
  type Field,
  type RecordBatch,
  RecordBatchReader,
  type Schema,
} from 'apache-arrow';
import { decodeFloat16 } from '../readers/float16.ts';
import { checkFiniteRows } from '../readers/vector-source.ts';
import { batchEntries, type TokenSetEntry, type TokenSetSource } from './token-set-source.ts';

const ID_COLUMNS = ['id', '_id'];

/** `column` names the column of tokens. @throws FormatError naming file and row */
export async function openArrow(path: string, column?: string): Promise<TokenSetSource> {
  const { reader, handle } = await openReader(path);
  const { schema } = reader;
  await handle.close();
  const field = tokenField(path, schema, column);
  const d = dimensionOf(path, field);
  return {
    path,
    d,
    n: undefined,
    batches: (maximumTokens) => batchEntries(readSets(path, field.name, d), d, maximumTokens),
    close: async () => undefined,
  };
}

interface OpenedReader {
  readonly reader: RecordBatchReader;
  /** To be closed when nothing more is read; twice does no harm. */
  readonly handle: FileHandle;
}

async function openReader(path: string): Promise<OpenedReader> {
  const handle = await open(path, 'r');
  try {
    if ((await handle.stat()).size === 0) throw new FormatError(`${path}: the file is empty`, 0);
    const reader = await guard(path, 'schema', async () => RecordBatchReader.from(handle));
    await guard(path, 'schema', () => reader.open());
    if (reader.schema === undefined) throw new FormatError(`${path}: expected an Arrow schema, got none`, 0);
    return { reader, handle };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function* readSets(path: string, column: string, d: number): AsyncGenerator<TokenSetEntry> {
  const { reader, handle } = await openReader(path);
  let row = 0;
  try {
    for (let batchNumber = 0; ; batchNumber++) {
      const next = await guard(path, `record batch ${batchNumber}`, async () => await reader.next());
      if (next.done === true) return;
      const sets = await guard(path, `record batch ${batchNumber}`, async () =>
        decodeBatch(path, next.value, column, d, row),
      );
      yield* sets;
      row += next.value.numRows;
    }
  } finally {
    await handle.close();
  }
}

function decodeBatch(
  path: string,
  batch: RecordBatch,
  column: string,
  d: number,
  row: number,
): TokenSetEntry[] {
  const vector = batch.getChild(column);
  const lists = vector?.data[0];
  if (vector === null || lists === undefined || vector.data.length !== 1) {
    throw new FormatError(`${path}: row ${row}: expected one column "${column}"`);
  }
  const values = tokenValues(path, lists, d, row);
  const { valueOffsets } = lists;
  const others = batch.schema.fields.filter(({ name }) => name !== column);
  const idField = others.find(({ name }) => ID_COLUMNS.includes(name));
  const metadataFields = others.filter((field) => field !== idField && isScalar(field));
  return Array.from({ length: batch.numRows }, (_, i) => {
    const start = valueOffsets[i] as number;
    const end = valueOffsets[i + 1] as number;
    const id: unknown = idField === undefined ? undefined : batch.getChild(idField.name)?.get(i);
    const members = metadataFields.map(({ name }) => [name, jsonOf(batch.getChild(name)?.get(i))] as const);
    return {
      data: values.subarray(start * d, end * d),
      id: idField === undefined ? undefined : idOf(path, row + i, id),
      ...(members.length > 0 && { metadata: Object.fromEntries(members) }),
    };
  });
}

/** Every token of the batch as tokens × d values; refuses nulls, and offsets or buffers that do not fit. */
function tokenValues(path: string, lists: Data, d: number, row: number): Float32Array {
  const fail = (what: string): FormatError => new FormatError(`${path}: row ${row}: ${what}`);
  const tokens = lists.children[0];
  const floats = tokens?.children[0];
  if (tokens === undefined || floats === undefined) throw fail('expected lists of lists');
  if (lists.nullCount > 0 || tokens.nullCount > 0 || floats.nullCount > 0)
    throw fail('expected no missing values');
  const offsets: Int32Array = lists.valueOffsets;
  let before = 0;
  for (let i = 0; i <= lists.length; i++) {
    const offset = offsets[i];
    if (offset === undefined || offset < before || offset > tokens.length) {
      throw fail(`expected offsets that ascend to ${tokens.length}, got ${offset} at ${i}`);
    }
    before = offset;
  }
  const raw: unknown = floats.values;
  const length = tokens.length * d;
  const out = new Float32Array(length);
  if (raw instanceof Uint16Array && raw.length >= length) decodeFloat16(raw.subarray(0, length), out);
  else if ((raw instanceof Float32Array || raw instanceof Float64Array) && raw.length >= length) {
    out.set(raw.subarray(0, length));
  } else throw fail(`expected ${length} floats, got ${ArrayBuffer.isView(raw) ? raw.byteLength : 0} bytes`);
  checkFiniteRows(`${path}: tokens behind row ${row}`, out, d, 0, () => 0);
  return out;
}

function isTokens({ type }: Field): boolean {
  return (
    DataType.isList(type) &&
    DataType.isFixedSizeList(type.children[0]?.type) &&
    DataType.isFloat(type.children[0].type.children[0]?.type)
  );
}

function tokenField(path: string, schema: Schema, column: string | undefined): Field {
  const candidates = schema.fields.filter(
    (field) => (column === undefined || field.name === column) && isTokens(field),
  );
  if (candidates.length === 1) return candidates[0] as Field;
  const found = schema.fields
    .map(({ name, type }) => `${name} ${type}`)
    .slice(0, 20)
    .join(', ');
  const wanted = column === undefined ? 'one column' : `a column "${column}"`;
  throw new FormatError(
    `${path}: expected ${wanted} of list<fixed_size_list<float>>, or one to be named; found: ${found}`,
    0,
  );
}

function dimensionOf(path: string, { type }: Field): number {
  const list: unknown = type.children[0]?.type;
  const d = DataType.isFixedSizeList(list) ? list.listSize : 0;
  if (d >= 1 && d <= MAX_DIMENSION) return d;
  throw new FormatError(`${path}: expected a dimension from 1 to ${MAX_DIMENSION}, got ${d}`, 0);
}

function isScalar({ type }: Field): boolean {
  return (
    DataType.isUtf8(type) ||
    DataType.isLargeUtf8(type) ||
    DataType.isInt(type) ||
    DataType.isFloat(type) ||
    DataType.isBool(type)
  );
}

function idOf(path: string, row: number, value: unknown): DocumentId {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'bigint' && value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER))
    return Number(value);
  throw new FormatError(`${path}: row ${row}: expected a text or an integer as id, got ${String(value)}`);
}

/** Integers of 64 bits become numbers, exact up to 2^53. */
function jsonOf(value: unknown): JsonValue {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

/** What the library throws on damaged bytes, whatever it is, as a FormatError. */
async function guard<T>(path: string, part: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof FormatError || (error instanceof Error && 'syscall' in error)) throw error;
    const what = error instanceof Error ? error.message : String(error);
    throw new FormatError(`${path}: ${part}: damaged Arrow file: ${what}`, 0);
  }
}
