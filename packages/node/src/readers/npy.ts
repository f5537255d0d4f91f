/** .npy matrices of float16, float32, float64, int8 and uint8 in C order. */
import { FormatError, MAX_DIMENSION } from '@sagitta/core-wasm';
import { type DataFile, openWith } from './data-file.ts';
import { countRows, type FixedLayout, fixedRowSource } from './fixed-rows.ts';
import { decodeFloat16 } from './float16.ts';
import { type NpyArrayHeader, type NpyHeader, readNpyHeader } from './npy-header.ts';
import type { RandomVectorSource } from './vector-source.ts';

type Decode = NonNullable<FixedLayout['decode']>;

export interface NpyValueType {
  readonly bytes: number;
  /** Absent: the values are float32 already. `bytes` begins at byte 0 of its buffer; out has the wanted length. */
  readonly decode?: Decode;
}

// Indexed by numpy's type without its byte order.
const VALUE_TYPES: ReadonlyMap<string, NpyValueType> = new Map<string, NpyValueType>([
  ['f4', { bytes: 4 }],
  [
    'f2',
    { bytes: 2, decode: (b, _n, _r, out) => decodeFloat16(new Uint16Array(b.buffer, 0, out.length), out) },
  ],
  ['f8', { bytes: 8, decode: (b, _n, _r, out) => out.set(new Float64Array(b.buffer, 0, out.length)) }],
  ['i1', { bytes: 1, decode: (b, _n, _r, out) => out.set(new Int8Array(b.buffer, 0, out.length)) }],
  ['u1', { bytes: 1, decode: (b, _n, _r, out) => out.set(new Uint8Array(b.buffer, 0, out.length)) }],
]);

/**
 * Opens a .npy file of shape (n, d).
 * @throws FormatError on other types, Fortran order, big-endian values, other shapes, missing or surplus bytes
 */
export function openNpy(path: string): Promise<RandomVectorSource> {
  return openWith(path, async (file) => {
    const header = await readNpyHeader(file);
    const type = npyValueType(path, header);
    return fixedRowSource(file, npyLayout(file, header, type.bytes, type.decode));
  });
}

/** How values of the header's type become float32. @throws FormatError on a type that is not read */
export function npyValueType(path: string, header: NpyArrayHeader): NpyValueType {
  const type = VALUE_TYPES.get(plainType(path, header.descr));
  if (type !== undefined) return type;
  const allowed = 'float16, float32, float64, int8 or uint8';
  throw new FormatError(
    `${path}: expected values of type ${allowed}, got "${header.descr}"`,
    header.dataOffset,
  );
}

/** numpy's type name without its byte order, which must be little-endian. */
export function plainType(path: string, descr: string): string {
  if (descr.startsWith('>'))
    throw new FormatError(`${path}: expected little-endian values, got "${descr}"`, 10);
  return descr.replace(/^[<|=]/, '');
}

/** Where the rows lie; refuses files with fewer or more bytes than the shape asks for. */
export function npyLayout(
  file: DataFile,
  header: NpyHeader,
  valueBytes: number,
  decode?: Decode,
): FixedLayout {
  const { dataOffset, shape } = header;
  const [n, d] = shape;
  const { path } = file;
  if (d < 1 || d > MAX_DIMENSION) {
    throw new FormatError(`${path}: expected a dimension from 1 to ${MAX_DIMENSION}, got ${d}`, 10);
  }
  if (n < 1) throw new FormatError(`${path}: row 0: the file holds no vectors`, dataOffset);
  const rowBytes = d * valueBytes;
  if (dataOffset + n * rowBytes !== file.size) {
    const rows = Math.floor((file.size - dataOffset) / rowBytes);
    if (rows < n) countRows(file, dataOffset, rowBytes);
    const held = rows < n ? `${rows} rows` : 'more bytes';
    const at = dataOffset + Math.min(rows, n) * rowBytes;
    throw new FormatError(
      `${path}: row ${Math.min(rows, n)}: expected ${n} rows, the file holds ${held}`,
      at,
    );
  }
  return { n, d, dataOffset, rowBytes, valueOffset: 0, valueBytes, ...(decode && { decode }) };
}
