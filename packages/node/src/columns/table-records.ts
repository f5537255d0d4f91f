/**
 * What a table says of records beside their vectors: a column "id" or "_id", and "id_kind" where ids are of several kinds; a column
 * "metadata" with JSON, or else all other columns of texts, numbers and booleans, by name; a column "text".
 */
import { FormatError } from '@sagitta/core-wasm';
import type { JsonValue, RecordId } from '@sagitta/retrieval';
import type { TableBatch, TableField, TableFile } from './table.ts';

export const ID_COLUMNS: readonly string[] = ['id', '_id'];
const ID_KIND = 'id_kind';
const METADATA = 'metadata';
const TEXT = 'text';

/** What is said of some rows; what no column says is left out. */
export interface RecordColumns {
  readonly ids?: readonly RecordId[];
  readonly metadata?: readonly (JsonValue | undefined)[];
  readonly texts?: readonly (string | undefined)[];
}

/** Reads what is said of rows, in their order. */
export interface RecordCursor {
  /** Of the next n rows. @throws FormatError naming file and row */
  take(n: number): Promise<RecordColumns>;
}

/** undefined where no column says anything. */
export function recordCursor(table: TableFile): RecordCursor | undefined {
  const scalars = table.fields.filter(({ depth, holds }) => depth === 0 && holds !== 'other');
  const named = (name: string, holds?: TableField['holds']): TableField | undefined =>
    scalars.find((field) => field.path === name && (holds === undefined || field.holds === holds));
  const id = scalars.find(({ path }) => ID_COLUMNS.includes(path));
  const kind = id && named(ID_KIND, 'texts');
  const text = named(TEXT, 'texts');
  const json = named(METADATA, 'texts');
  const others = scalars.filter((field) => ![id, kind, text].includes(field));
  if (scalars.length === 0) return undefined;

  async function read(batch: TableBatch): Promise<RecordColumns> {
    const column = (field: TableField | undefined): Promise<readonly JsonValue[]> | undefined =>
      field && batch.scalars(field);
    const [ids, kinds, texts, values] = await Promise.all([
      column(id),
      column(kind),
      column(text),
      column(json),
    ]);
    const metadata = values ? parsed(table.path, batch, values) : await objects(batch);
    return {
      ...(ids && { ids: ids.map((value, row) => idOf(table.path, batch, row, value, kinds?.[row])) }),
      ...(metadata && { metadata }),
      ...(texts && { texts: texts.map((value) => (typeof value === 'string' ? value : undefined)) }),
    };
  }

  async function objects(batch: TableBatch): Promise<JsonValue[] | undefined> {
    if (others.length === 0) return undefined;
    const columns = await Promise.all(
      others.map(async (field) => [field.path, await batch.scalars(field)] as const),
    );
    return Array.from({ length: batch.rows }, (_, row) =>
      Object.fromEntries(columns.map(([name, values]) => [name, values[row] ?? null])),
    );
  }

  const batches = table.batches()[Symbol.asyncIterator]();
  let now: RecordColumns = {};
  let at = 0;
  let rows = 0;
  return {
    async take(n) {
      const parts: RecordColumns[] = [];
      for (let missing = n; missing > 0; ) {
        if (at === rows) {
          const next = await batches.next();
          if (next.done) throw new FormatError(`${table.path}: expected ${missing} more rows, got none`);
          now = await read(next.value);
          rows = next.value.rows;
          at = 0;
          continue;
        }
        const end = Math.min(rows, at + missing);
        parts.push(slice(now, at, end));
        missing -= end - at;
        at = end;
      }
      return join(parts);
    },
  };
}

function slice({ ids, metadata, texts }: RecordColumns, start: number, end: number): RecordColumns {
  return {
    ...(ids && { ids: ids.slice(start, end) }),
    ...(metadata && { metadata: metadata.slice(start, end) }),
    ...(texts && { texts: texts.slice(start, end) }),
  };
}

/** Every batch of a table says the same columns. */
function join(parts: readonly RecordColumns[]): RecordColumns {
  const [first = {}] = parts;
  return {
    ...(first.ids && { ids: parts.flatMap(({ ids = [] }) => ids) }),
    ...(first.metadata && { metadata: parts.flatMap(({ metadata = [] }) => metadata) }),
    ...(first.texts && { texts: parts.flatMap(({ texts = [] }) => texts) }),
  };
}

function parsed(path: string, batch: TableBatch, values: readonly JsonValue[]): (JsonValue | undefined)[] {
  return values.map((value, row) => {
    if (typeof value !== 'string') return undefined;
    try {
      return JSON.parse(value) as JsonValue;
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      throw rowError(path, batch, row, `expected JSON in "${METADATA}": ${what}`);
    }
  });
}

/** A value as an id; kind — what id_kind says of it. @throws FormatError naming file and row */
export function idOf(
  path: string,
  batch: Pick<TableBatch, 'start' | 'offset'>,
  row: number,
  value: JsonValue | undefined,
  kind?: JsonValue,
): RecordId {
  if (typeof value === 'string') {
    if (kind !== 'bigint' && kind !== 'number') return value;
    if (/^-?\d{1,20}$/.test(value)) return kind === 'bigint' ? BigInt(value) : Number(value);
  }
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw rowError(path, batch, row, `expected a text or an integer as id, got ${String(value)}`);
}

export function rowError(
  path: string,
  batch: Pick<TableBatch, 'start' | 'offset'>,
  row: number,
  what: string,
): FormatError {
  return new FormatError(`${path}: row ${batch.start + row}: ${what}`, batch.offset);
}
