/**
 * Numbers at the door: what may stand where vectors are asked for, turned into the one kind that everything inside works
 * with. A Float32Array is taken as it is, of any realm and without a copy; other numbers are converted once.
 */

/** A Float16Array where the engine has it, by what it answers. */
export interface HalfArray extends ArrayLike<number>, ArrayBufferView {
  readonly [Symbol.toStringTag]: 'Float16Array';
}

/** Numbers of one kind: a Float32Array (taken without a copy), a Float64Array, a Float16Array or plain numbers. */
export type Numbers = Float32Array | Float64Array | HalfArray | readonly number[];

/** Vectors are given in one of two ways: their numbers one after the other, or one array of d numbers each. */
export type Vectors = Numbers | readonly Numbers[];

/** Are whole numbers from 0 below 2^32: a Uint32Array, an Int32Array or plain numbers. */
export type WholeNumbers = Uint32Array | Int32Array | readonly number[];

const KINDS = 'a Float32Array, Float64Array, Float16Array or an array of numbers';

/** The name of an array's or view's kind, the same in every realm; undefined for what is no view. */
function viewName(value: unknown): string | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  return value instanceof DataView ? 'DataView' : Object.prototype.toString.call(value).slice(8, -1);
}

function isRow(value: unknown): value is Numbers {
  const name = viewName(value);
  return (
    name === 'Float32Array' || name === 'Float64Array' || name === 'Float16Array' || Array.isArray(value)
  );
}

/** A Float32Array of any realm. */
export function isFloat32(value: unknown): value is Float32Array {
  return value instanceof Float32Array || viewName(value) === 'Float32Array';
}

/**
 * `value` as a Float32Array: itself if it is one (a view of the same memory if it is another realm's), else a converted
 * copy.
 * @throws TypeError on what holds no numbers, with what to do; RangeError on numbers beyond float32
 */
export function toFloat32(label: string, value: unknown): Float32Array {
  if (value instanceof Float32Array) return value;
  if (isFloat32(value)) return new Float32Array(value.buffer, value.byteOffset, value.length);
  if (!isRow(value)) throw new TypeError(`"${label}" expected ${KINDS}, got ${describe(value)}`);
  return converted(label, value, new Float32Array(value.length));
}

/**
 * Rows of d numbers as one Float32Array: `toFloat32`, where an array of arrays is taken row by row too.
 * @throws TypeError, RangeError as toFloat32 does, and on a row of another length
 */
export function toFloat32Rows(label: string, value: unknown, d: number): Float32Array {
  if (!Array.isArray(value) || !isRow(value[0])) return toFloat32(label, value);
  const rows: readonly unknown[] = value;
  const out = new Float32Array(rows.length * d);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    const name = `${label}[${i}]`;
    if (!isRow(row)) throw new TypeError(`"${name}" expected ${KINDS}, got ${describe(row)}`);
    if (row.length !== d) throw new RangeError(`"${name}" expected d = ${d} numbers, got ${row.length}`);
    const target = out.subarray(i * d, (i + 1) * d);
    if (isFloat32(row)) target.set(row);
    else converted(name, row, target);
  }
  return out;
}

/** Writes numbers to out, as many. */
function converted(label: string, values: ArrayLike<unknown>, out: Float32Array): Float32Array {
  let most = 0;
  let vanished = false;
  for (let i = 0; i < out.length; i++) {
    const value = values[i];
    if (typeof value !== 'number') {
      throw new TypeError(`"${label}" expected numbers, got ${describe(value)} at ${i}`);
    }
    out[i] = value;
    const amount = Math.abs(out[i] as number);
    if (amount === Number.POSITIVE_INFINITY && Number.isFinite(value)) {
      throw new RangeError(`"${label}" expected numbers within ±3.4e38 (float32), got ${value} at ${i}`);
    }
    if (amount > most) most = amount;
    if (amount === 0 && value !== 0) vanished = true;
  }
  if (most === 0 && vanished) {
    throw new RangeError(
      `"${label}" expected numbers of at least 1.4e-45 (float32), got ones that are all taken for 0`,
    );
  }
  return out;
}

/**
 * `value` as a Uint32Array: itself if it is one, a view of it if it is another realm's, else a converted copy.
 * @throws TypeError on what holds no numbers, RangeError on numbers that are no u32
 */
export function toUint32(label: string, value: unknown): Uint32Array {
  if (value instanceof Uint32Array) return value;
  const name = viewName(value);
  if (name === 'Uint32Array') {
    const { buffer, byteOffset, length } = value as Uint32Array;
    return new Uint32Array(buffer, byteOffset, length);
  }
  if (name !== 'Int32Array' && !Array.isArray(value)) {
    throw new TypeError(
      `"${label}" expected a Uint32Array, Int32Array or an array of numbers, got ${describe(value)}`,
    );
  }
  const values = value as ArrayLike<unknown>;
  const out = new Uint32Array(values.length);
  for (let i = 0; i < out.length; i++) {
    const whole = values[i];
    if (typeof whole !== 'number') {
      throw new TypeError(`"${label}" expected numbers, got ${describe(whole)} at ${i}`);
    }
    out[i] = whole;
    if (out[i] !== whole)
      throw new RangeError(`"${label}" expected integers from 0 to 4294967295, got ${whole} at ${i}`);
  }
  return out;
}

/** What came instead, and how it becomes numbers. */
function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  const name = viewName(value) ?? '';
  if (name !== '') {
    const own = value.constructor?.name ?? name;
    if (name === 'Uint8Array' || name === 'DataView') {
      return `${own} (of a float32's bytes: new Float32Array(x.buffer, x.byteOffset, x.byteLength / 4); of numbers: Float32Array.from(x))`;
    }
    if (name.startsWith('Big')) return `${name} (convert it: Float32Array.from(x, Number))`;
    return `${name} (convert it: Float32Array.from(x))`;
  }
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === 'ArrayBuffer' || tag === 'SharedArrayBuffer') return `${tag} (pass new Float32Array(x))`;
  if ('then' in value) return 'a Promise (await it)';
  if ('toArray' in value) return `${value.constructor?.name ?? tag} (pass x.toArray())`;
  if ('data' in value) return `${value.constructor?.name ?? tag} (pass its data)`;
  if (Symbol.iterator in value) return `${tag} (pass Float32Array.from(x))`;
  return value.constructor?.name ?? tag;
}
