/** Columns of a record batch: only the buffers of those asked for are read. */
import { FormatError } from '@sagitta/core-wasm';
import type { JsonValue } from '@sagitta/retrieval';
import type { DataFile } from '../../files/data-file.ts';
import {
  bytesOf,
  decodeDoubles,
  decodeNumbers,
  isInteger,
  type NumberType,
} from '../../readers/number-type.ts';
import { decompress, decompressUpTo } from '../compression.ts';
import type { ListColumn, NumberColumn } from '../table.ts';
import type { ArrowBatchHead } from './messages.ts';
import type { ArrowField } from './schema.ts';

/** Where a field's node and buffers lie in a batch. */
interface Place {
  readonly node: number;
  readonly buffer: number;
  readonly variadic: number;
}

/** Bytes of one buffer, and those that writers add to reach a multiple of 64. */
const MAX_BUFFER_BYTES = 2 ** 32;
const MAX_PADDING = 64;

export class ArrowBatch {
  readonly head: ArrowBatchHead;
  readonly #file: DataFile;
  readonly #label: string;
  readonly #places: ReadonlyMap<ArrowField, Place>;
  /** Texts of a dictionary by its number. */
  readonly #dictionary: (id: number) => Promise<readonly JsonValue[]>;

  constructor(
    file: DataFile,
    head: ArrowBatchHead,
    fields: readonly ArrowField[],
    label: string,
    dictionary: (id: number) => Promise<readonly JsonValue[]>,
  ) {
    this.#file = file;
    this.head = head;
    this.#label = label;
    this.#dictionary = dictionary;
    this.#places = placesOf(fields, head);
  }

