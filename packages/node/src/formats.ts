/**
 * Every format of vectors and token sets that is read, in one table: the openers, the command's help, the errors and the README's
 * table come from it. Adding a format is one entry, and its name in FORMAT_NAMES.
 */
import { basename, extname } from 'node:path';
import { checkOneOf, FormatError } from '@sagitta/core-wasm';
import { openArrow } from './columns/arrow/open-arrow.ts';
import { openParquet } from './columns/parquet/open-parquet.ts';
import { tableTokenSets } from './columns/table-token-sets.ts';
import { tableVectors } from './columns/table-vectors.ts';
import { closeOnError, type DataFile, readHead } from './files/data-file.ts';
import { inflatedFile } from './files/inflated-file.ts';
import { openInput } from './files/open-input.ts';
import { openCsv } from './readers/csv.ts';
import { HDF5_SIGNATURE } from './readers/hdf5/objects.ts';
import { openHdf5Matrix } from './readers/hdf5/open-hdf5.ts';
import { openJson, openJsonl } from './readers/json-vectors.ts';
import { openNpy } from './readers/npy.ts';
import { NPY_MAGIC } from './readers/npy-header.ts';
import { openNpzVectors } from './readers/npz.ts';
import { openRaw } from './readers/raw.ts';
import { openSafetensors } from './readers/safetensors.ts';
import type { VectorSource } from './readers/vector-source.ts';
import { openWordVectors } from './readers/word-vectors.ts';
import { isXbin, openXbin } from './readers/xbin.ts';
import { openXvecs } from './readers/xvecs.ts';
import { openJsonlTokenSets, openJsonTokenSets } from './token-sets/json-token-sets.ts';
import { openMvecs } from './token-sets/mvecs.ts';
import { openNpzTokenSets } from './token-sets/npz.ts';
import type { TokenSetSource } from './token-sets/token-set-source.ts';

/** Lists the formats of files, by the names that options take. */
export const FORMAT_NAMES = [
  'fvecs',
  'bvecs',
  'ivecs',
  'fbin',
  'u8bin',
  'i8bin',
  'f16bin',
  'ibin',
  'npy',
  'npz',
  'hdf5',
  'safetensors',
  'parquet',
  'arrow',
  'jsonl',
  'json',
  'csv',
  'txt',
  'mvecs',
  'f32',
  'i8',
] as const;
/** Names a format of files. */
export type FormatName = (typeof FORMAT_NAMES)[number];

/** What a format may need to be told. */
export interface ReadOptions {
  /** The column, field, array, tensor or dataset that holds the vectors. */
  readonly column: string | undefined;
  /** Dimensions of raw values. */
  readonly d: number | undefined;
  /** Which dataset is meant where a file holds both. */
  readonly role: 'base' | 'queries';
}

export interface FileFormat {
  /** Without the dot, lower case; the first is the usual one. */
  readonly extensions: readonly string[];
  /** What the README says. */
  readonly content: string;
  /** Whether the extension says so little that a format which the caller names comes first. */
  readonly isVague?: boolean;
  /** Whether its dimension has to be told. */
  readonly isRaw?: boolean;
  /** Whether it is a text, which may be compressed with gzip as well (.csv.gz). */
  readonly isText?: boolean;
  /** Whether the first bytes, and the size of the file, are those of this format and of no other. */
  readonly matches?: (head: Uint8Array, size: number) => boolean;
  readonly vectors?: (file: DataFile, options: ReadOptions) => Promise<VectorSource>;
  readonly tokenSets?: (file: DataFile, options: ReadOptions) => Promise<TokenSetSource>;
}

/** Bytes that `matches` looks at. */
const HEAD_BYTES = 64;

