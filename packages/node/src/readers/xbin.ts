/**
 * .fbin, .u8bin, .i8bin, .f16bin and .ibin, as DiskANN, big-ann-benchmarks and cuVS write them: uint32 n, uint32 d, then n × d
 * values, all little-endian.
 */
import { FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { DataFile } from '../files/data-file.ts';
import { checkRowCount, fixedRowSource, plainLayout } from './fixed-rows.ts';
import { bytesOf, type NumberType } from './number-type.ts';
import type { RandomVectorSource } from './vector-source.ts';

export const XBIN_HEADER_BYTES = 8;

/** @throws FormatError if the dimension is not 1 … 65,536 or the size of the file is not that of n × d values */
export async function openXbin(file: DataFile, type: NumberType): Promise<RandomVectorSource> {
  const { n, d } = await readXbinHeader(file);
  if (n < 1) throw new FormatError(`${file.path}: row 0: the file holds no vectors`, 0);
  checkRowCount(file, n, XBIN_HEADER_BYTES, d * bytesOf(type));
  return fixedRowSource(file, plainLayout(file.path, { n, d, dataOffset: XBIN_HEADER_BYTES }, type));
}

export async function readXbinHeader(file: DataFile): Promise<{ n: number; d: number }> {
  if (file.size < XBIN_HEADER_BYTES) {
    throw new FormatError(`${file.path}: expected a header of 8 bytes, got ${file.size}`, 0);
  }
  const header = new Uint8Array(XBIN_HEADER_BYTES);
  await file.read(header, 0);
  const view = new DataView(header.buffer);
  const [n, d] = [view.getUint32(0, true), view.getUint32(4, true)];
  if (d >= 1 && d <= MAX_DIMENSION) return { n, d };
  throw new FormatError(`${file.path}: expected a dimension from 1 to ${MAX_DIMENSION}, got ${d}`, 4);
}

/** Whether the first 8 bytes are n and d of a file of exactly this size. */
export function isXbin(head: Uint8Array, size: number, type: NumberType): boolean {
  if (head.length < XBIN_HEADER_BYTES) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const [n, d] = [view.getUint32(0, true), view.getUint32(4, true)];
  return n >= 1 && d >= 1 && d <= MAX_DIMENSION && size === XBIN_HEADER_BYTES + n * d * bytesOf(type);
}
