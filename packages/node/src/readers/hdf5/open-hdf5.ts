/**
 * .hdf5: matrices of numbers, as ann-benchmarks has them (train, test, neighbors), contiguous or in chunks with deflate and shuffle.
 *
 * Our own reader of this part of the format: it reads any rows in place, from files of any size, and every address and count is held
 * against the file. The libraries there are read a whole file into memory.
 */
import { type FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { DataFile } from '../../files/data-file.ts';
import { fixedRowSource, plainLayout } from '../fixed-rows.ts';
import { type ByteOrder, bytesOf, type NumberType } from '../number-type.ts';
import type { RandomVectorSource } from '../vector-source.ts';
import { chunkedFile } from './chunks.ts';
import { type Dataset, datasetOf } from './dataset.ts';
import type { Hdf5Bytes } from './hdf5-bytes.ts';
import { openHdf5, readLinks, readMessages } from './objects.ts';

/** Datasets looked at where none is named. */
const MAX_LOOKED_AT = 256;

/** A matrix whose values lie row after row in a file, which may be part of another. */
export interface PlacedMatrix {
  readonly file: DataFile;
  readonly n: number;
  readonly d: number;
  readonly dataOffset: number;
  readonly type: NumberType;
  readonly order: ByteOrder;
}

/** The matrix as a source of vectors; parameters and errors as of findHdf5Matrix. */
export async function openHdf5Matrix(
  file: DataFile,
  column: string | undefined,
  names: readonly string[],
): Promise<RandomVectorSource> {
  const matrix = await findHdf5Matrix(file, column, names);
  return fixedRowSource(matrix.file, plainLayout(file.path, matrix, matrix.type, matrix.order));
}

/**
 * @param column the dataset's name, with slashes between groups
 * @param names looked for, in this order, where no column is named; else the only matrix of the root group
 * @throws RangeError naming "column"; FormatError on damage; UnsupportedError on parts of the format that are not read
 */
export async function findHdf5Matrix(
  file: DataFile,
  column: string | undefined,
  names: readonly string[],
): Promise<PlacedMatrix> {
  const { bytes, root } = await openHdf5(file);
  const dataset = await findDataset(bytes, root, column, names);
  const fail = (what: string): FormatError => bytes.fail(`dataset "${dataset.name}": ${what}`);
  const [n, d] = dataset.shape;
  if (dataset.shape.length !== 2 || n === undefined || d === undefined)
    throw fail(`expected a shape (n, d), got (${dataset.shape.join(', ')})`);
  if (!(d >= 1 && d <= MAX_DIMENSION))
    throw fail(`expected a dimension from 1 to ${MAX_DIMENSION}, got ${d}`);
  if (!(Number.isSafeInteger(n) && n >= 1)) throw fail(`row 0: expected rows, got ${n}`);
  const { storage, type, order } = dataset;
  if (storage.kind === 'chunked')
    return { file: await chunkedFile(bytes, dataset, storage), n, d, dataOffset: 0, type, order };
  const dataOffset = bytes.base + storage.address;
  if (!(dataOffset >= 0 && dataOffset + n * d * bytesOf(type) <= file.size))
    throw fail(`expected ${n} × ${d} values inside the file, from ${dataOffset}`);
  return { file, n, d, dataOffset, type, order };
}

async function findDataset(
  bytes: Hdf5Bytes,
  root: number,
  column: string | undefined,
  names: readonly string[],
): Promise<Dataset> {
  const { path } = bytes.file;
  const links = (await readLinks(bytes, root)) ?? new Map<string, number>();
  const name = column ?? names.find((candidate) => links.has(candidate));
  if (name !== undefined) {
    const found = await named(bytes, links, name);
    if (found !== undefined) return found;
    const all = [...links.keys()].slice(0, 20).join(', ');
    throw new RangeError(`"column" expected a dataset of numbers in ${path}, one of ${all}, got "${name}"`);
  }
  const matrices: Dataset[] = [];
  for (const [link, address] of [...links].slice(0, MAX_LOOKED_AT)) {
    const dataset = datasetOf(bytes, link, await readMessages(bytes, address));
    if (dataset?.shape.length === 2) matrices.push(dataset);
  }
  const [only] = matrices;
  if (only !== undefined && matrices.length === 1) return only;
  const all = [...links.keys()].slice(0, 20).join(', ');
  if (only === undefined) throw bytes.fail(`expected a matrix of numbers, found none; there are: ${all}`);
  throw new RangeError(
    `"column" expected one of ${matrices.map((one) => one.name).join(', ')} in ${path}, got none`,
  );
}

async function named(
  bytes: Hdf5Bytes,
  links: Map<string, number>,
  name: string,
): Promise<Dataset | undefined> {
  const parts = name.split('/').filter((part) => part !== '');
  let inside: Map<string, number> | undefined = links;
  for (const [i, part] of parts.entries()) {
    const address: number | undefined = inside?.get(part);
    if (address === undefined) return undefined;
    if (i === parts.length - 1) return datasetOf(bytes, name, await readMessages(bytes, address));
    inside = await readLinks(bytes, address);
  }
  return undefined;
}
