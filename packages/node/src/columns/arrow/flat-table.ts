/**
 * Tables of FlatBuffers, read in place. Every access is bounds-checked by DataView, whose RangeError callers turn into FormatError; vectors
 * are checked against the bytes that are left.
 */
export class FlatTable {
  readonly #view: DataView;
  readonly #at: number;
  readonly #fields: number;

  private constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
    this.#fields = at - view.getInt32(at, true);
    view.getUint16(this.#fields, true);
  }

  /** The table at the root of a buffer. */
  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new FlatTable(view, view.getUint32(0, true));
  }

  /** Place of a field's value, or undefined where it has its default. */
  #place(field: number): number | undefined {
    const at = 4 + 2 * field;
    if (at >= this.#view.getUint16(this.#fields, true)) return undefined;
    const offset = this.#view.getUint16(this.#fields + at, true);
    return offset === 0 ? undefined : this.#at + offset;
  }

  #target(field: number): number | undefined {
    const at = this.#place(field);
    return at === undefined ? undefined : at + this.#view.getUint32(at, true);
  }

  int8(field: number): number {
    const at = this.#place(field);
    return at === undefined ? 0 : this.#view.getInt8(at);
  }

  int16(field: number): number {
    const at = this.#place(field);
    return at === undefined ? 0 : this.#view.getInt16(at, true);
  }

  int32(field: number): number {
    const at = this.#place(field);
    return at === undefined ? 0 : this.#view.getInt32(at, true);
  }

  int64(field: number): number {
    const at = this.#place(field);
    return at === undefined ? 0 : Number(this.#view.getBigInt64(at, true));
  }

  table(field: number): FlatTable | undefined {
    const at = this.#target(field);
    return at === undefined ? undefined : new FlatTable(this.#view, at);
  }

  text(field: number): string {
    const at = this.#target(field);
    if (at === undefined) return '';
    const length = this.#length(at, 1);
    return new TextDecoder().decode(
      new Uint8Array(this.#view.buffer, this.#view.byteOffset + at + 4, length),
    );
  }

  tables(field: number): FlatTable[] {
    const at = this.#target(field);
    if (at === undefined) return [];
    return Array.from({ length: this.#length(at, 4) }, (_, i) => {
      const place = at + 4 + 4 * i;
      return new FlatTable(this.#view, place + this.#view.getUint32(place, true));
    });
  }

  /** A vector of structs of `width` 64-bit integers each, one after the other. */
  int64s(field: number, width: number): Float64Array {
    const at = this.#target(field);
    if (at === undefined) return new Float64Array(0);
    const n = this.#length(at, 8 * width) * width;
    return Float64Array.from({ length: n }, (_, i) => Number(this.#view.getBigInt64(at + 4 + 8 * i, true)));
  }

  #length(at: number, elementBytes: number): number {
    const length = this.#view.getUint32(at, true);
    if (length * elementBytes <= this.#view.byteLength - at - 4) return length;
    throw new RangeError(`expected a vector inside the message, got ${length} elements`);
  }
}
