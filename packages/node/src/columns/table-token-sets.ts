/**
 * A column of token sets: lists of lists of numbers, or one flat list a set beside a column of its number of tokens ("length", "num_tokens" …).
 * A column "id" or "_id" holds ids; other columns of texts, numbers and booleans become metadata.
 */
import { FormatError } from '@sagitta/core-wasm';
import { batchEntries, type TokenSetEntry, type TokenSetSource } from '../token-sets/token-set-source.ts';
import { chooseField } from './choose-field.ts';
import { flattenRows, lengthAt } from './flatten.ts';
import type { ListColumn, TableBatch, TableField, TableFile } from './table.ts';
import { ID_COLUMNS, idOf, rowError } from './table-records.ts';
import { checkDimension } from './table-vectors.ts';

const COUNT_COLUMNS = ['length', 'lengths', 'num_tokens', 'n_tokens', 'tokens_count', 'doclen', 'doclens'];

interface Fields {
  readonly tokens: TableField;
  /** Of flat lists: tokens of a set. */
  readonly count: TableField | undefined;
  readonly id: TableField | undefined;
  readonly metadata: readonly TableField[];
}

/** The source over `table`, which it takes over. @throws RangeError naming "column", FormatError naming file and row */
export async function tableTokenSets(table: TableFile, column?: string): Promise<TokenSetSource> {
  const fields = fieldsOf(table, column);
  const d = await dimensionOf(table, fields);
  return {
    path: table.path,
    d,
    n: table.n,
    batches: (maximumTokens) => batchEntries(readSets(table, fields, d), d, maximumTokens),
    close: () => table.close(),
  };
}

function fieldsOf(table: TableFile, column: string | undefined): Fields {
  const scalars = table.fields.filter(({ depth, holds }) => depth === 0 && holds !== 'other');
  const count = scalars.find(({ path, holds }) => holds === 'numbers' && COUNT_COLUMNS.includes(path));
  const hasSets = table.fields.some(({ depth, holds }) => depth === 2 && holds === 'numbers');
  const depths =
    count !== undefined && !hasSets ? [1] : count !== undefined && column !== undefined ? [1, 2] : [2];
  const tokens = chooseField(table, column, depths, 'list of lists of numbers');
  const id = scalars.find(({ path }) => ID_COLUMNS.includes(path));
  return {
    tokens,
    count: tokens.depth === 1 ? count : undefined,
    id,
    metadata: scalars.filter((field) => field !== id && (tokens.depth === 2 || field !== count)),
  };
}

async function dimensionOf(table: TableFile, { tokens, count }: Fields): Promise<number> {
  const { path } = table;
  if (tokens.d !== undefined && count === undefined) return checkDimension(path, tokens.d);
  for await (const batch of table.batches()) {
    const column = await batch.lists(tokens);
    if (count === undefined) {
      const { inside } = column;
      if (inside.kind === 'lists' && inside.offsets.length > 1)
        return checkDimension(path, lengthAt(inside, 0), batch.offset);
      continue;
    }
    const counts = await countsOf(path, batch, count);
    for (const [row, tokensOfRow] of counts.entries()) {
      if (tokensOfRow === 0) continue;
      const length = lengthAt(column, row) ?? 0;
      if (length % tokensOfRow === 0) return checkDimension(path, length / tokensOfRow, batch.offset);
      throw new FormatError(
        `${path}: row ${batch.start + row}: expected a multiple of ${tokensOfRow} numbers, got ${length}`,
        batch.offset,
      );
    }
  }
  throw new FormatError(`${path}: the file holds no tokens`);
}

async function countsOf(path: string, batch: TableBatch, count: TableField): Promise<number[]> {
  return (await batch.scalars(count)).map((value, i) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
    const row = batch.start + i;
    throw new FormatError(
      `${path}: row ${row}: expected a number of tokens in "${count.path}", got ${value}`,
      batch.offset,
    );
  });
}

async function* readSets(table: TableFile, fields: Fields, d: number): AsyncGenerator<TokenSetEntry> {
  const { path } = table;
  for await (const batch of table.batches()) {
    const column = await batch.lists(fields.tokens);
    const counts = fields.count && (await countsOf(path, batch, fields.count));
    const ids = fields.id && (await batch.scalars(fields.id));
    const metadata = await Promise.all(
      fields.metadata.map(async (field) => [field.path, await batch.scalars(field)] as const),
    );
    for (let row = 0; row < batch.rows; row++) {
      const data = counts
        ? flatSet(path, batch, column, row, counts[row] as number, d)
        : nestedSet(path, batch, column, row, d);
      yield {
        data,
        id: ids && idOf(path, batch, row, ids[row]),
        ...(metadata.length > 0 && {
          metadata: Object.fromEntries(metadata.map(([name, values]) => [name, values[row] ?? null])),
        }),
      };
    }
  }
}

function flatSet(
  path: string,
  batch: TableBatch,
  column: ListColumn,
  row: number,
  tokens: number,
  d: number,
): Float32Array {
  const length = lengthAt(column, row);
  if (length === tokens * d) {
    const place = { path, row: batch.start, offset: batch.offset };
    return length === 0 ? new Float32Array(0) : flattenRows(place, column, length, row, row + 1);
  }
  throw rowError(path, batch, row, `expected ${tokens} × ${d} numbers, got ${length ?? 'no list'}`);
}

function nestedSet(
  path: string,
  batch: TableBatch,
  column: ListColumn,
  row: number,
  d: number,
): Float32Array {
  const { inside, offsets } = column;
  if (lengthAt(column, row) === undefined)
    throw rowError(path, batch, row, 'expected a list of tokens, got null');
  if (inside.kind !== 'lists') throw rowError(path, batch, row, 'expected lists of lists of numbers');
  const [start, end] = [offsets[row] as number, offsets[row + 1] as number];
  for (let token = start; token < end; token++) {
    const length = lengthAt(inside, token);
    if (length === d) continue;
    const got = length ?? 'null';
    throw rowError(
      path,
      batch,
      row,
      `token ${token - start}: expected dimension ${d} as in the first token, got ${got}`,
    );
  }
  // places in its errors count from the set's first token
  const place = { path: `${path}: row ${batch.start + row}: tokens`, row: -start, offset: batch.offset };
  return start === end ? new Float32Array(0) : flattenRows(place, inside, d, start, end);
}
