/**
 * Parquet files, a row group at a time: plain or compressed with Snappy, gzip, Brotli, LZ4 or ZSTD. Our own reader: what a file says of its
 * sizes is held against its bytes before memory is taken for it, and no page is asked for more values than it was said to have.
 */
import { FormatError, UnsupportedError } from '@sagitta/core-wasm';
import type { JsonValue } from '@sagitta/retrieval';
import type { DataFile } from '../../files/data-file.ts';
import type { ListColumn, TableBatch, TableField, TableFile } from '../table.ts';
import { assembleLists } from './assemble.ts';
import { type ChunkPlace, chunkPlaces, type Footer, type RowGroup, readFooter } from './footer.ts';
import { type ColumnChunk, decodeChunk } from './pages.ts';
import type { Leaf } from './schema.ts';

/** @throws FormatError on damage; UnsupportedError on what is not read */
export async function openParquet(file: DataFile): Promise<TableFile> {
  const { path } = file;
  const footer = await readFooter(file);
  const columns = new Map(footer.leaves.map((leaf) => [leaf.field, new Column(file, footer, leaf)]));
  const columnOf = (field: TableField): Column => {
    const column = columns.get(field);
    if (column === undefined)
      throw new RangeError(`"column" expected a column of ${path}, got "${field.path}"`);
    return column;
  };
  async function* batches(): AsyncGenerator<TableBatch> {
    for (const group of footer.groups) {
      yield {
        start: group.start,
        rows: group.rows,
        offset: group.columns.length === 0 ? 0 : firstByte(group),
        lists: (field) => columnOf(field).lists(group),
        scalars: (field) => columnOf(field).scalars(group),
      };
    }
  }
  const fields = footer.leaves.map(({ field }) => field);
  return { path, fields, n: footer.n, batches, close: () => file.close() };
}

function firstByte(group: RowGroup): number {
  const meta = group.columns[0]?.struct(3);
  return meta?.number(11) || meta?.number(9) || 0;
}

/** A leaf of the schema in all row groups. */
class Column {
  readonly #file: DataFile;
  readonly #footer: Footer;
  readonly #leaf: Leaf;
  #places: ReadonlyMap<RowGroup, ChunkPlace> | undefined;

  constructor(file: DataFile, footer: Footer, leaf: Leaf) {
    this.#file = file;
    this.#footer = footer;
    this.#leaf = leaf;
  }

  lists(group: RowGroup): Promise<ListColumn> {
    return this.#decode(group, (chunk) => assembleLists(chunk, this.#leaf, group.rows));
  }

  scalars(group: RowGroup): Promise<JsonValue[]> {
    const { maxDefinition, number } = this.#leaf;
    return this.#decode(group, ({ definition, values }) => {
      let from = 0;
      return Array.from(definition, (level): JsonValue => {
        if (level < maxDefinition) return null;
        const value = values[from++];
        if (number === 'bool') return value === 1;
        return typeof value === 'number' && !Number.isFinite(value) ? null : (value ?? null);
      });
    });
  }

  async #decode<T>(group: RowGroup, body: (chunk: ColumnChunk) => T): Promise<T> {
    this.#places ??= chunkPlaces(this.#file, this.#footer, this.#leaf);
    const place = this.#places.get(group) as ChunkPlace;
    const label = `${this.#file.path}: row ${group.start}, column "${this.#leaf.field.path}"`;
    const bytes = new Uint8Array(place.bytes);
    await this.#file.read(bytes, place.offset);
    try {
      return body(await decodeChunk(bytes, this.#leaf, place.codec, place.entries));
    } catch (error) {
      if (error instanceof UnsupportedError) throw new UnsupportedError(`${label}: ${error.message}`);
      if (error instanceof RangeError) throw new FormatError(`${label}: ${error.message}`, place.offset);
      throw error;
    }
  }
}
