/** Little-endian writing and bounds-checked reading of small records. Big arrays go as bytes, copied once. */
import { checkInteger } from './checks.ts';
import { FormatError } from './errors.ts';
import { rowsDefect } from './stored-range.ts';

const IS_LITTLE_ENDIAN: boolean = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Arrays of numbers that records hold. */
export type NumberArray = Float32Array | Float64Array | Uint32Array | Uint16Array;

/** Writes little-endian numbers, one after the other, into bytes that grow. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /**
   * Makes room and returns where it is. Called in a statement of its own: in `this.#view.setUint8(this.#reserve(1), x)`
   * the view is taken before it grows, and the write goes to the array that was just left.
   */
  #reserve(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = needed;
    return at;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
    return this;
  }
  u16(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, true);
    return this;
  }
  u32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
    return this;
  }
  f32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setFloat32(at, value, true);
    return this;
  }
  f64(value: number): this {
    const at = this.#reserve(8);
    this.#view.setFloat64(at, value, true);
    return this;
  }
  bytes(value: Uint8Array): this {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
    return this;
  }
  /** u16 byte count, then UTF-8. @throws RangeError above 65,535 bytes */
  string(value: string): this {
    const bytes = new TextEncoder().encode(value);
    checkInteger('string byte length', bytes.length, 0, 0xffff);
    return this.u16(bytes.length).bytes(bytes);
  }
  /** Zero bytes up to the next multiple of `alignment`. */
  align(alignment: number): this {
    const rest = this.#length % alignment;
    return rest === 0 ? this : this.bytes(new Uint8Array(alignment - rest));
  }
  /** Elements in little-endian order, no count before them. */
  array(values: NumberArray): this {
    return this.bytes(littleEndianBytes(values));
  }

  /** A view of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** The bytes of a typed array, little-endian; a view where the machine is. */
export function littleEndianBytes(values: NumberArray): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (IS_LITTLE_ENDIAN) return bytes;
  const swapped = bytes.slice();
  const size = values.BYTES_PER_ELEMENT;
  for (let i = 0; i < swapped.length; i += size) swapped.subarray(i, i + size).reverse();
  return swapped;
}

const utf8: TextDecoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads little-endian numbers and checks that they are there: bytes that end too early are a FormatError with the
 * offset.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #origin: number;
  #at = 0;

  /** origin — where bytes begin in the file, for the offsets that errors name. */
  constructor(bytes: Uint8Array, origin = 0) {
    // slice of a Buffer would be a view of it
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#origin = origin;
  }

  get offset(): number {
    return this.#origin + this.#at;
  }
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  fail(message: string): never {
    throw new FormatError(message, this.offset);
  }

  #take(count: number): number {
    if (!(count >= 0 && count <= this.remaining))
      this.fail(`expected ${count} more bytes, got ${this.remaining}`);
    const at = this.#at;
    this.#at += count;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }
  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }
  /** A number that must lie in a range. */
  u32In(label: string, minimum: number, maximum: number): number {
    const value = this.u32();
    if (value >= minimum && value <= maximum) return value;
    this.#at -= 4;
    return this.fail(`"${label}" expected ${minimum} to ${maximum}, got ${value}`);
  }
  /** A view of the next count bytes. */
  view(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }
  /** What ByteWriter.string wrote. @throws FormatError on bytes that are not UTF-8 */
  string(): string {
    const start = this.offset;
    const bytes = this.view(this.u16());
    try {
      return utf8.decode(bytes);
    } catch {
      throw new FormatError('expected a string in UTF-8', start);
    }
  }
  /** Skips to the next multiple of `alignment` from where these bytes begin; what is skipped must be zero. */
  align(alignment: number): void {
    const rest = this.#at % alignment;
    if (rest === 0) return;
    const start = this.offset;
    if (this.view(alignment - rest).some((byte) => byte !== 0)) {
      throw new FormatError('expected zero bytes of padding', start);
    }
  }
  /** count floats, copied; finite unless the file is refused. The count is checked before anything is allocated. */
  f32Array(label: string, count: number): Float32Array<ArrayBuffer> {
    const start = this.#take(count * 4);
    const out = new Float32Array(this.#copyWords(start, count));
    for (let i = 0; i < count; i++) {
      const value = out[i] as number;
      // 0 for every finite number, NaN for the others
      if (value - value !== 0) {
        throw new FormatError(
          `"${label}" expected finite values, got ${value}`,
          this.#origin + start + 4 * i,
        );
      }
    }
    return out;
  }
  /** n rows of d floats, copied, each at most `longest` long; see rowsDefect. */
  rows(label: string, n: number, d: number, longest?: number): Float32Array<ArrayBuffer> {
    const start = this.offset;
    const out = this.f32Array(label, n * d);
    const defect = rowsDefect(label, out, d, longest);
    if (defect !== undefined) throw new FormatError(defect, start);
    return out;
  }
  u32Array(count: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.#copyWords(this.#take(count * 4), count));
  }
  /** The bytes of count words of four, in the order of this machine. */
  #copyWords(start: number, count: number): ArrayBuffer {
    const copy = new Uint8Array(count * 4);
    copy.set(this.#bytes.subarray(start, start + count * 4));
    if (!IS_LITTLE_ENDIAN) {
      for (let i = 0; i < copy.length; i += 4) copy.subarray(i, i + 4).reverse();
    }
    return copy.buffer;
  }
  /** Refuses bytes left over. */
  end(): void {
    if (this.remaining !== 0) this.fail(`expected the end, got ${this.remaining} more bytes`);
  }
}
