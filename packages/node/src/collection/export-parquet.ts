/** A collection as a Parquet file, written by hyparquet-writer some rows at a time. */
import type { RecordId } from '@sagitta/retrieval';
import type { Collection, CollectionRecord } from '@sagitta/retrieval/collection';
import type { ColumnSource } from 'hyparquet-writer';

/** Numbers of a row group: some megabytes. */
const GROUP_NUMBERS = 1 << 19;

type Exported<M> = Pick<Collection<M>, 'd' | 'ids' | 'iterate' | 'keepsTexts'>;

/**
 * Gives all records as a Parquet file in chunks, for a file: `id` (integers where all ids are numbers, else texts, then beside `id_kind` where not
 * all are strings), `vector` (list of float32), `metadata` (JSON as text, null where there is none) and, where texts are kept, `text`.
 * @throws as iterate does
 */
export async function* exportParquet<M>(
  collection: Exported<M>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const writer = new ByteWriter();
  const taken = (): Uint8Array => {
    const bytes = writer.getBytes().slice();
    // places in the file go on
    writer.index = 0;
    return bytes;
  };
  const kinds = new Set((await collection.ids()).map((id) => typeof id));
  const hasNumbers = kinds.size === 1 && kinds.has('number');
  const hasKinds = !hasNumbers && [...kinds].some((kind) => kind !== 'string');
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
  const id = hasNumbers ? ({ type: 'INT64' } as const) : text;
  const parquet = new ParquetWriter({
    writer,
    createdBy: 'sagitta',
    schema: [
      { name: 'root', num_children: 3 + Number(hasKinds) + Number(collection.keepsTexts) },
      { name: 'id', repetition_type: 'REQUIRED', ...id },
      ...(hasKinds ? [{ name: 'id_kind', repetition_type: 'REQUIRED' as const, ...text }] : []),
      { name: 'vector', repetition_type: 'REQUIRED', converted_type: 'LIST', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'REQUIRED', type: 'FLOAT' },
      { name: 'metadata', repetition_type: 'OPTIONAL', ...text },
      ...(collection.keepsTexts ? [{ name: 'text', repetition_type: 'OPTIONAL' as const, ...text }] : []),
    ],
  });
  const rows = Math.max(1, Math.floor(GROUP_NUMBERS / collection.d));
  let group: CollectionRecord<M>[] = [];
  const written = async (): Promise<Uint8Array> => {
    const columnData = columnsOf(group, { hasNumbers, hasKinds, keepsTexts: collection.keepsTexts });
    await parquet.write({ columnData, rowGroupSize: group.length, dictionarySize: 0 });
    group = [];
    return taken();
  };
  for await (const record of collection.iterate()) {
    // one of another kind was written since, and the schema has no place for it
    if (!hasKinds && !kinds.has(typeof record.id)) continue;
    group.push(record);
    if (group.length === rows) yield await written();
  }
  if (group.length > 0) yield await written();
  await parquet.finish();
  yield taken();
}

function columnsOf<M>(
  records: readonly CollectionRecord<M>[],
  of: { readonly hasNumbers: boolean; readonly hasKinds: boolean; readonly keepsTexts: boolean },
): ColumnSource[] {
  const idOf = ({ id }: { readonly id: RecordId }): bigint | string =>
    of.hasNumbers ? BigInt(id) : String(id);
  return [
    { name: 'id', data: records.map(idOf) },
    ...(of.hasKinds ? [{ name: 'id_kind', data: records.map(({ id }) => typeof id) }] : []),
    // numbers of codes and texts have nothing that a compression of bytes finds
    {
      name: 'vector',
      data: records.map(({ vector }) => Array.from(vector)),
      codec: 'UNCOMPRESSED',
      statistics: false,
    },
    {
      name: 'metadata',
      data: records.map(({ metadata }) => (metadata === undefined ? null : JSON.stringify(metadata))),
    },
    ...(of.keepsTexts ? [{ name: 'text', data: records.map(({ text = null }) => text) }] : []),
  ];
}
