/** Files whose rows all have the same number of bytes: .fvecs, .fbin, .npy, .safetensors, raw float32 and others. */
import { checkInteger, FormatError } from '@sagitta/core-wasm';
import type { DataFile } from '../files/data-file.ts';
import { type ByteOrder, bytesOf, decodeNumbers, type NumberType } from './number-type.ts';
import { checkFiniteRows, type RandomVectorSource } from './vector-source.ts';

export interface FixedLayout {
  /** Number of rows. */
  readonly n: number;
  /** Values of a row. */
  readonly d: number;
  /** Byte of the file at which row 0 begins. */
  readonly dataOffset: number;
  readonly rowBytes: number;
  /** Byte of a row at which its values begin. */
  readonly valueOffset: number;
  readonly valueBytes: number;
  /**
   * Turns `rows` rows of `bytes` (which begins at byte 0 of its buffer) into rows × d values. `firstRow` is their place
   * in the file, for errors. Without it the rows are little-endian float32 and nothing else, and need no turning.
   */
  readonly decode?: (bytes: Uint8Array, rows: number, firstRow: number, out: Float32Array) => void;
}

/** Rows of values of one type and nothing else between them. */
export function plainLayout(
  path: string,
  shape: { readonly n: number; readonly d: number; readonly dataOffset: number },
  type: NumberType,
  order: ByteOrder = 'little',
): FixedLayout {
  const { n, d, dataOffset } = shape;
  const valueBytes = bytesOf(type);
  const layout = { n, d, dataOffset, rowBytes: d * valueBytes, valueOffset: 0, valueBytes };
  if (type === 'float32' && order === 'little') return layout;
  return {
    ...layout,
    decode: (bytes, _rows, firstRow, out) => {
      const inexact = decodeNumbers(type, bytes, out, order);
      if (inexact === undefined) return;
      const at = firstRow * d + inexact.at;
      throw inexactError(path, Math.floor(at / d), at % d, inexact.value, dataOffset + at * valueBytes);
    },
  };
}

export function inexactError(
  path: string,
  row: number,
  dimension: number,
  value: bigint | number,
  offset: number,
): FormatError {
  return new FormatError(
    `${path}: row ${row}, dimension ${dimension}: expected an integer that is exact as float32, got ${value}`,
    offset,
  );
}

/** The source over `file`, which it takes over: closing the source closes the file. */
export function fixedRowSource(file: DataFile, layout: FixedLayout): RandomVectorSource {
  const { n, d, rowBytes, dataOffset, valueOffset, valueBytes, decode } = layout;
  const { path } = file;
  const byteAt = (row: number, dimension: number): number =>
    dataOffset + row * rowBytes + valueOffset + dimension * valueBytes;

  async function readInto(
    from: DataFile,
    out: Float32Array,
    bytes: Uint8Array | undefined,
    firstRow: number,
  ): Promise<void> {
    const rows = out.length / d;
    const position = dataOffset + firstRow * rowBytes;
    if (decode === undefined || bytes === undefined) {
      await from.read(new Uint8Array(out.buffer, out.byteOffset, out.byteLength), position);
    } else {
      await from.read(bytes.subarray(0, rows * rowBytes), position);
      decode(bytes, rows, firstRow, out);
    }
    checkFiniteRows(path, out, d, firstRow, byteAt);
  }

  async function* chunks(rowsPerChunk: number): AsyncGenerator<Float32Array> {
    checkInteger('rowsPerChunk', rowsPerChunk, 1, Number.MAX_SAFE_INTEGER);
    const most = Math.min(rowsPerChunk, n);
    const out = new Float32Array(most * d);
    const bytes = decode && new Uint8Array(most * rowBytes);
    const pass = file.pass();
    try {
      for (let row = 0; row < n; row += most) {
        const chunk = out.subarray(0, Math.min(most, n - row) * d);
        await readInto(pass, chunk, bytes, row);
        yield chunk;
      }
    } finally {
      await pass.close();
    }
  }

  return {
    path,
    n,
    d,
    chunks,
    async readRows(start, count) {
      checkInteger('start', start, 0, n);
      checkInteger('count', count, 0, n - start);
      const out = new Float32Array(count * d);
      if (count > 0) await readInto(file, out, decode && new Uint8Array(count * rowBytes), start);
      return out;
    },
    close: () => file.close(),
  };
}

/** How many whole rows follow `dataOffset`; FormatError if the last one is cut short. */
export function countRows(file: DataFile, dataOffset: number, rowBytes: number): number {
  const n = Math.floor((file.size - dataOffset) / rowBytes);
  const rest = file.size - dataOffset - n * rowBytes;
  if (rest === 0) return n;
  throw new FormatError(
    `${file.path}: row ${n} is cut short: expected ${rowBytes} bytes, got ${rest}`,
    dataOffset + n * rowBytes,
  );
}

/** Refuses files with fewer or more bytes than n rows take. */
export function checkRowCount(file: DataFile, n: number, dataOffset: number, rowBytes: number): void {
  if (dataOffset + n * rowBytes === file.size) return;
  const rows = Math.floor((file.size - dataOffset) / rowBytes);
  if (rows < n) countRows(file, dataOffset, rowBytes);
  const held = rows < n ? `${rows} rows` : 'more bytes';
  const row = Math.max(0, Math.min(rows, n));
  const at = dataOffset + row * rowBytes;
  throw new FormatError(`${file.path}: row ${row}: expected ${n} rows, the file holds ${held}`, at);
}
