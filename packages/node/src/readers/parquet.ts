/** .parquet: vectors in a column of lists, read a row group at a time. */
import zlib from 'node:zlib';
import { checkInteger, FormatError, MAX_DIMENSION, UnsupportedError } from '@sagitta/core-wasm';
import {
  type AsyncBuffer,
  type ColumnMetaData,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
} from 'hyparquet';
import { type DataFile, openWith } from './data-file.ts';
import { vectorColumn } from './parquet-column.ts';
import { checkFiniteRows, type VectorSource } from './vector-source.ts';

interface RowGroup {
  /** First row and number of rows. */
  readonly start: number;
  readonly rows: number;
  /** Byte at which the column's pages begin. */
  readonly offset: number;
}

const COMPRESSORS: Compressors = {
  GZIP: (input, length) => zlib.gunzipSync(input, { maxOutputLength: Math.max(1, length) }),
  BROTLI: (input, length) => zlib.brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
  ...zstdCompressor(),
};
const CODECS = ['UNCOMPRESSED', 'SNAPPY', ...Object.keys(COMPRESSORS)];

/**
 * Opens a Parquet file. `column` may be left out if only one column is a list of numbers (float16, float32, float64 or
 * int32). One row group is decoded at a time: the memory taken is some times the size of the largest.
 * @throws FormatError on damage, missing or differing vectors; UnsupportedError on other compressions
 */
export function openParquet(path: string, column?: string): Promise<VectorSource> {
  return openWith(path, async (file) => {
    if (file.size < 12)
      throw new FormatError(`${path}: row 0: expected a Parquet file, got ${file.size} bytes`);
    const buffer = asyncBuffer(file);
    const footer = file.size - 8;
    const metadata = await guard(path, 'footer', footer, () =>
      parquetMetadataAsync(buffer, { geoparquet: false }),
    );
    const name = await guard(path, 'schema', footer, async () => vectorColumn(path, metadata, column));
    const groups = await guard(path, 'row groups', footer, async () => rowGroups(file, metadata, name));
    if (groups.length === 0) throw new FormatError(`${path}: row 0: the file holds no vectors`, footer);
    const scan = await guard(path, 'row groups', footer, () =>
      parquetScan({ file: buffer, metadata, columns: [name], compressors: COMPRESSORS }),
    );
    const read = (group: RowGroup): Promise<ArrayLike<unknown>> =>
      guard(path, `row ${group.start}, column "${name}"`, group.offset, () =>
        scan.readColumn({ column: name, rowStart: group.start, rowEnd: group.start + group.rows }),
      );
    return parquetSource(file, groups, read);
  });
}

async function parquetSource(
  file: DataFile,
  groups: readonly RowGroup[],
  read: (group: RowGroup) => Promise<ArrayLike<unknown>>,
): Promise<VectorSource> {
  const { path } = file;
  const first = groups[0] as RowGroup;
  const firstRows = await read(first);
  const d = lengthOf(firstRows[0]) ?? 0;
  if (d < 1 || d > MAX_DIMENSION) {
    const got = lengthOf(firstRows[0]) ?? 'no list';
    throw new FormatError(
      `${path}: row 0: expected a dimension from 1 to ${MAX_DIMENSION}, got ${got}`,
      first.offset,
    );
  }
  // the first group had to be decoded to learn d; it serves the first iteration too
  let kept: Float32Array | undefined = flatten(path, firstRows, first, d);

  async function* chunks(rowsPerChunk: number): AsyncGenerator<Float32Array> {
    checkInteger('rowsPerChunk', rowsPerChunk, 1, Number.MAX_SAFE_INTEGER);
    for (const group of groups) {
      const data: Float32Array = (group === first && kept) || flatten(path, await read(group), group, d);
      kept = undefined;
      for (let row = 0; row < group.rows; row += rowsPerChunk) {
        yield data.subarray(row * d, Math.min(group.rows, row + rowsPerChunk) * d);
      }
    }
  }
  const n = groups.reduce((sum, group) => sum + group.rows, 0);
  return { path, n, d, chunks, close: () => file.close() };
}

function lengthOf(value: unknown): number | undefined {
  if (Array.isArray(value)) return value.length;
  return ArrayBuffer.isView(value) && 'length' in value && typeof value.length === 'number'
    ? value.length
    : undefined;
}

