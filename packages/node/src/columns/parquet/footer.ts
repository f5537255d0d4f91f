/** The footer of a Parquet file: its columns and where their chunks lie, all of it held against the size of the file. */
import { FormatError, UnsupportedError } from '@sagitta/core-wasm';
import type { DataFile } from '../../files/data-file.ts';
import type { Codec } from '../compression.ts';
import { type Leaf, schemaLeaves } from './schema.ts';
import { ThriftReader, type ThriftStruct } from './thrift.ts';

export const PARQUET_MAGIC = 'PAR1';
const MAX_FOOTER_BYTES = 1 << 28;
/**
 * Entries of a column that a byte can stand for, above this many: runs of equal values take no room, but a column of vectors that stands
 * for a thousand numbers a byte is none.
 */
const ENTRIES_PER_BYTE = 1024;
const FREE_ENTRIES = 1 << 22;

const CODECS = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'LZO', 'BROTLI', 'LZ4', 'ZSTD', 'LZ4_RAW'] as const;

export interface RowGroup {
  /** First row of the file, and number of rows. */
  readonly start: number;
  readonly rows: number;
  readonly columns: readonly ThriftStruct[];
}

export interface Footer {
  readonly leaves: readonly Leaf[];
  readonly groups: readonly RowGroup[];
  readonly n: number;
}

/** A leaf's pages in one row group. */
export interface ChunkPlace {
  readonly offset: number;
  readonly bytes: number;
  readonly entries: number;
  readonly codec: Codec | undefined;
}

/** @throws FormatError on damage, UnsupportedError on encrypted files */
export async function readFooter(file: DataFile): Promise<Footer> {
  const { path, size } = file;
  if (size < 12) throw new FormatError(`${path}: row 0: expected a Parquet file, got ${size} bytes`);
  const at = size - 8;
  const fail = (what: string): FormatError => new FormatError(`${path}: footer: ${what}`, at);
  const tail = new Uint8Array(8);
  await file.read(tail, at);
  const magic = Buffer.from(tail.subarray(4)).toString('latin1');
  if (magic === 'PARE')
    throw new UnsupportedError(`${path}: expected a plain Parquet file, got an encrypted one`);
  if (magic !== PARQUET_MAGIC)
    throw fail(`expected the magic "${PARQUET_MAGIC}" at the end of a Parquet file`);
  const length = new DataView(tail.buffer).getUint32(0, true);
  const most = Math.min(MAX_FOOTER_BYTES, size - 12);
  if (length > most) throw fail(`expected at most ${most} bytes, got ${length}`);
  const bytes = new Uint8Array(length);
  await file.read(bytes, at - length);
  try {
    return footerOf(new ThriftReader(bytes).struct());
  } catch (error) {
    throw error instanceof RangeError ? fail(error.message) : error;
  }
}

function footerOf(root: ThriftStruct): Footer {
  const leaves = schemaLeaves(root.structs(2));
  const groups: RowGroup[] = [];
  let start = 0;
  for (const group of root.structs(4)) {
    const rows = count(group.number(3), 'rows');
    if (rows > 0) groups.push({ start, rows, columns: group.structs(1) });
    start += rows;
  }
  const n = count(root.number(3), 'rows');
  if (n !== start) throw new RangeError(`expected ${n} rows, its row groups hold ${start}`);
  return { leaves, groups, n };
}

function count(value: number | undefined, what: string): number {
  if (value !== undefined && Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`expected a number of ${what}, got ${value}`);
}

/** Where the leaf lies in every row group. @throws FormatError naming the row; UnsupportedError on other compressions */
export function chunkPlaces(file: DataFile, { groups }: Footer, leaf: Leaf): Map<RowGroup, ChunkPlace> {
  const places = new Map<RowGroup, ChunkPlace>();
  let [bytes, entries] = [0, 0];
  for (const group of groups) {
    const place = chunkPlace(file, group, leaf);
    places.set(group, place);
    bytes += place.bytes;
    entries += place.entries;
  }
  if (bytes > file.size)
    throw new FormatError(
      `${file.path}: "${leaf.field.path}": expected pages inside the file, got ${bytes} bytes`,
      file.size - 8,
    );
  // without lists an entry is a row, and rows are as many as the lists that they are read beside
  if (leaf.repeated.length > 0 && entries > FREE_ENTRIES + ENTRIES_PER_BYTE * bytes)
    throw new FormatError(
      `${file.path}: "${leaf.field.path}": ${bytes} bytes cannot hold ${entries} values`,
      file.size - 8,
    );
  return places;
}

function chunkPlace(file: DataFile, group: RowGroup, leaf: Leaf): ChunkPlace {
  const fail = (what: string): FormatError =>
    new FormatError(`${file.path}: row ${group.start}: ${what}`, file.size - 8);
  const way = leaf.way.join('\u0000');
  const column = group.columns.find((candidate) => candidate.struct(3)?.texts(3).join('\u0000') === way);
  const meta = column?.struct(3);
  if (column === undefined || meta === undefined) throw fail(`column "${leaf.field.path}" is missing`);
  if (column.text(1) !== '')
    throw fail(`expected column "${leaf.field.path}" in this file, got ${column.text(1)}`);
  const codec = CODECS[meta.number(4) ?? -1];
  if (codec === undefined || codec === 'LZO') {
    const known = CODECS.filter((name) => name !== 'LZO').join(', ');
    throw new UnsupportedError(
      `${file.path}: row ${group.start}: compression ${codec ?? meta.number(4)} is not one of ${known}`,
    );
  }
  const dictionary = meta.number(11) ?? 0;
  const data = meta.number(9) ?? -1;
  const offset = dictionary > 0 && dictionary < data ? dictionary : data;
  const bytes = meta.number(7) ?? -1;
  const entries = meta.number(5) ?? -1;
  if (!(offset >= 4 && bytes >= 0 && offset + bytes <= file.size))
    throw fail(`expected pages inside the file, got ${bytes} bytes from ${offset}`);
  if (
    !(Number.isSafeInteger(entries) && entries >= group.rows) ||
    (leaf.repeated.length === 0 && entries !== group.rows)
  )
    throw fail(`expected at least ${group.rows} values in "${leaf.field.path}", got ${entries}`);
  return { offset, bytes, entries, codec: codec === 'UNCOMPRESSED' ? undefined : codec };
}
