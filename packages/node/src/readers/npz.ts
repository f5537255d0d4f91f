/**
 * .npz, stored or compressed, as numpy.savez and savez_compressed write it: named arrays. Vectors are a matrix (n × d); stored
 * ones are read in place, compressed ones forwards, and compressed ones in Fortran order are held whole.
 */
import { FormatError } from '@sagitta/core-wasm';
import { type DataFile, memoryFile } from '../files/data-file.ts';
import { openZipEntry, type ZipEntry, zipEntries } from '../files/zip.ts';
import { openNpy } from './npy.ts';
import { type NpyHeader, readNpyHeader } from './npy-header.ts';
import { bytesOf, decodeDoubles, isInteger } from './number-type.ts';
import type { RandomVectorSource } from './vector-source.ts';

/** Names of a matrix of vectors, in the order in which they are looked for. */
export const VALUE_NAMES: readonly string[] = ['vectors', 'embeddings', 'tokens', 'values', 'data'];

const MAX_WHOLE_BYTES = 2 ** 31 - 1;

/** The arrays of an archive. */
export class NpzFile {
  readonly file: DataFile;
  readonly #entries: ReadonlyMap<string, ZipEntry>;

  private constructor(file: DataFile, entries: readonly ZipEntry[]) {
    this.file = file;
    this.#entries = new Map(
      entries.filter(({ name }) => name.endsWith('.npy')).map((entry) => [entry.name.slice(0, -4), entry]),
    );
  }

  static async open(file: DataFile): Promise<NpzFile> {
    return new NpzFile(file, await zipEntries(file));
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** The first of the names that is there. */
  find(names: readonly string[]): string | undefined {
    return names.find((name) => this.#entries.has(name));
  }

  missing(what: string): FormatError {
    return new FormatError(
      `${this.file.path}: expected ${what}; found: ${this.names.slice(0, 20).join(', ') || 'no arrays'}`,
      0,
    );
  }

  /** The array as a .npy file of its own. */
  async array(name: string): Promise<DataFile> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw this.missing(`an array "${name}"`);
    const array = await openZipEntry(this.file, entry);
    if (!entry.isDeflated) return array;
    const { isFortran, shape } = await readNpyHeader(array);
    return isFortran && shape.length > 1 ? wholeFile(array) : array;
  }

  async header(name: string): Promise<NpyHeader> {
    return readNpyHeader(await this.array(name));
  }

  /** An array of integers, at most `most` of them, and its shape. */
  async integers(name: string, most: number): Promise<{ values: Float64Array; shape: readonly number[] }> {
    const array = await this.array(name);
    const { type, order, isFortran, shape, dataOffset } = await readNpyHeader(array);
    if (!isInteger(type)) throw new FormatError(`${array.path}: expected integers, got ${type}`);
    const n = shape.reduce((product, length) => product * length, 1);
    const valueBytes = bytesOf(type);
    if (n > most || dataOffset + n * valueBytes !== array.size || (isFortran && shape.length > 1)) {
      throw new FormatError(
        `${array.path}: expected at most ${most} integers in C order, got the shape (${shape.join(', ')}) and ${array.size} bytes`,
      );
    }
    const bytes = new Uint8Array(n * valueBytes);
    await array.read(bytes, dataOffset);
    return { values: decodeDoubles(type, bytes, n, order), shape };
  }
}

async function wholeFile(file: DataFile): Promise<DataFile> {
  if (file.size > MAX_WHOLE_BYTES)
    throw new FormatError(
      `${file.path}: expected at most 2 GiB in Fortran order and compressed, got ${file.size} bytes`,
    );
  const content = new Uint8Array(file.size);
  await file.read(content, 0);
  return memoryFile(file.path, content, file);
}

/** @param column the matrix's name; else "vectors", "embeddings", "tokens", "values" or "data", or the only matrix */
export async function openNpzVectors(file: DataFile, column?: string): Promise<RandomVectorSource> {
  const npz = await NpzFile.open(file);
  const names = column === undefined ? VALUE_NAMES : [column];
  let name = npz.find(names);
  if (name === undefined && column === undefined) {
    const matrices: string[] = [];
    for (const candidate of npz.names.slice(0, 64))
      if ((await npz.header(candidate)).shape.length === 2) matrices.push(candidate);
    if (matrices.length === 1) name = matrices[0];
  }
  if (name === undefined) throw npz.missing(`an array ${names.join(', ')}`);
  return openNpy(await npz.array(name));
}
