/** Opens a file of vectors by its extension. */
import { extname } from 'node:path';
import { checkOneOf } from '@sagitta/core-wasm';
import { openJsonl } from './jsonl.ts';
import { openNpy } from './npy.ts';
import { openParquet } from './parquet.ts';
import { openRawF32 } from './raw-f32.ts';
import type { VectorSource } from './vector-source.ts';
import { openXvecs } from './xvecs.ts';

export const VECTOR_FORMATS = ['fvecs', 'bvecs', 'ivecs', 'npy', 'parquet', 'jsonl', 'f32'] as const;
export type VectorFormat = (typeof VECTOR_FORMATS)[number];

export interface OpenVectorsOptions {
  /** The column of .parquet and .jsonl files that holds the vectors. */
  readonly column?: string | undefined;
  /** Dimensions: needed for raw float32, compared with the file's for every other format. */
  readonly d?: number | undefined;
  /** Taken from the extension if left out. */
  readonly format?: VectorFormat | undefined;
}

const ALIASES: ReadonlyMap<string, VectorFormat> = new Map([
  ['ndjson', 'jsonl'],
  ['raw', 'f32'],
  ['bin', 'f32'],
]);

/**
 * @throws RangeError on an unknown extension or a wrong option, FormatError on bad bytes, the system's error if the
 * file cannot be opened
 */
export async function openVectors(path: string, options: OpenVectorsOptions = {}): Promise<VectorSource> {
  const { column, d } = options;
  const format = checkOneOf('format', options.format ?? formatOf(path), VECTOR_FORMATS);
  const source = await openAs(path, format, column, d);
  if (d === undefined || d === source.d) return source;
  await source.close();
  throw new RangeError(`"d" expected ${source.d}, the dimension of ${path}, got ${d}`);
}

/** The format that the extension of `path` stands for. */
export function formatOf(path: string): VectorFormat {
  const extension = extname(path).slice(1).toLowerCase();
  const format = ALIASES.get(extension) ?? VECTOR_FORMATS.find((name) => name === extension);
  if (format !== undefined) return format;
  const names = [...VECTOR_FORMATS, ...ALIASES.keys()].map((name) => `.${name}`).join(' ');
  throw new RangeError(
    `"path" expected one of the extensions ${names}, or a format to be named, got ${path}`,
  );
}

function openAs(
  path: string,
  format: VectorFormat,
  column: string | undefined,
  d: number | undefined,
): Promise<VectorSource> {
  switch (format) {
    case 'npy':
      return openNpy(path);
    case 'parquet':
      return openParquet(path, column);
    case 'jsonl':
      return openJsonl(path, column);
    case 'f32':
      if (d === undefined)
        throw new RangeError(`"d" expected the dimension of the raw float32 file ${path}, got none`);
      return openRawF32(path, d);
    default:
      return openXvecs(path, format);
  }
}
