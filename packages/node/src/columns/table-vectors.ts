/** A column of lists of numbers as a source of vectors; one batch of the file is held at a time. */
import { checkInteger, FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { VectorSource } from '../readers/vector-source.ts';
import { chooseField } from './choose-field.ts';
import { flattenRows, lengthAt } from './flatten.ts';
import type { TableBatch, TableField, TableFile } from './table.ts';
import { recordCursor } from './table-records.ts';

/** The source over `table`, which it takes over. @throws RangeError naming "column", FormatError naming file and row */
export async function tableVectors(table: TableFile, column?: string): Promise<VectorSource> {
  const { path } = table;
  const field = chooseField(table, column, [1], 'list of numbers');
  const { d, first } = await dimensionOf(table, field);
  const read = async (batch: TableBatch): Promise<Float32Array> =>
    flattenRows({ path, row: batch.start, offset: batch.offset }, await batch.lists(field), d);
  // the first batch had to be decoded to learn d; it serves the first iteration too
  let kept = first && (await read(first));

  async function* chunks(rowsPerChunk: number): AsyncGenerator<Float32Array> {
    checkInteger('rowsPerChunk', rowsPerChunk, 1, Number.MAX_SAFE_INTEGER);
    for await (const batch of table.batches()) {
      const data: Float32Array = (batch.start === 0 && kept) || (await read(batch));
      kept = undefined;
      for (let at = 0; at < data.length; at += rowsPerChunk * d)
        yield data.subarray(at, Math.min(data.length, at + rowsPerChunk * d));
    }
  }
  return { path, n: table.n, d, chunks, records: () => recordCursor(table), close: () => table.close() };
}

/** d, and the first batch with rows if it had to be read to learn it. */
async function dimensionOf(
  table: TableFile,
  field: TableField,
): Promise<{ d: number; first: TableBatch | undefined }> {
  const { path } = table;
  if (table.n === 0) throw new FormatError(`${path}: row 0: the file holds no vectors`);
  if (field.d !== undefined) return { d: checkDimension(path, field.d), first: undefined };
  for await (const batch of table.batches()) {
    const column = await batch.lists(field);
    return { d: checkDimension(path, lengthAt(column, 0), batch.offset), first: once(batch, field, column) };
  }
  throw new FormatError(`${path}: row 0: the file holds no vectors`);
}

/** The batch with the column that was just read. */
function once(
  batch: TableBatch,
  field: TableField,
  column: Awaited<ReturnType<TableBatch['lists']>>,
): TableBatch {
  return { ...batch, lists: async (other) => (other === field ? column : batch.lists(other)) };
}

export function checkDimension(path: string, d: number | undefined, offset = 0): number {
  if (d !== undefined && d >= 1 && d <= MAX_DIMENSION) return d;
  const got = d ?? 'no list';
  throw new FormatError(
    `${path}: row 0: expected a dimension from 1 to ${MAX_DIMENSION}, got ${got}`,
    offset,
  );
}