/** Lists of d numbers into group.rows × d values. */
function flatten(path: string, lists: ArrayLike<unknown>, group: RowGroup, d: number): Float32Array {
  const fail = (row: number, what: string): FormatError =>
    new FormatError(`${path}: row ${group.start + row}: ${what}`, group.offset);
  if (lists.length !== group.rows) {
    throw fail(
      Math.min(lists.length, group.rows),
      `expected ${group.rows} rows in the group, got ${lists.length}`,
    );
  }
  const out = new Float32Array(group.rows * d);
  for (let row = 0; row < group.rows; row++) {
    const list = lists[row];
    const length = lengthOf(list);
    if (length !== d) throw fail(row, `expected dimension ${d} as in row 0, got ${length ?? 'no list'}`);
    const values = list as ArrayLike<unknown>;
    for (let i = 0; i < d; i++) {
      const value = values[i];
      if (typeof value !== 'number')
        throw fail(row, `dimension ${i}: expected a number, got ${String(value)}`);
      out[row * d + i] = value;
    }
  }
  checkFiniteRows(path, out, d, group.start, () => group.offset);
  return out;
}

/** The row groups that hold rows, after checking that their column lies inside the file. */
function rowGroups(file: DataFile, metadata: FileMetaData, column: string): RowGroup[] {
  const groups: RowGroup[] = [];
  let start = 0;
  for (const group of metadata.row_groups) {
    const chunk = group.columns.find(
      (candidate) => candidate.meta_data?.path_in_schema[0] === column,
    )?.meta_data;
    if (chunk === undefined)
      throw new FormatError(`${file.path}: row ${start}: column "${column}" is missing`);
    const offset = checkChunk(file, chunk, start);
    const rows = toCount(file, group.num_rows, 'rows');
    if (rows > 0) groups.push({ start, rows, offset });
    start += rows;
  }
  const total = toCount(file, metadata.num_rows, 'rows');
  if (total !== start) {
    throw new FormatError(
      `${file.path}: expected ${total} rows, its row groups hold ${start}`,
      file.size - 8,
    );
  }
  return groups;
}

function checkChunk(file: DataFile, chunk: ColumnMetaData, row: number): number {
  if (!CODECS.includes(chunk.codec)) {
    const supported = CODECS.join(', ');
    throw new UnsupportedError(
      `${file.path}: row ${row}: compression ${chunk.codec} is not one of ${supported}`,
    );
  }
  const dictionary = chunk.dictionary_page_offset ?? 0n;
  const offset = Number(dictionary > 0n ? dictionary : chunk.data_page_offset);
  const bytes = toCount(file, chunk.total_compressed_size, 'bytes');
  if (offset >= 4 && offset + bytes <= file.size) return offset;
  const message = `${file.path}: row ${row}: expected pages inside the file, got ${bytes} bytes from ${offset}`;
  throw new FormatError(message, file.size - 8);
}

function toCount(file: DataFile, value: bigint | number, what: string): number {
  const count = Number(value);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new FormatError(`${file.path}: expected a number of ${what}, got ${value}`, file.size - 8);
}

function asyncBuffer(file: DataFile): AsyncBuffer {
  return {
    byteLength: file.size,
    async slice(start, end = file.size) {
      if (!(start >= 0 && start <= end && end <= file.size)) {
        throw new FormatError(
          `${file.path}: expected bytes inside the file, got ${start} to ${end}`,
          file.size,
        );
      }
      const bytes = new Uint8Array(end - start);
      await file.read(bytes, start);
      return bytes.buffer;
    },
  };
}

/** What the Parquet library throws on damaged bytes is anything; here it becomes a FormatError with its place. */
async function guard<T>(path: string, what: string, offset: number, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof FormatError || error instanceof UnsupportedError) throw error;
    if (error instanceof RangeError && error.message.startsWith('"column"')) throw error;
    throw new FormatError(
      `${path}: ${what}: ${error instanceof Error ? error.message : String(error)}`,
      offset,
    );
  }
}

/** Zstandard where this Node has it (22.15 on). */
function zstdCompressor(): Compressors {
  const decompress: unknown = Reflect.get(zlib, 'zstdDecompressSync');
  if (typeof decompress !== 'function') return {};
  return {
    ZSTD(input, length) {
      const bytes: unknown = decompress(input, { maxOutputLength: Math.max(1, length) });
      if (bytes instanceof Uint8Array) return bytes;
      throw new UnsupportedError('Zstandard is missing in this version of Node');
    },
  };
}
