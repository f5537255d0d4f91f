/**
 * A small HDF5 file of matrices, as the library writes it by default: superblock 0, a symbol table, object headers of version 1, and values in one
 * piece or in chunks through shuffle and deflate. Written from the format's specification.
 */
import { deflateSync } from 'node:zlib';

export interface Hdf5Matrix {
  readonly name: string;
  readonly shape: readonly [n: number, d: number];
  readonly values: Float32Array | Int32Array | Float64Array;
  /** Rows and columns of a chunk; without it the values lie in one piece. */
  readonly chunk?: readonly [rows: number, columns: number];
}

const UNDEFINED = 2n ** 64n - 1n;

/** Bytes that grow, with numbers of the format. */
class Out {
  readonly #parts: Buffer[] = [];
  length = 0;

  bytes(part: Uint8Array): this {
    this.#parts.push(Buffer.from(part));
    this.length += part.length;
    return this;
  }

  uint(bytes: 1 | 2 | 4, ...values: readonly number[]): this {
    for (const value of values) {
      const part = Buffer.alloc(bytes);
      part.writeUIntLE(value, 0, bytes);
      this.bytes(part);
    }
    return this;
  }

  long(...values: readonly (number | bigint)[]): this {
    for (const value of values) {
      const part = Buffer.alloc(8);
      part.writeBigUInt64LE(BigInt(value));
      this.bytes(part);
    }
    return this;
  }

  text(value: string, length: number = value.length): this {
    return this.bytes(Buffer.concat([Buffer.from(value), Buffer.alloc(length - value.length)]));
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

const padded = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);

function message(type: number, body: Out): Buffer {
  const bytes = padded(body.finish());
  return new Out().uint(2, type, bytes.length).uint(4, 0).bytes(bytes).finish();
}

function header(messages: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(messages);
  return new Out().uint(1, 1, 0).uint(2, messages.length).uint(4, 1, bytes.length, 0).bytes(bytes).finish();
}

function datatype(values: Hdf5Matrix['values']): Out {
  if (values instanceof Int32Array) return new Out().uint(1, 0x10, 0x08, 0, 0).uint(4, 4).uint(2, 0, 32);
  const isDouble = values instanceof Float64Array;
  const out = new Out().uint(1, 0x11, 0x20, isDouble ? 63 : 31, 0).uint(4, isDouble ? 8 : 4);
  out.uint(2, 0, isDouble ? 64 : 32);
  return isDouble ? out.uint(1, 52, 11, 0, 52).uint(4, 1023) : out.uint(1, 23, 8, 0, 23).uint(4, 127);
}

/** A chunk's bytes, padded with zeros beyond the matrix, shuffled and deflated. */
function chunkBytes({ shape: [n, d], values, chunk }: Hdf5Matrix, row: number, column: number): Buffer {
  const [height, width] = chunk as readonly [number, number];
  const size = values.BYTES_PER_ELEMENT;
  const plain = Buffer.alloc(height * width * size);
  const source = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  for (let i = 0; i < height && row + i < n; i++)
    for (let j = 0; j < width && column + j < d; j++)
      source.copy(
        plain,
        (i * width + j) * size,
        ((row + i) * d + column + j) * size,
        ((row + i) * d + column + j + 1) * size,
      );
  const shuffled = Buffer.alloc(plain.length);
  for (let i = 0; i < plain.length; i++)
    shuffled[(i % size) * height * width + Math.floor(i / size)] = plain[i] as number;
  return deflateSync(shuffled);
}

/** Puts the matrix's header and values at the end of `parts`. @returns the header's address */
function dataset(matrix: Hdf5Matrix, place: (bytes: Uint8Array) => number): number {
  const { shape, values, chunk } = matrix;
  const [n, d] = shape;
  const space = message(1, new Out().uint(1, 1, 2, 0, 0).uint(4, 0).long(n, d));
  const type = message(3, datatype(values));
  if (chunk === undefined) {
    const address = place(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
    const layout = message(8, new Out().uint(1, 3, 1).long(address, values.byteLength));
    return place(header([space, type, layout]));
  }
  const [height, width] = chunk;
  const node = new Out();
  let count = 0;
  for (let row = 0; row < n; row += height) {
    for (let column = 0; column < d; column += width, count++) {
      const bytes = chunkBytes(matrix, row, column);
      node.uint(4, bytes.length, 0).long(row, column, 0, place(bytes));
    }
  }
  node.uint(4, 0, 0).long(n, d, 0);
  const tree = place(
    new Out()
      .text('TREE')
      .uint(1, 1, 0)
      .uint(2, count)
      .long(UNDEFINED, UNDEFINED)
      .bytes(node.finish())
      .finish(),
  );
  const filters = new Out().uint(1, 1, 2, 0, 0).uint(4, 0);
  filters.uint(2, 2, 0, 1, 1).uint(4, values.BYTES_PER_ELEMENT, 0);
  filters.uint(2, 1, 0, 1, 1).uint(4, 6, 0);
  const layout = new Out().uint(1, 3, 2, 3).long(tree).uint(4, height, width, values.BYTES_PER_ELEMENT);
  return place(header([space, type, message(11, filters), message(8, layout)]));
}

export function hdf5File(matrices: readonly Hdf5Matrix[]): Uint8Array {
  const superblockBytes = 96;
  const parts: Uint8Array[] = [];
  let end = superblockBytes;
  const place = (bytes: Uint8Array): number => {
    const at = end;
    parts.push(padded(bytes));
    end += padded(bytes).length;
    return at;
  };
  const sorted = [...matrices].sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = new Out().text('', 8);
  const entries = new Out();
  for (const matrix of sorted) {
    const address = dataset(matrix, place);
    entries.long(names.length, address).uint(4, 0, 0).long(0, 0);
    names.text(matrix.name, matrix.name.length + 8 - (matrix.name.length % 8));
  }
  const data = place(names.finish());
  const heap = place(new Out().text('HEAP').uint(1, 0, 0, 0, 0).long(names.length, UNDEFINED, data).finish());
  const symbols = place(
    new Out().text('SNOD').uint(1, 1, 0).uint(2, sorted.length).bytes(entries.finish()).finish(),
  );
  const tree = place(
    new Out().text('TREE').uint(1, 0, 0).uint(2, 1).long(UNDEFINED, UNDEFINED, 0, symbols, 8).finish(),
  );
  const root = place(header([message(17, new Out().long(tree, heap))]));
  const superblock = new Out()
    .bytes(Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a))
    .uint(1, 0, 0, 0, 0, 0, 8, 8, 0)
    .uint(2, 4, 16)
    .uint(4, 0)
    .long(0, UNDEFINED, end, UNDEFINED)
    .long(0, root)
    .uint(4, 1, 0)
    .long(tree, heap);
  return Buffer.concat([superblock.finish(), ...parts]);
}
