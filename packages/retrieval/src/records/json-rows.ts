/**
 * JSON values, one a row, as words of 32 bits: the low three bits say what it is, the others are its payload.
 *
 *   0 null, false, true (payload 0, 1, 2)   1 an integer within ±2^28 (payload + 2^28)   2 a number, f64 in the next two words
 *   3 a string (place in the table)         4 an array (length), its values behind       5 an object of a known shape (place
 *   of the shape: its keys in order), its values behind                                  6 another object (members), key and value
 *   of each behind
 *
 * A row is read where it lies: a filter follows a path without making an object. What `at` gives back is JSON.parse of
 * JSON.stringify of what came, order of keys included.
 *
 * 100,000 notes { folder, tags, mtime, title }, Node 22: 112 bytes of heap a note and 74 of a file, against 144 and 120 of
 * one JSON string a row, and 219 of an object a row. A predicate over all takes 15 to 19 ms, against 128 of JSON.parse and 2 of
 * objects that are there already; expressions (evaluate.ts) make no objects.
 */
import type { JsonValue } from './json.ts';
import { StringTable } from './strings.ts';

export const LITERAL = 0;
export const INTEGER = 1;
export const NUMBER = 2;
export const STRING = 3;
export const ARRAY = 4;
export const SHAPED = 5;
export const OBJECT = 6;

/** No value. */
export const NONE = 0xffffffff;
const MAX_PAYLOAD = 2 ** 29 - 1;
const INTEGER_OFFSET = 2 ** 28;
/** Objects of more different keys are written with their keys. */
export const MAX_SHAPES = 1024;
/** So many words of values that are gone are left alone. */
const LEAST_GARBAGE = 16_384;

export interface Shape {
  readonly keys: readonly string[];
  /** Place of each key. */
  readonly places: ReadonlyMap<string, number>;
  /** Assigning this member would set the prototype. */
  readonly hasProto: boolean;
  /** An object of these keys, but for that one: copied, it is filled faster than one that grows. */
  readonly template: Readonly<Record<string, null>>;
}

export function shapeOf(keys: readonly string[]): Shape {
  const places = new Map(keys.map((key, i) => [key, i]));
  const hasProto = places.has('__proto__');
  const template = hasProto ? {} : Object.fromEntries(keys.map((key) => [key, null]));
  return { keys, places, hasProto, template };
}

const literals = [null, false, true] as const;

export class JsonRows {
  #count = 0;
  /** First word of each row, or NONE; empty until a row has a value. */
  #starts: Uint32Array = new Uint32Array(0);
  #words: Uint32Array;
  #used: number;
  #garbage = 0;
  #strings: StringTable;
  #shapes: Shape[];
  #shapeOf: Map<string, number>;
  /** By the number of keys: the shape that came last. */
  #lastShapes: (number | undefined)[] = [];
  readonly #double = new Float64Array(1);
  readonly #halves = new Uint32Array(this.#double.buffer);

  /** parts — checked contents of a file. */
  constructor(parts?: {
    readonly starts: Uint32Array;
    readonly words: Uint32Array;
    readonly strings: string[];
    readonly shapes: Shape[];
  }) {
    this.#count = parts?.starts.length ?? 0;
    this.#starts = parts?.starts ?? this.#starts;
    this.#words = parts?.words ?? new Uint32Array(0);
    this.#used = this.#words.length;
    this.#strings = new StringTable(parts?.strings);
    this.#shapes = parts?.shapes ?? [];
    this.#shapeOf = new Map(this.#shapes.map(({ keys }, i) => [JSON.stringify(keys), i]));
  }

  /** Rows, those without a value included. */
  get count(): number {
    return this.#count;
  }
  /** Whether no row ever had a value: then nothing is kept. */
  get isEmpty(): boolean {
    return this.#starts.length === 0;
  }
  /** Not to be kept across changes. */
  get words(): Uint32Array {
    return this.#words.subarray(0, this.#used);
  }
  get strings(): readonly string[] {
    return this.#strings.list;
  }
  get shapes(): readonly Shape[] {
    return this.#shapes;
  }
  bytesUsed(): number {
    return this.#starts.byteLength + this.#words.byteLength + (this.isEmpty ? 0 : this.#strings.bytesUsed());
  }