export const FORMATS: Readonly<Record<FormatName, FileFormat>> = {
  fvecs: {
    extensions: ['fvecs'],
    content: 'rows of an int32 dimension, then float32 values',
    vectors: (file) => openXvecs(file, 'float32'),
  },
  bvecs: {
    extensions: ['bvecs'],
    content: 'rows of an int32 dimension, then uint8 values',
    vectors: (file) => openXvecs(file, 'uint8'),
  },
  ivecs: {
    extensions: ['ivecs'],
    content: 'rows of an int32 dimension, then int32 values',
    vectors: (file) => openXvecs(file, 'int32'),
  },
  fbin: {
    extensions: ['fbin'],
    content: 'uint32 n and d, then float32 values (DiskANN, big-ann-benchmarks, cuVS)',
    matches: (head, size) => isXbin(head, size, 'float32'),
    vectors: (file) => openXbin(file, 'float32'),
  },
  u8bin: {
    extensions: ['u8bin'],
    content: 'the same with uint8 values',
    matches: (head, size) => isXbin(head, size, 'uint8'),
    vectors: (file) => openXbin(file, 'uint8'),
  },
  i8bin: {
    extensions: ['i8bin'],
    content: 'the same with int8 values',
    vectors: (file) => openXbin(file, 'int8'),
  },
  f16bin: {
    extensions: ['f16bin'],
    content: 'the same with float16 values',
    matches: (head, size) => isXbin(head, size, 'float16'),
    vectors: (file) => openXbin(file, 'float16'),
  },
  ibin: {
    extensions: ['ibin'],
    content: 'the same with int32 values',
    vectors: (file) => openXbin(file, 'int32'),
  },
  npy: {
    extensions: ['npy'],
    content: 'a matrix of any type of number, in C or Fortran order, little- or big-endian',
    matches: (head) => begins(head, NPY_MAGIC),
    vectors: openNpy,
  },
  npz: {
    extensions: ['npz'],
    content:
      'vectors: a matrix "vectors", "embeddings", "tokens", "values" or "data", or the only one, or `--column NAME`; token sets: such a matrix beside "offsets" or "lengths", or sets × length × d beside "attention_mask" or "lengths"',
    matches: (head) => begins(head, [0x50, 0x4b, 0x03, 0x04]),
    vectors: (file, { column }) => openNpzVectors(file, column),
    tokenSets: (file, { column }) => openNpzTokenSets(file, column),
  },
  hdf5: {
    extensions: ['hdf5', 'h5'],
    content:
      'a matrix "train" (for `--queries`: "test"; for `--truth`: "neighbors"), as ann-benchmarks has them, or `--column PATH`; contiguous, or in chunks with gzip and shuffle',
    matches: (head) => begins(head, HDF5_SIGNATURE),
    vectors: (file, { column, role }) =>
      openHdf5Matrix(
        file,
        column,
        role === 'queries'
          ? ['test', 'queries', 'query']
          : ['train', 'base', 'vectors', 'embeddings', 'data'],
      ),
  },
  safetensors: {
    extensions: ['safetensors'],
    content: 'a matrix of any type of number: `--column NAME`, or the only one',
    matches: (head) =>
      head[8] === 0x7b && head[9] === 0x22 && head.subarray(4, 8).every((byte) => byte === 0),
    vectors: (file, { column }) => openSafetensors(file, column),
  },
  parquet: {
    extensions: ['parquet'],
    content:
      'a column of lists of numbers: `--column NAME` (with dots into structs), or the only such column; token sets: lists of lists, or flat lists beside a column "length" or "num_tokens"; `id` or `_id` holds ids, other texts, numbers and booleans become metadata',
    matches: (head) => begins(head, [0x50, 0x41, 0x52, 0x31]),
    vectors: async (file, { column }) => tableVectors(await openParquet(file), column),
    tokenSets: async (file, { column }) => tableTokenSets(await openParquet(file), column),
  },
  arrow: {
    extensions: ['arrow', 'arrows', 'feather', 'ipc'],
    content: 'columns as in .parquet, in files and streams, plain or with LZ4 or ZSTD',
    matches: (head) => begins(head, [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31]),
    vectors: async (file, { column }) => tableVectors(await openArrow(file), column),
    tokenSets: async (file, { column }) => tableTokenSets(await openArrow(file), column),
  },
  jsonl: {
    extensions: ['jsonl', 'ndjson'],
    content:
      'a JSON value a line: an array of numbers, or an object with one (or with base64 of float32) under `vector`, `embedding`, `values`, or `--column PATH` such as `data[0].embedding`; output of batch requests to embedding services is found. Token sets: an array of arrays, or an object with it under `tokens`, `vectors` or `embeddings`, beside `id` and `metadata`',
    isText: true,
    vectors: (file, { column }) => openJsonl(file, column),
    tokenSets: (file, { column }) => openJsonlTokenSets(file, column),
  },
  json: {
    extensions: ['json'],
    content: 'one array of what .jsonl has a line, or an object with all vectors; held in memory',
    isText: true,
    vectors: (file, { column }) => openJson(file, column),
    tokenSets: (file, { column }) => openJsonTokenSets(file, column),
  },
  csv: {
    extensions: ['csv', 'tsv'],
    content:
      'with or without a line of names: numbers in columns, or vectors as `[0.1, 0.2]` in one (`--column NAME`)',
    isText: true,
    vectors: (file, { column }) => openCsv(file, column),
  },
  txt: {
    extensions: ['txt', 'vec'],
    content:
      'numbers with spaces between them, behind a word or not: GloVe, word2vec, fastText, numpy.savetxt',
    isText: true,
    vectors: (file) => openWordVectors(file),
  },
  mvecs: {
    extensions: ['mvecs'],
    content:
      'token sets one after the other, float32, float16 or int8: our own format (docs/formats.md), written by `writeMvecs`',
    matches: (head) => begins(head, [0x4d, 0x56, 0x45, 0x43]),
    tokenSets: openMvecs,
  },
  f32: {
    extensions: ['f32', 'raw', 'bin'],
    content: 'raw little-endian float32, `--d N`',
    isVague: true,
    isRaw: true,
    vectors: async (file, { d }) => {
      await refuseOthers(file);
      return openRaw(file, d, 'float32');
    },
  },
  i8: {
    extensions: ['i8'],
    content: 'raw int8 that stands for value / 127, `--d N`',
    isRaw: true,
    vectors: (file, { d }) => openRaw(file, d, 'int8'),
  },
};