  /** Numbers inside lists, at the end of a way through structs. */
  async lists(way: readonly ArrowField[]): Promise<ListColumn> {
    const field = way.at(-1) as ArrowField;
    const column = await this.#column(field, this.head.rows);
    if (column.kind !== 'lists') throw this.#fail('expected lists of numbers');
    let { valid } = column;
    // a struct that is missing takes what is in it along
    for (const struct of way.slice(0, -1)) valid = both(valid, await this.#validity(struct, this.head.rows));
    return { ...column, valid };
  }

  async scalars(way: readonly ArrowField[]): Promise<JsonValue[]> {
    const field = way.at(-1) as ArrowField;
    const { rows } = this.head;
    let valid = await this.#validity(field, rows);
    for (const struct of way.slice(0, -1)) valid = both(valid, await this.#validity(struct, rows));
    const values =
      field.layout === 'numbers' ? await this.#scalarNumbers(field, rows) : await this.texts(field, rows);
    for (let row = 0; row < rows; row++) if (valid?.[row] === 0) values[row] = null;
    return values;
  }

  async texts(field: ArrowField, rows: number): Promise<JsonValue[]> {
    if (field.dictionary !== undefined && field.number !== undefined) {
      const words = await this.#dictionary(field.dictionary);
      const indices = await this.#doubles(field, field.number, rows);
      return Array.from(indices, (index) => words[index] ?? null);
    }
    if (field.layout === 'text-views') return this.#viewedTexts(field, rows);
    const offsets = await this.#offsets(field, rows, field.layout === 'large-texts');
    const bytes = Buffer.from(await this.#buffer(field, 2, offsets[rows] as number));
    if ((offsets[rows] as number) > bytes.length)
      throw this.#fail(`"${field.name}": expected texts inside ${bytes.length} bytes, got ${offsets[rows]}`);
    return Array.from({ length: rows }, (_, i) => bytes.toString('utf8', offsets[i], offsets[i + 1]));
  }

  async #viewedTexts(field: ArrowField, rows: number): Promise<JsonValue[]> {
    const views = await this.#exactly(field, 1, 16 * rows);
    const { variadic } = this.#place(field);
    const parts: Buffer[] = [];
    for (let i = 0; i < variadic; i++) parts.push(Buffer.from(await this.#buffer(field, 2 + i, 0)));
    const view = new DataView(views.buffer, views.byteOffset, views.byteLength);
    return Array.from({ length: rows }, (_, i) => {
      const length = view.getInt32(16 * i, true);
      if (length >= 0 && length <= 12)
        return Buffer.from(views.subarray(16 * i + 4, 16 * i + 4 + length)).toString();
      const part = parts[view.getInt32(16 * i + 8, true)];
      const start = view.getInt32(16 * i + 12, true);
      if (part === undefined || length < 0 || start < 0 || start + length > part.length)
        throw this.#fail(`"${field.name}": expected a text inside its buffers`);
      return part.toString('utf8', start, start + length);
    });
  }

  async #scalarNumbers(field: ArrowField, rows: number): Promise<JsonValue[]> {
    const { number } = field;
    if (number === 'bool')
      return Array.from(bits(await this.#exactly(field, 1, Math.ceil(rows / 8)), rows), (bit) => bit === 1);
    const values = await this.#doubles(field, number as NumberType, rows);
    return Array.from(values, (value) => (Number.isFinite(value) ? value : null));
  }

  async #doubles(field: ArrowField, type: NumberType, rows: number): Promise<Float64Array> {
    return decodeDoubles(type, await this.#exactly(field, 1, rows * bytesOf(type)), rows);
  }

  async #column(field: ArrowField, rows: number): Promise<ListColumn | NumberColumn> {
    const valid = await this.#validity(field, rows);
    const [child] = field.children;
    if (field.layout === 'numbers') return { ...(await this.#numbers(field, rows)), valid };
    if (child === undefined) throw this.#fail(`"${field.name}": expected lists of numbers`);
    const length = this.#lengthOf(child);
    // what is inside is held against its bytes first: lists of a fixed size have no offsets that would bound their number
    const inside = await this.#column(child, length);
    const last = field.layout === 'fixed-list' ? rows * Math.max(1, field.listSize) : 0;
    if (last > length)
      throw this.#fail(`"${field.name}": expected ${last} values in ${rows} lists, got ${length}`);
    const offsets =
      field.layout === 'fixed-list'
        ? fixedOffsets(field.listSize, rows)
        : await this.#offsets(field, rows, field.layout === 'large-list');
    if ((offsets[rows] as number) > length)
      throw this.#fail(
        `"${field.name}": expected offsets that ascend to ${length}, got ${offsets[rows]} at ${rows}`,
      );
    return { kind: 'lists', offsets, valid, inside };
  }

  async #numbers(field: ArrowField, rows: number): Promise<NumberColumn> {
    const type = field.number as NumberType;
    const kind = 'numbers';
    if (type === 'bool') {
      const values = Float32Array.from(bits(await this.#exactly(field, 1, Math.ceil(rows / 8)), rows));
      return { kind, values, isInteger: true };
    }
    const bytes = await this.#exactly(field, 1, rows * bytesOf(type));
    if (bytesOf(type) > 4 || type === 'int32' || type === 'uint32')
      return { kind, values: decodeDoubles(type, bytes, rows), isInteger: isInteger(type) };
    const values = new Float32Array(rows);
    decodeNumbers(type, bytes, values);
    return { kind, values, isInteger: isInteger(type) };
  }

  /** rows + 1 ascending places. */
  async #offsets(field: ArrowField, rows: number, isLarge: boolean): Promise<Int32Array | Float64Array> {
    // a batch without rows may have no offsets at all
    if (rows === 0) return new Int32Array(1);
    const type = isLarge ? 'int64' : 'int32';
    const bytes = await this.#exactly(field, 1, (rows + 1) * bytesOf(type));
    const offsets = decodeDoubles(type, bytes, rows + 1);
    let before = 0;
    for (let i = 0; i <= rows; i++) {
      const offset = offsets[i] as number;
      if (!(offset >= before))
        throw this.#fail(`"${field.name}": expected offsets that ascend, got ${offset} at ${i}`);
      before = offset;
    }
    return offsets;
  }

  /** 1 for values that are there; undefined if all are. */
  async #validity(field: ArrowField, rows: number): Promise<Uint8Array | undefined> {
    const { node } = this.#place(field);
    const missing = this.head.nodes[2 * node + 1] as number;
    if (missing === 0 || rows === 0) return undefined;
    const bytes = await this.#buffer(field, 0, Math.ceil(rows / 8));
    if (bytes.length === 0) return undefined;
    if (bytes.length < Math.ceil(rows / 8))
      throw this.#fail(
        `"${field.name}": expected ${Math.ceil(rows / 8)} bytes of validity, got ${bytes.length}`,
      );
    return bits(bytes, rows);
  }

  async #exactly(field: ArrowField, index: number, wanted: number): Promise<Uint8Array> {
    const bytes = await this.#buffer(field, index, wanted);
    if (bytes.length >= wanted) return bytes;
    throw this.#fail(`"${field.name}": expected ${wanted} bytes of values, got ${bytes.length}`);
  }

  /** @param wanted bytes that are needed of it */
  async #buffer(field: ArrowField, index: number, wanted: number): Promise<Uint8Array> {
    const at = 2 * (this.#place(field).buffer + index);
    const { buffers, body, codec } = this.head;
    const [offset, length] = [buffers[at], buffers[at + 1]];
    if (offset === undefined || length === undefined)
      throw this.#fail(`"${field.name}": expected more buffers`);
    const bytes = new Uint8Array(length);
    await this.#file.read(bytes, body + offset);
    if (codec === undefined || length === 0) return bytes;
    const fail = (what: string): FormatError => this.#fail(`"${field.name}": ${what}`);
    if (length < 8) throw fail('a compressed buffer is cut short');
    const size = Number(new DataView(bytes.buffer).getBigInt64(0, true));
    const rest = bytes.subarray(8);
    // -1: not compressed after all
    if (size === -1) return rest;
    if (!(size >= 0 && size <= MAX_BUFFER_BYTES))
      throw fail(`expected at most ${MAX_BUFFER_BYTES} bytes, got ${size}`);
    // the writer of apache-arrow for JavaScript puts the compressed size where the other should be
    if (size === rest.length && size < wanted) return decompressUpTo(codec, rest, wanted + MAX_PADDING, fail);
    return decompress(codec, rest, size, fail);
  }

  #lengthOf(field: ArrowField): number {
    const length = this.head.nodes[2 * this.#place(field).node] as number;
    if (Number.isSafeInteger(length) && length >= 0) return length;
    throw this.#fail(`"${field.name}": expected a number of values, got ${length}`);
  }

  #place(field: ArrowField): Place {
    const place = this.#places.get(field);
    if (place === undefined || 2 * place.node >= this.head.nodes.length)
      throw this.#fail(`"${field.name}": expected a column in the record batch`);
    return place;
  }

  #fail(what: string): FormatError {
    return new FormatError(`${this.#label}: ${what}`, this.head.body);
  }
}

function placesOf(fields: readonly ArrowField[], head: ArrowBatchHead): Map<ArrowField, Place> {
  const places = new Map<ArrowField, Place>();
  let [node, buffer, views] = [0, 0, 0];
  const visit = (field: ArrowField): void => {
    const variadic = field.hasVariadic ? Math.max(0, head.variadic[views++] ?? 0) : 0;
    places.set(field, { node: node++, buffer, variadic });
    buffer += field.buffers + variadic;
    field.children.forEach(visit);
  };
  fields.forEach(visit);
  return places;
}

function bits(bytes: Uint8Array, n: number): Uint8Array {
  const out = new Uint8Array(n);
  for (let i = 0; i < n; i++) out[i] = ((bytes[i >> 3] as number) >> (i & 7)) & 1;
  return out;
}

function both(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.map((bit, i) => bit & (b[i] as number));
}

function fixedOffsets(listSize: number, rows: number): Float64Array {
  return Float64Array.from({ length: rows + 1 }, (_, i) => i * listSize);
}
