/**
 * .fvecs, .bvecs and .ivecs: every row is its dimension (int32, little-endian) followed by that many float32, uint8 or
 * int32 values.
 */
import { FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { DataFile } from '../files/data-file.ts';
import { countRows, type FixedLayout, fixedRowSource, inexactError } from './fixed-rows.ts';
import { bytesOf, decodeNumbers, type NumberType } from './number-type.ts';
import type { RandomVectorSource } from './vector-source.ts';

const HEADER_BYTES = 4;
const SCAN_BYTES = 1 << 22;

/**
 * Opens a file of the xvecs family; integers must be exact as float32.
 * @throws FormatError if a row is cut short, has another dimension than row 0, or the dimension is not 1 … 65,536
 */
export async function openXvecs(
  file: DataFile,
  type: NumberType & ('float32' | 'uint8' | 'int32'),
): Promise<RandomVectorSource> {
  const shape = await xvecsShape(file, bytesOf(type));
  return fixedRowSource(file, { ...shape, decode: decoder(file.path, type, shape) });
}

/** The shape of an xvecs file, from the dimension of row 0 and the size of the file. */
export async function xvecsShape(file: DataFile, valueBytes: number): Promise<FixedLayout> {
  const header = new Uint8Array(HEADER_BYTES);
  if (file.size < HEADER_BYTES) {
    throw new FormatError(`${file.path}: row 0 is cut short: expected 4 bytes, got ${file.size}`);
  }
  await file.read(header, 0);
  const d = new DataView(header.buffer).getInt32(0, true);
  if (d < 1 || d > MAX_DIMENSION) {
    throw new FormatError(`${file.path}: row 0: expected a dimension from 1 to ${MAX_DIMENSION}, got ${d}`);
  }
  const rowBytes = HEADER_BYTES + d * valueBytes;
  // a row of another dimension shows as a remainder at the end; look for its true place before blaming the last row
  if (file.size % rowBytes !== 0) await scanDimensions(file, d, rowBytes);
  return {
    n: countRows(file, 0, rowBytes),
    d,
    dataOffset: 0,
    rowBytes,
    valueOffset: HEADER_BYTES,
    valueBytes,
  };
}

async function scanDimensions(file: DataFile, d: number, rowBytes: number): Promise<void> {
  const n = Math.floor(file.size / rowBytes);
  const most = Math.max(1, Math.min(n, Math.floor(SCAN_BYTES / rowBytes)));
  const bytes = new Uint8Array(most * rowBytes);
  for (let row = 0; row < n; row += most) {
    const rows = Math.min(most, n - row);
    await file.read(bytes.subarray(0, rows * rowBytes), row * rowBytes);
    checkDimensions(file.path, bytes, rows, row, d, rowBytes);
  }
}

/** Refuses rows whose own dimension is not d; `bytes` begins at byte 0 of its buffer, with row `firstRow`. */
export function checkDimensions(
  path: string,
  bytes: Uint8Array,
  rows: number,
  firstRow: number,
  d: number,
  rowBytes: number,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < rows; i++) {
    const got = view.getInt32(i * rowBytes, true);
    if (got === d) continue;
    const row = firstRow + i;
    throw new FormatError(
      `${path}: row ${row}: expected dimension ${d} as in row 0, got ${got}`,
      row * rowBytes,
    );
  }
}

function decoder(path: string, type: NumberType, shape: FixedLayout): NonNullable<FixedLayout['decode']> {
  const { d, rowBytes, valueBytes } = shape;
  return (bytes, rows, firstRow, out) => {
    checkDimensions(path, bytes, rows, firstRow, d, rowBytes);
    for (let i = 0; i < rows; i++) {
      const at = i * rowBytes + HEADER_BYTES;
      const values = bytes.subarray(at, at + d * valueBytes);
      const inexact = decodeNumbers(type, values, out.subarray(i * d, (i + 1) * d));
      if (inexact === undefined) continue;
      const offset = (firstRow + i) * rowBytes + HEADER_BYTES + inexact.at * valueBytes;
      throw inexactError(path, firstRow + i, inexact.at, inexact.value, offset);
    }
  };
}