/** Lists the formats that may hold vectors. */
export const VECTOR_FORMATS: readonly FormatName[] = FORMAT_NAMES.filter(
  (name) => FORMATS[name].vectors !== undefined,
);
/** Lists the formats that may hold token sets. */
export const TOKEN_SET_FORMATS: readonly FormatName[] = FORMAT_NAMES.filter(
  (name) => FORMATS[name].tokenSets !== undefined,
);

/** ".fvecs .bvecs …", for help and errors. */
export function extensionsOf(names: readonly FormatName[]): string {
  return names.flatMap((name) => FORMATS[name].extensions.map((extension) => `.${extension}`)).join(' ');
}

/** The format that the extension of `path` stands for, .gz left out; undefined if it is none of `names`. */
export function formatByExtension(path: string, names: readonly FormatName[]): FormatName | undefined {
  const name = basename(path).toLowerCase();
  const extension = extname(name.endsWith('.gz') ? name.slice(0, -3) : name).slice(1);
  return names.find((format) => FORMATS[format].extensions.includes(extension));
}

/** Opens a file, and hands it over with its format: the one that is named, else that of the extension, else that of its first bytes. */
export async function openFormat<T>(
  path: string,
  format: string | undefined,
  names: readonly FormatName[],
  open: (file: DataFile, format: FileFormat) => Promise<T>,
): Promise<T> {
  const named = format === undefined ? formatByExtension(path, names) : checkOneOf('format', format, names);
  return closeOnError(await openInput(path), async (file) => {
    const head = await readHead(file, HEAD_BYTES);
    const name = named ?? formatByHead(head, file.size, names);
    if (name === undefined) {
      throw new RangeError(
        `"path" expected one of the extensions ${extensionsOf(names)}, or a format to be named, got ${path}`,
      );
    }
    const found = FORMATS[name];
    if (head[0] !== 0x1f || head[1] !== 0x8b) return open(file, found);
    if (found.isText === true) return open(inflatedFile(file, file.path, 'gzip'), found);
    throw new FormatError(
      `${file.path}: expected a .${name} file, got gzip: only texts are read compressed, gunzip it first`,
    );
  });
}

function formatByHead(head: Uint8Array, size: number, names: readonly FormatName[]): FormatName | undefined {
  return names.find((name) => FORMATS[name].matches?.(head, size) === true);
}

function begins(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => head[i] === byte);
}

/** Raw values begin with anything, but not with the head of another format. */
async function refuseOthers(file: DataFile): Promise<void> {
  const head = await readHead(file, HEAD_BYTES);
  const name = formatByHead(head, file.size, FORMAT_NAMES);
  if (name !== undefined)
    throw new FormatError(
      `${file.path}: expected raw float32, got what is a .${name} file by its first bytes (name the format: ${name})`,
    );
  if (/^\d{1,12} \d{1,5}\n/.test(Buffer.from(head).toString('latin1')))
    throw new FormatError(
      `${file.path}: expected raw float32, got word2vec's binary format; its text form is read as .txt`,
    );
}
