/** The header of .npy files, versions 1, 2 and 3: a magic, a version, a length and a Python dictionary as text. */
import { FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import type { DataFile } from '../files/data-file.ts';
import { checkRowCount } from './fixed-rows.ts';
import { type ByteOrder, bytesOf, type NumberType } from './number-type.ts';

/** Of an array with any number of dimensions. */
export interface NpyHeader {
  readonly type: NumberType;
  readonly order: ByteOrder;
  /** Whether the first dimension varies fastest. */
  readonly isFortran: boolean;
  readonly shape: readonly number[];
  /** Byte at which the values begin. */
  readonly dataOffset: number;
}

export const NPY_MAGIC: readonly number[] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** numpy writes 128 bytes; the longest header of a matrix is far below this. */
const MAX_HEADER_BYTES = 1 << 16;

// numpy's names without their byte order; V2 is what numpy.save makes of bfloat16
const TYPES: ReadonlyMap<string, NumberType> = new Map([
  ['b1', 'bool'],
  ['i1', 'int8'],
  ['u1', 'uint8'],
  ['i2', 'int16'],
  ['u2', 'uint16'],
  ['i4', 'int32'],
  ['u4', 'uint32'],
  ['i8', 'int64'],
  ['u8', 'uint64'],
  ['f2', 'float16'],
  ['V2', 'bfloat16'],
  ['f4', 'float32'],
  ['f8', 'float64'],
]);

/**
 * Reads the header of an array of any shape, whose values end the file.
 * @throws FormatError on anything else
 */
export async function readNpyHeader(file: DataFile): Promise<NpyHeader> {
  const { path } = file;
  const start = new Uint8Array(Math.min(12, file.size));
  await file.read(start, 0);
  const magic = NPY_MAGIC.findIndex((byte, i) => start[i] !== byte);
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

/** The shape of a matrix, after checking it against the bytes of the file. */
export function matrixShape(file: DataFile, header: NpyHeader): { n: number; d: number; dataOffset: number } {
  const { path } = file;
  const { shape, dataOffset } = header;
  const [n, d] = shape;
  if (shape.length !== 2 || n === undefined || d === undefined) {
    const got = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
    throw new FormatError(`${path}: .npy header: expected a shape (n, d), got (${got})`, dataOffset);
  }
  if (d < 1 || d > MAX_DIMENSION) {
    throw new FormatError(`${path}: expected a dimension from 1 to ${MAX_DIMENSION}, got ${d}`, 10);
  }
  if (n < 1) throw new FormatError(`${path}: row 0: the file holds no vectors`, dataOffset);
  checkRowCount(file, n, dataOffset, d * bytesOf(header.type));
  return { n, d, dataOffset };
}

function parseFields(path: string, text: string, offset: number): Omit<NpyHeader, 'dataOffset'> {
  const fail = (what: string): FormatError => new FormatError(`${path}: .npy header: ${what}`, offset);
  if (!/^\s*\{[\s\S]*\}\s*$/.test(text))
    throw fail(`expected a dictionary, got ${JSON.stringify(text.slice(0, 60))}`);
  const quoted = /['"]descr['"]\s*:\s*(?:'([^']*)'|"([^"]*)")/.exec(text);
  if (quoted === null) throw fail('expected "descr" with a plain type');
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)\b/.exec(text);
  if (fortran === null) throw fail('expected "fortran_order" to be True or False');
  const tuple = /['"]shape['"]\s*:\s*\(([^)]*)\)/.exec(text);
  if (tuple === null) throw fail('expected "shape" with a tuple');
  const parts = (tuple[1] as string).split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  const shape = parts.map((part) => (/^\d+L?$/.test(part) ? Number.parseInt(part, 10) : Number.NaN));
  if (!shape.every(Number.isSafeInteger)) throw fail(`expected a shape of integers, got (${tuple[1]})`);
  const descr = quoted[1] ?? quoted[2] ?? '';
  const type = TYPES.get(descr.replace(/^[<>|=]/, ''));
  if (type === undefined)
    throw fail(`expected values of type ${[...new Set(TYPES.values())].join(', ')}, got "${descr}"`);
  return { type, order: descr.startsWith('>') ? 'big' : 'little', isFortran: fortran[1] === 'True', shape };
}
