/**
 * Thrift's compact protocol, as much of it as Parquet uses. A list is as long as the bytes that are left at most, and structs are nested at
 * most 32 deep, so that reading ends.
 */

/** A value: text as its bytes, a struct as its fields by number. */
export type ThriftValue = number | boolean | Uint8Array | readonly ThriftValue[] | ThriftStruct;

const MAX_DEPTH = 32;

export class ThriftStruct {
  readonly #fields: ReadonlyMap<number, ThriftValue>;

  constructor(fields: ReadonlyMap<number, ThriftValue>) {
    this.#fields = fields;
  }

  /** undefined where the field is missing or no number. */
  number(id: number): number | undefined {
    const value = this.#fields.get(id);
    return typeof value === 'number' ? value : undefined;
  }

  boolean(id: number): boolean | undefined {
    const value = this.#fields.get(id);
    return typeof value === 'boolean' ? value : undefined;
  }

  text(id: number): string {
    const value = this.#fields.get(id);
    return value instanceof Uint8Array ? new TextDecoder().decode(value) : '';
  }

  struct(id: number): ThriftStruct | undefined {
    const value = this.#fields.get(id);
    return value instanceof ThriftStruct ? value : undefined;
  }

  structs(id: number): ThriftStruct[] {
    return this.#list(id).filter((value) => value instanceof ThriftStruct);
  }

  texts(id: number): string[] {
    return this.#list(id)
      .filter((value) => value instanceof Uint8Array)
      .map((value) => new TextDecoder().decode(value));
  }

  #list(id: number): readonly ThriftValue[] {
    const value = this.#fields.get(id);
    return Array.isArray(value) ? value : [];
  }
}

/** Reads one struct. @throws RangeError on damage */
export class ThriftReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Byte behind what was read. */
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  struct(depth: number = 0): ThriftStruct {
    if (depth > MAX_DEPTH) throw new RangeError(`expected structs nested at most ${MAX_DEPTH} deep`);
    const fields = new Map<number, ThriftValue>();
    let id = 0;
    for (;;) {
      const byte = this.#byte();
      const type = byte & 15;
      if (type === 0) return new ThriftStruct(fields);
      id = byte >> 4 === 0 ? this.#zigzag() : id + (byte >> 4);
      fields.set(id, type === 1 || type === 2 ? type === 1 : this.#value(type, depth));
    }
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      // booleans of a list have a byte each
      case 1:
      case 2:
        return this.#byte() === 1;
      case 3:
        return (this.#byte() << 24) >> 24;
      case 4:
      case 5:
      case 6:
        return this.#zigzag();
      case 7:
        this.position += 8;
        return this.#view.getFloat64(this.position - 8, true);
      case 8: {
        const length = this.#varint();
        if (length > this.#bytes.length - this.position)
          throw new RangeError(`expected at most ${this.#bytes.length - this.position} bytes, got ${length}`);
        this.position += length;
        return this.#bytes.subarray(this.position - length, this.position);
      }
      case 9:
      case 10:
        return this.#list(depth);
      case 12:
        return this.struct(depth + 1);
      default:
        throw new RangeError(`expected a type of Thrift, got ${type}`);
    }
  }

  #list(depth: number): ThriftValue[] {
    if (depth > MAX_DEPTH) throw new RangeError(`expected lists nested at most ${MAX_DEPTH} deep`);
    const byte = this.#byte();
    const length = byte >> 4 === 15 ? this.#varint() : byte >> 4;
    if (length > this.#bytes.length - this.position)
      throw new RangeError(`expected a list of at most ${this.#bytes.length - this.position}, got ${length}`);
    const values: ThriftValue[] = [];
    for (let i = 0; i < length; i++) values.push(this.#value(byte & 15, depth + 1));
    return values;
  }

  #byte(): number {
    const byte = this.#bytes[this.position++];
    if (byte === undefined) throw new RangeError('the struct is cut short');
    return byte;
  }

  /** Up to 2^63, beyond 2^53 rounded. */
  #varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 64; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError('expected an integer of at most 64 bits');
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
