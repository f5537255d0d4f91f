/** Opens a file of vectors, by its extension or its first bytes. */
import { checkOneOf, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import {
  extensionsOf,
  FORMATS,
  type FormatName,
  formatByExtension,
  openFormat,
  VECTOR_FORMATS,
} from '../formats.ts';
import type { VectorSource } from './vector-source.ts';

/** Names a format of vectors. */
export type VectorFormat = FormatName;

/** Says how a file of vectors is read. */
export interface OpenVectorsOptions {
  /**
   * What holds the vectors, where a file has several things: a column (.parquet, .arrow, .csv), a path (.jsonl, .json: `data[0].embedding`), an
   * array (.npz), a tensor (.safetensors) or a dataset (.hdf5).
   */
  readonly column?: string | undefined;
  /** Dimensions: needed for raw values, compared with the file's for every other format. */
  readonly d?: number | undefined;
  /** Taken from the extension, or else from the first bytes, if left out. */
  readonly format?: VectorFormat | undefined;
  /** Which dataset of an .hdf5 file with several is meant where no column is named: "train", or for queries "test". Default base. */
  readonly role?: 'base' | 'queries' | undefined;
}

const OPEN_VECTORS_OPTIONS: OptionTable<OpenVectorsOptions> = {
  column: 'string',
  d: 'number',
  format: 'string',
  role: 'string',
};

/**
 * Opens a file of vectors as a source that is read a chunk at a time; the caller closes it. `path` "-" is standard input, and s3://bucket/key an
 * object, which is read by ranges (optional peer @aws-sdk/client-s3).
 * @throws RangeError on an unknown extension, a wrong option or an object that is not there, FormatError on bad bytes, UnsupportedError on a variant of a format
 * that is not read, the system's error if the file cannot be opened
 */
export async function openVectors(path: string, options: OpenVectorsOptions = {}): Promise<VectorSource> {
  checkOptions('options', options, OPEN_VECTORS_OPTIONS);
  const { column, d, format } = options;
  const role = checkOneOf('role', options.role ?? 'base', ['base', 'queries']);
  const source = await openFormat(path, format, VECTOR_FORMATS, (file, { vectors }) => {
    if (vectors === undefined) throw new RangeError(`"format" expected one of ${VECTOR_FORMATS.join(', ')}`);
    return vectors(file, { column, d, role });
  });
  if (d === undefined || d === source.d) return source;
  await source.close();
  throw new RangeError(`"d" expected ${source.d}, the dimension of ${path}, got ${d}`);
}

/** Gives the format that the extension of `path` stands for. @throws RangeError if it stands for none */
export function formatOf(path: string): VectorFormat {
  const format = formatByExtension(path, VECTOR_FORMATS);
  if (format !== undefined) return format;
  throw new RangeError(
    `"path" expected one of the extensions ${extensionsOf(VECTOR_FORMATS)}, or a format to be named, got ${path}`,
  );
}

/** The format to read `path` as where the caller names one for files whose extension does not tell. */
export function formatFor(path: string, named: VectorFormat | undefined): VectorFormat | undefined {
  const format = formatByExtension(path, VECTOR_FORMATS);
  return format === undefined || FORMATS[format].isVague === true ? (named ?? format) : format;
}
