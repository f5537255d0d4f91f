/** The header of .npy files, versions 1, 2 and 3: a magic, a version, a length and a Python dictionary as text. */
import { FormatError } from '@sagitta/core-wasm';
import type { DataFile } from './data-file.ts';

/** Of an array with any number of dimensions. */
export interface NpyArrayHeader {
  /** The type as numpy writes it, e.g. "<f4". */
  readonly descr: string;
  readonly shape: readonly number[];
  /** Byte at which row 0 begins. */
  readonly dataOffset: number;
}

export interface NpyHeader extends NpyArrayHeader {
  readonly shape: readonly [n: number, d: number];
}

/** What a header is read from: a file, or the first bytes of one. */
type NpyBytes = Pick<DataFile, 'path' | 'size' | 'read'>;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** numpy writes 128 bytes; the longest header of a matrix is far below this. */
const MAX_HEADER_BYTES = 1 << 16;

/**
 * Reads the header of a matrix in C order.
 * @throws FormatError on anything else
 */
export async function readNpyHeader(file: DataFile): Promise<NpyHeader> {
  const header = await readNpyArrayHeader(file);
  const [n, d] = header.shape;
  if (header.shape.length === 2 && n !== undefined && d !== undefined) return { ...header, shape: [n, d] };
  const shape = header.shape.length === 1 ? `${n},` : header.shape.join(', ');
  const offset = header.dataOffset;
  throw new FormatError(`${file.path}: .npy header: expected a shape (n, d), got (${shape})`, offset);
}

/**
 * Reads the header of an array of any shape in C order.
 * @throws FormatError on anything else
 */
export async function readNpyArrayHeader(file: NpyBytes): Promise<NpyArrayHeader> {
  const { path } = file;
  const start = new Uint8Array(Math.min(12, file.size));
  await file.read(start, 0);
  const magic = MAGIC.findIndex((byte, i) => start[i] !== byte);
  if (magic >= 0) throw new FormatError(`${path}: expected the magic "\\x93NUMPY" of a .npy file`, magic);
  const version = start[6] ?? 0;
  if (version < 1 || version > 3)
    throw new FormatError(`${path}: expected .npy version 1 to 3, got ${version}`, 6);
  const textOffset = version === 1 ? 10 : 12;
  if (file.size < textOffset) throw new FormatError(`${path}: the header is cut short`, file.size);
  const view = new DataView(start.buffer);
  const textBytes = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (textBytes > MAX_HEADER_BYTES || textOffset + textBytes > file.size) {
    const most = Math.min(MAX_HEADER_BYTES, file.size - textOffset);
    throw new FormatError(`${path}: expected a header of at most ${most} bytes, got ${textBytes}`, 8);
  }
  const text = new Uint8Array(textBytes);
  await file.read(text, textOffset);
  const fields = parseFields(path, new TextDecoder('latin1').decode(text), textOffset);
  return { ...fields, dataOffset: textOffset + textBytes };
}

function parseFields(path: string, text: string, offset: number): Omit<NpyArrayHeader, 'dataOffset'> {
  const fail = (what: string): FormatError => new FormatError(`${path}: .npy header: ${what}`, offset);
  if (!/^\s*\{[\s\S]*\}\s*$/.test(text))
    throw fail(`expected a dictionary, got ${JSON.stringify(text.slice(0, 60))}`);
  const descr = /['"]descr['"]\s*:\s*(?:'([^']*)'|"([^"]*)")/.exec(text);
  if (descr === null) throw fail('expected "descr" with a plain type');
  const order = /['"]fortran_order['"]\s*:\s*(True|False)\b/.exec(text);
  if (order === null) throw fail('expected "fortran_order" to be True or False');
  if (order[1] === 'True')
    throw fail('expected rows in C order, got Fortran order (save numpy.ascontiguousarray(x))');
  const shape = /['"]shape['"]\s*:\s*\(([^)]*)\)/.exec(text);
  if (shape === null) throw fail('expected "shape" with a tuple');
  const parts = (shape[1] as string).split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  const sizes = parts.map((part) => (/^\d+L?$/.test(part) ? Number.parseInt(part, 10) : Number.NaN));
  if (!sizes.every(Number.isSafeInteger)) throw fail(`expected a shape of integers, got (${shape[1]})`);
  return { descr: descr[1] ?? descr[2] ?? '', shape: sizes };
}
