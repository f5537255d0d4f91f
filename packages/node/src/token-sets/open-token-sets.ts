/** Opens a file of token sets, by its extension or its first bytes. */
import { checkOptions, type OptionTable } from '@sagitta/core-wasm';
import {
  extensionsOf,
  type FormatName,
  formatByExtension,
  openFormat,
  TOKEN_SET_FORMATS,
} from '../formats.ts';
import { openVectors } from '../readers/open-vectors.ts';
import { readLengths, splitVectors } from './split-vectors.ts';
import type { TokenSetSource } from './token-set-source.ts';

/** Names a format of token sets. */
export type TokenSetFormat = FormatName;

/** Says how a file of token sets is read. */
export interface OpenTokenSetsOptions {
  /** Taken from the extension, or else from the first bytes, if left out; with `lengths` a format of vectors. */
  readonly format?: TokenSetFormat | undefined;
  /** The field, column or array that holds the tokens. */
  readonly column?: string | undefined;
  /** A file of lengths: then the file is one of plain vectors (.fvecs, .npy, .i8 …), cut into sets. */
  readonly lengths?: string | undefined;
  /** Dimensions: needed for raw .i8 and .f32 files, compared with the file's for every other format. */
  readonly d?: number | undefined;
}

const OPEN_TOKEN_SETS_OPTIONS: OptionTable<OpenTokenSetsOptions> = {
  format: 'string',
  column: 'string',
  lengths: 'string',
  d: 'number',
};

/**
 * Opens a file of token sets as a source that is read some documents at a time; the caller closes it. `path` "-" is standard input.
 * @throws RangeError on an unknown extension or a wrong option, FormatError on bad bytes, UnsupportedError on a variant of a format
 * that is not read, the system's error if the file cannot be opened
 */
export async function openTokenSets(
  path: string,
  options: OpenTokenSetsOptions = {},
): Promise<TokenSetSource> {
  checkOptions('options', options, OPEN_TOKEN_SETS_OPTIONS);
  const { d } = options;
  const source = await openAs(path, options);
  if (d === undefined || d === source.d) return source;
  await source.close();
  throw new RangeError(`"d" expected ${source.d}, the dimension of ${path}, got ${d}`);
}

/** Gives the format that the extension of `path` stands for. @throws RangeError if it stands for none */
export function tokenSetFormatOf(path: string): TokenSetFormat {
  const format = formatByExtension(path, TOKEN_SET_FORMATS);
  if (format !== undefined) return format;
  const names = extensionsOf(TOKEN_SET_FORMATS);
  throw new RangeError(
    `"path" expected one of the extensions ${names}, a format to be named, or a file of lengths beside plain vectors, got ${path}`,
  );
}

async function openAs(path: string, options: OpenTokenSetsOptions): Promise<TokenSetSource> {
  const { column, lengths, format, d } = options;
  if (lengths !== undefined) {
    const numbers = await readLengths(lengths);
    const vectors = await openVectors(path, { column, d, format });
    try {
      return splitVectors(vectors, numbers);
    } catch (error) {
      await vectors.close();
      throw error;
    }
  }
  return openFormat(path, format, TOKEN_SET_FORMATS, (file, { tokenSets }) => {
    if (tokenSets === undefined)
      throw new RangeError(`"format" expected one of ${TOKEN_SET_FORMATS.join(', ')}`);
    return tokenSets(file, { column, d, role: 'base' });
  });
}
