/** Matrices whose values lie column after column (Fortran order), read some rows at a time: one short read a column. */
import { checkInteger } from '@sagitta/core-wasm';
import type { DataFile } from '../files/data-file.ts';
import { inexactError } from './fixed-rows.ts';
import { type ByteOrder, bytesOf, decodeNumbers, type NumberType } from './number-type.ts';
import { checkFiniteRows, type RandomVectorSource } from './vector-source.ts';

/** Bytes of a column held at once are this divided by d, at least those of the rows asked for. */
const BLOCK_BYTES = 1 << 24;

/** The source over `file`, which it takes over; value (row, dimension) lies at dataOffset + (dimension · n + row) values. */
export function columnMajorSource(
  file: DataFile,
  shape: { readonly n: number; readonly d: number; readonly dataOffset: number },
  type: NumberType,
  order: ByteOrder,
): RandomVectorSource {
  const { n, d, dataOffset } = shape;
  const { path } = file;
  const valueBytes = bytesOf(type);
  const byteAt = (row: number, dimension: number): number => dataOffset + (dimension * n + row) * valueBytes;

  async function readBlock(from: DataFile, start: number, count: number): Promise<Float32Array> {
    const out = new Float32Array(count * d);
    const bytes = new Uint8Array(count * valueBytes);
    const column = new Float32Array(count);
    for (let j = 0; j < d; j++) {
      await from.read(bytes, byteAt(start, j));
      const inexact = decodeNumbers(type, bytes, column, order);
      if (inexact !== undefined) {
        const row = start + inexact.at;
        throw inexactError(path, row, j, inexact.value, byteAt(row, j));
      }
      for (let i = 0; i < count; i++) out[i * d + j] = column[i] as number;
    }
    checkFiniteRows(path, out, d, start, byteAt);
    return out;
  }

  async function* chunks(rowsPerChunk: number): AsyncGenerator<Float32Array> {
    checkInteger('rowsPerChunk', rowsPerChunk, 1, Number.MAX_SAFE_INTEGER);
    const most = Math.min(n, Math.max(1, Math.floor(BLOCK_BYTES / (4 * d))));
    for (let row = 0; row < n; row += most) {
      const block = await readBlock(file, row, Math.min(most, n - row));
      for (let at = 0; at < block.length; at += rowsPerChunk * d)
        yield block.subarray(at, Math.min(block.length, at + rowsPerChunk * d));
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
      return count > 0 ? readBlock(file, start, count) : new Float32Array(0);
    },
    close: () => file.close(),
  };
}
