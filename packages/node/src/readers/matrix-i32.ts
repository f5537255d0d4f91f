/** Matrices of integers, such as the ids of true neighbours: .ivecs, and .npy of int32 or uint32. */
import { extname } from 'node:path';
import { FormatError } from '@sagitta/core-wasm';
import { type DataFile, openWith } from './data-file.ts';
import { npyLayout, plainType } from './npy.ts';
import { readNpyHeader } from './npy-header.ts';
import { checkDimensions, xvecsShape } from './xvecs.ts';

export interface MatrixI32 {
  /** n × d values, row-major. An id that is missing is −1, the bits of NO_ID. */
  readonly data: Int32Array;
  readonly n: number;
  readonly d: number;
}

/**
 * Reads the whole file: .npy by its extension, everything else as .ivecs.
 * @throws FormatError naming file, row and byte
 */
export function readMatrixI32(path: string): Promise<MatrixI32> {
  return openWith(path, async (file) => {
    const matrix = extname(path).toLowerCase() === '.npy' ? await readNpy(file) : await readIvecs(file);
    await file.close();
    return matrix;
  });
}

async function readNpy(file: DataFile): Promise<MatrixI32> {
  const header = await readNpyHeader(file);
  const type = plainType(file.path, header.descr);
  if (type !== 'i4' && type !== 'u4') {
    const message = `${file.path}: expected values of type int32 or uint32, got "${header.descr}"`;
    throw new FormatError(message, header.dataOffset);
  }
  const { n, d, dataOffset } = npyLayout(file, header, 4);
  const data = new Int32Array(n * d);
  await file.read(new Uint8Array(data.buffer), dataOffset);
  return { data, n, d };
}

async function readIvecs(file: DataFile): Promise<MatrixI32> {
  const { n, d, rowBytes } = await xvecsShape(file, 4);
  const data = new Int32Array(n * d);
  const most = Math.min(n, Math.max(1, Math.floor((1 << 22) / rowBytes)));
  const bytes = new Uint8Array(most * rowBytes);
  for (let row = 0; row < n; row += most) {
    const rows = Math.min(most, n - row);
    await file.read(bytes.subarray(0, rows * rowBytes), row * rowBytes);
    checkDimensions(file.path, bytes, rows, row, d, rowBytes);
    for (let i = 0; i < rows; i++) data.set(new Int32Array(bytes.buffer, i * rowBytes + 4, d), (row + i) * d);
  }
  return { data, n, d };
}