  /** First word of a row's value, or NONE. */
  startOf(row: number): number {
    return row < this.#starts.length ? (this.#starts[row] as number) : NONE;
  }

  push(value: JsonValue | undefined): void {
    const row = this.#count++;
    if (value === undefined && this.isEmpty) return;
    this.#reserveRows(this.#count);
    this.#starts[row] = value === undefined ? NONE : this.#append(value);
  }
  /** So many rows without a value. */
  skip(count: number): void {
    this.#count += count;
    if (!this.isEmpty) this.#reserveRows(this.#count);
  }
  /** So many rows from now on, none with a value. */
  truncate(count: number): void {
    this.#count = count;
  }
  set(row: number, value: JsonValue | undefined): void {
    if (value === undefined && this.isEmpty) return;
    this.#reserveRows(this.#count);
    const old = this.#starts[row] as number;
    if (old !== NONE) this.#garbage += this.next(old) - old;
    this.#starts[row] = value === undefined ? NONE : this.#append(value);
    if (this.#garbage > LEAST_GARBAGE && 2 * this.#garbage > this.#used) {
      this.#take(this.kept(Uint32Array.from({ length: this.#count }, (_, i) => i)));
    }
  }
  /** What a row holds, made anew. */
  at(row: number): JsonValue | undefined {
    const start = this.startOf(row);
    return start === NONE ? undefined : this.#read(start);
  }
  /**
   * Rows of their own, in which row i is what keep[i] is here. The same values in the same order give the same words,
   * whatever was here before.
   */
  kept(keep: Uint32Array): JsonRows {
    const out = new JsonRows();
    for (const row of keep) out.push(this.at(row));
    return out;
  }
  compact(keep: Uint32Array): void {
    this.#take(this.kept(keep));
  }

