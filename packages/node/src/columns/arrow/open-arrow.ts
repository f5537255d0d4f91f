/**
 * Arrow IPC files and streams (.arrow, .arrows, .ipc, .feather of version 2), plain or compressed with LZ4 or ZSTD, one record batch at a
 * time. Our own reader: what a file says of its sizes is held against its bytes before memory is taken for it.
 */
import { FormatError, UnsupportedError } from '@sagitta/core-wasm';
import type { JsonValue } from '@sagitta/retrieval';
import type { DataFile } from '../../files/data-file.ts';
import type { TableBatch, TableField, TableFile } from '../table.ts';
import { ArrowBatch } from './batch.ts';
import { type ArrowMessages, readMessages } from './messages.ts';
import { type ArrowField, schemaFields, tableFields } from './schema.ts';

/** @throws FormatError naming the file; UnsupportedError on compressions and versions that are not read */
export async function openArrow(file: DataFile): Promise<TableFile> {
  const { path } = file;
  const messages = await guard(path, () => readMessages(file));
  const fields = await guard(path, async () => schemaFields(messages.schema));
  const paths = tableFields(fields);
  const ways = new Map(paths.map(({ field, way }) => [field, way]));
  const wayOf = (field: TableField): readonly ArrowField[] => ways.get(field) ?? [];

  async function* batches(): AsyncGenerator<TableBatch> {
    let start = 0;
    for (const [number, head] of messages.batches.entries()) {
      const label = `${path}: row ${start}`;
      const batch = new ArrowBatch(file, head, fields, label, (id) =>
        dictionaryTexts(file, messages, fields, id, number),
      );
      yield {
        start,
        rows: head.rows,
        offset: head.body,
        lists: (field) => guard(label, () => batch.lists(wayOf(field))),
        scalars: (field) => guard(label, () => batch.scalars(wayOf(field))),
      };
      start += head.rows;
    }
  }
  const n = messages.batches.reduce((sum, { rows }) => sum + rows, 0);
  return { path, fields: paths.map(({ field }) => field), n, batches, close: () => file.close() };
}

/** The texts of a dictionary as they are at a record batch: the last whole one before it, and what was added since. */
async function dictionaryTexts(
  file: DataFile,
  { dictionaries }: ArrowMessages,
  fields: readonly ArrowField[],
  id: number,
  batch: number,
): Promise<readonly JsonValue[]> {
  const values = valuesField(fields, id);
  const mine = dictionaries.filter((one) => one.id === id && one.before <= batch);
  const start = Math.max(0, mine.map(({ isDelta }) => isDelta).lastIndexOf(false));
  const texts: JsonValue[] = [];
  for (const { head } of mine.slice(start)) {
    const part = new ArrowBatch(file, head, [values], `${file.path}: dictionary ${id}`, async () => []);
    for (const text of await part.texts(values, head.rows)) texts.push(text);
  }
  return texts;
}

/** The values of a dictionary as a column of their own: texts, whichever field asks. */
function valuesField(fields: readonly ArrowField[], id: number): ArrowField {
  const find = (list: readonly ArrowField[]): ArrowField | undefined => {
    for (const field of list) {
      const found = field.dictionary === id ? field : find(field.children);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const owner = find(fields);
  if (owner?.values === undefined) throw new FormatError(`expected texts in dictionary ${id}`);
  return owner.values;
}

/** Accesses beyond a message end in RangeError, which here gets its place. */
async function guard<T>(label: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof RangeError) || error instanceof UnsupportedError) throw error;
    throw new FormatError(`${label}: damaged Arrow file: ${error.message}`);
  }
}
