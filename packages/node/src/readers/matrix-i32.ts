/** Matrices of integers, such as the ids of true neighbours: .ivecs, .npy, .ibin and .hdf5. */
import { checkOptions, FormatError, type OptionTable } from '@sagitta/core-wasm';
import { closeOnError, type DataFile, openDataFile } from '../files/data-file.ts';
import { checkRowCount } from './fixed-rows.ts';
import { HDF5_SIGNATURE } from './hdf5/objects.ts';
import { findHdf5Matrix, type PlacedMatrix } from './hdf5/open-hdf5.ts';
import { matrixShape, NPY_MAGIC, readNpyHeader } from './npy-header.ts';
import { bytesOf, decodeDoubles, isInteger } from './number-type.ts';
import { readXbinHeader, XBIN_HEADER_BYTES } from './xbin.ts';
import { checkDimensions, xvecsShape } from './xvecs.ts';

/** Holds a matrix of whole numbers, e.g. ids of neighbours. */
export interface MatrixI32 {
  /** n × d values, row-major. An id that is missing is −1, the bits of NO_ID. */
  readonly data: Int32Array;
  readonly n: number;
  readonly d: number;
}

/** Says which part of a file is the matrix. */
export interface ReadMatrixOptions {
  /** The dataset of an .hdf5 file. Default "neighbors", as ann-benchmarks has them. */
  readonly column?: string | undefined;
}

const READ_MATRIX_OPTIONS: OptionTable<ReadMatrixOptions> = { column: 'string' };

/** Rows decoded at a time. */
const BLOCK_BYTES = 1 << 22;
const NO_ID = 2 ** 32 - 1;

/**
 * Reads the whole file: .npy and .hdf5 by their first bytes, .ibin by its extension (with distances behind the ids or without), everything else
 * as .ivecs.
 * @throws FormatError naming file, row and byte; RangeError naming "column"
 */
export async function readMatrixI32(path: string, options: ReadMatrixOptions = {}): Promise<MatrixI32> {
  checkOptions('options', options, READ_MATRIX_OPTIONS);
  return closeOnError(await openDataFile(path), async (file) => {
    const matrix = await readMatrix(file, options.column);
    await file.close();
    return matrix;
  });
}

async function readMatrix(file: DataFile, column: string | undefined): Promise<MatrixI32> {
  const head = new Uint8Array(Math.min(8, file.size));
  await file.read(head, 0);
  const begins = (magic: readonly number[]): boolean => magic.every((byte, i) => head[i] === byte);
  const path = file.path.toLowerCase();
  if (begins(NPY_MAGIC) || path.endsWith('.npy')) return readNpy(file);
  if (begins(HDF5_SIGNATURE))
    return readPlaced(await findHdf5Matrix(file, column, ['neighbors', 'indices', 'ids']));
  return path.endsWith('.ibin') ? readIbin(file) : readIvecs(file);
}

async function readNpy(file: DataFile): Promise<MatrixI32> {
  const header = await readNpyHeader(file);
  const { type, order, isFortran } = header;
  if (!isInteger(type)) {
    throw new FormatError(`${file.path}: expected values of an integer type, got ${type}`, header.dataOffset);
  }
  const matrix = await readPlaced({ file, ...matrixShape(file, header), type, order });
  if (!isFortran) return matrix;
  const { data, n, d } = matrix;
  return { data: Int32Array.from(data, (_, i) => data[(i % d) * n + Math.floor(i / d)] as number), n, d };
}

/** DiskANN's truth has the distances behind the ids. */
async function readIbin(file: DataFile): Promise<MatrixI32> {
  const { n, d } = await readXbinHeader(file);
  const hasDistances = file.size === XBIN_HEADER_BYTES + 8 * n * d;
  if (!hasDistances) checkRowCount(file, n, XBIN_HEADER_BYTES, 4 * d);
  return readPlaced({ file, n, d, dataOffset: XBIN_HEADER_BYTES, type: 'int32', order: 'little' });
}

/** Integers of any width; those that are no int32 are refused. */
async function readPlaced({ file, n, d, dataOffset, type, order }: PlacedMatrix): Promise<MatrixI32> {
  if (!isInteger(type))
    throw new FormatError(`${file.path}: expected values of an integer type, got ${type}`);
  const rowBytes = d * bytesOf(type);
  const data = new Int32Array(n * d);
  const most = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes));
  for (let row = 0; row < n; row += most) {
    const rows = Math.min(most, n - row);
    const bytes = new Uint8Array(rows * rowBytes);
    await file.read(bytes, dataOffset + row * rowBytes);
    decodeDoubles(type, bytes, rows * d, order).forEach((value, i) => {
      if (!(value >= -(2 ** 31) && (value < 2 ** 31 || (type === 'uint32' && value === NO_ID)))) {
        const at = row + Math.floor(i / d);
        throw new FormatError(
          `${file.path}: row ${at}: expected ids below 2^31, got ${Number.isNaN(value) ? 'one beyond 2^53' : value}`,
          dataOffset + at * rowBytes,
        );
      }
      data[row * d + i] = value;
    });
  }
  return { data, n, d };
}

async function readIvecs(file: DataFile): Promise<MatrixI32> {
  const { n, d, rowBytes } = await xvecsShape(file, 4);
  const data = new Int32Array(n * d);
  const most = Math.min(n, Math.max(1, Math.floor(BLOCK_BYTES / rowBytes)));
  const bytes = new Uint8Array(most * rowBytes);
  for (let row = 0; row < n; row += most) {
    const rows = Math.min(most, n - row);
    await file.read(bytes.subarray(0, rows * rowBytes), row * rowBytes);
    checkDimensions(file.path, bytes, rows, row, d, rowBytes);
    for (let i = 0; i < rows; i++) data.set(new Int32Array(bytes.buffer, i * rowBytes + 4, d), (row + i) * d);
  }
  return { data, n, d };
}