  #take(other: JsonRows): void {
    this.#count = other.#count;
    this.#starts = other.#starts;
    this.#words = other.#words;
    this.#used = other.#used;
    this.#garbage = 0;
    this.#strings = other.#strings;
    this.#shapes = other.#shapes;
    this.#shapeOf = other.#shapeOf;
    this.#lastShapes = other.#lastShapes;
  }

  #reserveRows(count: number): void {
    if (count <= this.#starts.length) return;
    const grown = new Uint32Array(Math.max(64, count, Math.ceil(1.5 * this.#starts.length))).fill(NONE);
    grown.set(this.#starts);
    this.#starts = grown;
  }

  #append(value: JsonValue): number {
    const start = this.#used;
    this.#write(value);
    return start;
  }
  #word(tag: number, payload: number): void {
    if (payload > MAX_PAYLOAD) throw new RangeError(`"metadata" expected at most ${MAX_PAYLOAD} strings`);
    this.#raw(payload * 8 + tag);
  }
  #raw(word: number): void {
    if (this.#used === this.#words.length) {
      const grown = new Uint32Array(Math.max(256, Math.ceil(1.5 * this.#used)));
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[this.#used++] = word;
  }
  #write(value: JsonValue | undefined): void {
    if (typeof value === 'string') this.#word(STRING, this.#strings.add(value));
    else if (typeof value === 'number') this.#writeNumber(value);
    else if (typeof value !== 'object' || value === null) {
      this.#word(LITERAL, value === true ? 2 : value === false ? 1 : 0);
    } else if (isList(value)) {
      this.#word(ARRAY, value.length);
      for (const one of value) this.#write(one);
    } else this.#writeObject(value);
  }
  #writeObject(value: { readonly [key: string]: JsonValue | undefined }): void {
    const keys = Object.keys(value);
    const shape = this.#shape(keys);
    if (shape === undefined) this.#word(OBJECT, keys.length);
    else this.#word(SHAPED, shape);
    for (const key of keys) {
      if (shape === undefined) this.#word(STRING, this.#strings.add(key));
      this.#write(value[key]);
    }
  }
  #writeNumber(value: number): void {
    if (Number.isInteger(value) && value >= -INTEGER_OFFSET && value < INTEGER_OFFSET) {
      this.#word(INTEGER, value + INTEGER_OFFSET);
      return;
    }
    this.#word(NUMBER, 0);
    this.#double[0] = value;
    this.#raw(this.#halves[0] as number);
    this.#raw(this.#halves[1] as number);
  }
  #shape(keys: readonly string[]): number | undefined {
    const last = this.#lastShapes[keys.length & 31];
    if (last !== undefined && isSame((this.#shapes[last] as Shape).keys, keys)) return last;
    const shape = this.#findShape(keys);
    this.#lastShapes[keys.length & 31] = shape;
    return shape;
  }
  #findShape(keys: readonly string[]): number | undefined {
    const text = JSON.stringify(keys);
    const known = this.#shapeOf.get(text);
    if (known !== undefined || this.#shapes.length >= MAX_SHAPES) return known;
    this.#shapeOf.set(text, this.#shapes.length);
    this.#shapes.push(shapeOf(keys));
    return this.#shapes.length - 1;
  }

  wordAt(at: number): number {
    return this.#words[at] as number;
  }
  /** Where the value of a key stands among those of a shape. */
  placeOf(shape: number, key: string): number | undefined {
    return (this.#shapes[shape] as Shape).places.get(key);
  }

  /** The word behind the value at `at`. */
  next(at: number): number {
    const first = (this.#words[at] as number) & 7;
    if (first < ARRAY) return first === NUMBER ? at + 3 : at + 1;
    let position = at;
    for (let open = 1; open > 0; open--) {
      const word = this.#words[position++] as number;
      const tag = word & 7;
      if (tag < NUMBER || tag === STRING) continue;
      if (tag === NUMBER) position += 2;
      else if (tag === ARRAY) open += word >>> 3;
      else if (tag === OBJECT) open += 2 * (word >>> 3);
      else open += (this.#shapes[word >>> 3] as Shape).keys.length;
    }
    return position;
  }

  /** The string, number, boolean or null at `at`; undefined for arrays and objects. */
  scalar(at: number): string | number | boolean | null | undefined {
    const word = this.#words[at] as number;
    const payload = word >>> 3;
    switch (word & 7) {
      case LITERAL:
        return literals[payload];
      case INTEGER:
        return payload - INTEGER_OFFSET;
      case NUMBER:
        this.#halves[0] = this.#words[at + 1] as number;
        this.#halves[1] = this.#words[at + 2] as number;
        return this.#double[0] as number;
      case STRING:
        return this.#strings.list[payload] as string;
      default:
        return undefined;
    }
  }

  #at = 0;
  #read(at: number): JsonValue {
    this.#at = at;
    return this.#readNext();
  }
  #readNext(): JsonValue {
    const word = this.#words[this.#at] as number;
    const tag = word & 7;
    const payload = word >>> 3;
    if (tag < ARRAY) {
      const value = this.scalar(this.#at);
      this.#at += tag === NUMBER ? 3 : 1;
      return value as JsonValue;
    }
    this.#at++;
    if (tag === ARRAY) {
      const list: JsonValue[] = [];
      for (let i = 0; i < payload; i++) list.push(this.#readNext());
      return list;
    }
    if (tag === OBJECT) {
      const out = {};
      for (let i = 0; i < payload; i++) define(out, this.#readNext() as string, this.#readNext());
      return out;
    }
    const { keys, hasProto, template } = this.#shapes[payload] as Shape;
    const out: Record<string, JsonValue> = { ...template };
    for (let i = 0; i < keys.length; i++) {
      if (hasProto) define(out, keys[i] as string, this.#readNext());
      else out[keys[i] as string] = this.#readNext();
    }
    return out;
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, i) => key === b[i]);
}

/** Without a setter of the prototype's being called. */
function define(target: object, key: string, value: JsonValue): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Array.isArray does not narrow readonly arrays away. */
function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
