/** Bytes of an HDF5 file at addresses, with its sizes of addresses and lengths. */
import { FormatError } from '@sagitta/core-wasm';
import type { DataFile } from '../../files/data-file.ts';

/** Bytes of a structure of the format, read at once; datasets are not. */
const MAX_STRUCTURE_BYTES = 1 << 24;

export class Hdf5Bytes {
  readonly file: DataFile;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Added to every address. */
  readonly base: number;

  constructor(file: DataFile, offsetBytes: number, lengthBytes: number, base: number) {
    this.file = file;
    this.offsetBytes = offsetBytes;
    this.lengthBytes = lengthBytes;
    this.base = base;
  }

  fail(what: string, address: number = 0): FormatError {
    const offset = Number.isSafeInteger(address) ? this.base + address : 0;
    return new FormatError(`${this.file.path}: ${what}`, offset);
  }

  /** A cursor over `length` bytes from an address. */
  async at(address: number, length: number): Promise<Cursor> {
    const start = this.base + address;
    if (
      !(
        Number.isSafeInteger(start) &&
        start >= 0 &&
        length >= 0 &&
        length <= MAX_STRUCTURE_BYTES &&
        start + length <= this.file.size
      )
    )
      throw this.fail(`expected ${length} bytes inside the file, from ${start}`, address);
    const bytes = new Uint8Array(length);
    await this.file.read(bytes, start);
    return new Cursor(bytes, this, address);
  }

  /** The bytes from an address, as many as there are up to `most`. */
  async upTo(address: number, most: number): Promise<Cursor> {
    const left = this.file.size - this.base - address;
    return this.at(address, Math.max(0, Math.min(most, Number.isFinite(left) ? left : 0)));
  }
}

/** Reads forwards; what lies beyond the end is a FormatError. */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #of: Hdf5Bytes;
  readonly #address: number;
  position = 0;

  constructor(bytes: Uint8Array, of: Hdf5Bytes, address: number) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#of = of;
    this.#address = address;
  }

  get left(): number {
    return this.bytes.length - this.position;
  }

  skip(bytes: number): this {
    this.position += bytes;
    return this;
  }

  /** An unsigned integer of 1 to 8 bytes; the undefined address, all ones, is Infinity. */
  unsigned(bytes: number): number {
    const at = this.position;
    this.position += bytes;
    if (bytes < 1 || bytes > 8 || this.position > this.bytes.length)
      throw this.#of.fail(`expected ${bytes} more bytes`, this.#address + at);
    let value = 0;
    let isUndefined = bytes > 4;
    for (let i = bytes - 1; i >= 0; i--) {
      const byte = this.#view.getUint8(at + i);
      if (byte !== 255) isUndefined = false;
      value = value * 256 + byte;
    }
    return isUndefined ? Infinity : value;
  }

  address(): number {
    return this.unsigned(this.#of.offsetBytes);
  }

  length(): number {
    return this.unsigned(this.#of.lengthBytes);
  }

  take(bytes: number): Cursor {
    const at = this.position;
    if (!(bytes >= 0 && bytes <= this.left))
      throw this.#of.fail(`expected ${bytes} more bytes, got ${this.left}`, this.#address + at);
    this.position += bytes;
    return new Cursor(this.bytes.subarray(at, at + bytes), this.#of, this.#address + at);
  }

  text(bytes: number): string {
    return Buffer.from(this.take(bytes).bytes).toString('utf8');
  }

  /** Checks four letters. */
  expect(signature: string): this {
    const got = this.text(4);
    if (got !== signature)
      throw this.#of.fail(`expected "${signature}", got ${JSON.stringify(got)}`, this.#address);
    return this;
  }
}
