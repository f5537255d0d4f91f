/** Opens a file of token sets by its extension. */
import { extname } from 'node:path';
import { checkOneOf } from '@sagitta/core-wasm';
import { openVectors } from '../readers/open-vectors.ts';
import { openRawI8 } from '../readers/raw-i8.ts';
import type { VectorSource } from '../readers/vector-source.ts';
import { openJsonlTokenSets } from './jsonl-token-sets.ts';
import { openMvecs } from './mvecs.ts';
import { openNpz } from './npz.ts';
import { readLengths, splitVectors } from './split-vectors.ts';
import type { TokenSetSource } from './token-set-source.ts';

export const TOKEN_SET_FORMATS = ['mvecs', 'npz', 'arrow', 'jsonl'] as const;
export type TokenSetFormat = (typeof TOKEN_SET_FORMATS)[number];

export interface OpenTokenSetsOptions {
  /** Taken from the extension if left out. */
  readonly format?: TokenSetFormat | undefined;
  /** The field, column or array that holds the tokens. */
  readonly column?: string | undefined;
  /** A file of lengths: then the file is one of plain vectors (.fvecs, .npy, .i8 …), cut into sets. */
  readonly lengths?: string | undefined;
  /** Dimensions: needed for raw .i8 and .f32 files, compared with the file's for every other format. */
  readonly d?: number | undefined;
}

const ALIASES: ReadonlyMap<string, TokenSetFormat> = new Map([
  ['ndjson', 'jsonl'],
  ['arrows', 'arrow'],
  ['feather', 'arrow'],
  ['ipc', 'arrow'],
]);

/**
 * @throws RangeError on an unknown extension or a wrong option, FormatError on bad bytes, the system's error if the
 * file cannot be opened
 */
export async function openTokenSets(
  path: string,
  options: OpenTokenSetsOptions = {},
): Promise<TokenSetSource> {
  const { d } = options;
  const source = await openAs(path, options);
  if (d === undefined || d === source.d) return source;
  await source.close();
  throw new RangeError(`"d" expected ${source.d}, the dimension of ${path}, got ${d}`);
}

/** The format that the extension of `path` stands for. */
export function tokenSetFormatOf(path: string): TokenSetFormat {
  const extension = extname(path).slice(1).toLowerCase();
  const format = ALIASES.get(extension) ?? TOKEN_SET_FORMATS.find((name) => name === extension);
  if (format !== undefined) return format;
  const names = [...TOKEN_SET_FORMATS, ...ALIASES.keys()].map((name) => `.${name}`).join(' ');
  throw new RangeError(
    `"path" expected one of the extensions ${names}, a format to be named, or a file of lengths beside plain vectors, got ${path}`,
  );
}

async function openAs(path: string, options: OpenTokenSetsOptions): Promise<TokenSetSource> {
  const { column, lengths } = options;
  if (lengths !== undefined) {
    const numbers = await readLengths(lengths);
    const vectors = await openPlainVectors(path, options);
    try {
      return splitVectors(vectors, numbers);
    } catch (error) {
      await vectors.close();
      throw error;
    }
  }
  switch (checkOneOf('format', options.format ?? tokenSetFormatOf(path), TOKEN_SET_FORMATS)) {
    case 'mvecs':
      return openMvecs(path);
    case 'npz':
      return openNpz(path, column);
    case 'arrow':
      // apache-arrow is the largest dependency: only those who open such a file wait for it
      return (await import('./arrow.ts')).openArrow(path, column);
    case 'jsonl':
      return openJsonlTokenSets(path, column);
  }
}

function openPlainVectors(path: string, { column, d }: OpenTokenSetsOptions): Promise<VectorSource> {
  if (extname(path).toLowerCase() !== '.i8') return openVectors(path, { column, d });
  if (d === undefined)
    throw new RangeError(`"d" expected the dimension of the raw int8 file ${path}, got none`);
  return openRawI8(path, d);
}
