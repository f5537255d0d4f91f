/**
 * JSON records as vectors, typed fields included, with no model: similar records have similar vectors, and fields can be read
 * back (Gallant's MBAT: binding by a matrix, bundling by a sum; orthogonal matrices keep every length, however deep they are
 * nested, and {from, to} is not {to, from}).
 *
 *   object  unit(Σ_key w·(T_key·v(value) + .3·a_key))     sharing a field counts a little by itself
 *   array   unit(Σ_i √(1 - o²)·T_item·v(x_i) + o·T_i·v(x_i)), i at most 63, o = `order`
 *   true, false, null, {}, []  atoms; strings, numbers and dates as leaves.ts says
 *
 * T are a permutation then signs, seeded by the key: orthogonal, d operations, invertible. Only + − × ÷ and √ of integers and
 * floats: the same record gives the same bytes on every engine. The order of keys never matters: they are summed sorted.
 */
import { checkInteger, checkNumber, checkOptions, type OptionTable, toFloat32 } from '@sagitta/core-wasm';
import type { JsonValue } from '../records/json.ts';
import { Atoms, addScaled, addTurned, dot, type Turn, toUnit, turnedBack } from './atoms.ts';
import { Leaves } from './leaves.ts';

/** Says how records become vectors. Paths are keys joined by dots, array items `[]`: `buyer.address.zip`, `tags[]`. */
export interface JsonVectorOptions {
  /** Dimensions, a multiple of 64; default 1,024. */
  readonly d?: number;
  /** Of atoms and maps; default 1. */
  readonly seed?: number;
  /** How much a field counts, by its path, from 0; default 1 each. */
  readonly weights?: Readonly<Record<string, number>>;
  /** How far numbers are alike, in ln(1 + |x|): for all, or by path; default .5. */
  readonly numberScale?: number | Readonly<Record<string, number>>;
  /** Paths that are left out. */
  readonly ignore?: readonly string[];
  /** How much the order of array items counts, 0 to 1; default .6. */
  readonly order?: number;
  /** Takes text such as 2024-05-31 as a day, alike within some weeks; default false. */
  readonly dates?: boolean;
}

const JSON_VECTOR_OPTIONS: OptionTable<JsonVectorOptions> = {
  d: 'number',
  seed: 'number',
  weights: 'any',
  numberScale: 'any',
  ignore: 'any',
  order: 'number',
  dates: 'boolean',
};

/** Says how much of a likeness a field of the query accounts for. */
export interface JsonExplanation {
  readonly path: string;
  /** Cosine of the query's value with what the record has there; 0 where it has nothing. */
  readonly similarity: number;
  /** Part of the cosine of both records that this field of the query brings; all parts and those of keys sum up to it. */
  readonly share: number;
}

/** Is a candidate that a vector may hold. */
export interface JsonReading {
  readonly value: JsonValue;
  readonly similarity: number;
}

const KEY_WEIGHT = 0.3;
const MOST_PLACES = 63;
const MAX_DEPTH = 32;
const MAX_LEAVES = 10_000;
const DEFAULT_SCALE = 0.5;
const DATE_DAYS = 7;
/** Sets of keys whose part is kept. */
const MOST_SHAPES = 1000;
/** Vectors that are kept for the next record. */
const MOST_SPARE = 64;

/** A part of a vector and the path that it is of; '' for keys by themselves. */
interface Part {
  readonly path: string;
  readonly vector: Float32Array;
  /** Nobody else has the vector. */
  readonly isOwn: boolean;
}

interface Walk {
  leaves: number;
  /** Where parts are kept apart. */
  readonly isApart: boolean;
}

/**
 * Makes vectors of JSON values, and reads fields back from them.
 * @example
 * const vectorizer = new JsonVectorizer();
 * index.add({ ids, vectors: vectorizer.encodeAll(records) }); // metric 'cosine', d = vectorizer.d
 * vectorizer.probe(vector, 'buyer.city', ['Ulm', 'Bonn'])[0].value;
 */
export class JsonVectorizer {
  readonly d: number;
  /** All that is needed to make the same vectorizer again: new JsonVectorizer(parameters). */
  readonly parameters: Required<JsonVectorOptions>;
  readonly #atoms: Atoms;
  readonly #leaves: Leaves;
  readonly #ignored: ReadonlySet<string>;
  readonly #weights: ReadonlyMap<string, number>;
  readonly #scales: ReadonlyMap<string, number>;
  readonly #scale: number;
  readonly #keys = new Map<string, Float32Array>();
  /** Vectors that nobody has: arrays of some kB are far slower to make than to fill. */
  readonly #spare: Float32Array[] = [];

  /** @throws RangeError on options out of range */
  constructor(options: JsonVectorOptions = {}) {
    checkOptions('options', options, JSON_VECTOR_OPTIONS);
    const { weights = {}, numberScale = DEFAULT_SCALE, ignore = [], dates = false } = options;
    const d = checkInteger('d', options.d ?? 1024, 64, 65_536);
    if (d % 64 !== 0) throw new RangeError(`"d" expected a multiple of 64, got ${d}`);
    const seed = checkInteger('seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER);
    const order = checkNumber('order', options.order ?? 0.6, 0, 1);
    this.d = d;
    this.parameters = { d, seed, weights, numberScale, ignore, order, dates };
    this.#atoms = new Atoms(d, seed);
    this.#leaves = new Leaves(this.#atoms);
    this.#ignored = new Set(ignore);
    this.#weights = new Map(
      Object.entries(weights).map(([path, weight]) => [
        path,
        checkNumber(`weights of ${path}`, weight, 0, 1e6),
      ]),
    );
    const scales = typeof numberScale === 'number' ? {} : numberScale;
    this.#scales = new Map(
      Object.entries(scales).map(([path, scale]) => [
        path,
        checkNumber(`numberScale of ${path}`, scale, 1e-6, 1e6),
      ]),
    );
    this.#scale = checkNumber(
      'numberScale',
      typeof numberScale === 'number' ? numberScale : DEFAULT_SCALE,
      1e-6,
      1e6,
    );
  }

  /**
   * Makes the vector of a value: d numbers, length 1 (0 where everything is ignored).
   * @throws TypeError on what JSON does not hold; RangeError beyond 32 levels or 10,000 leaves, and on NaN and infinities
   */
  encode(value: JsonValue): Float32Array {
    const out = new Float32Array(this.d);
    this.#encodeInto(value, out);
    return out;
  }

  /** Makes the vectors of values, values.length × d. @throws as encode */
  encodeAll(values: readonly JsonValue[]): Float32Array {
    const out = new Float32Array(values.length * this.d);
    values.forEach((value, i) => {
      this.#encodeInto(value, out.subarray(i * this.d, (i + 1) * this.d));
    });
    return out;
  }

  #encodeInto(value: JsonValue, out: Float32Array): void {
    const parts = this.#partsOf(value, '', 0, { leaves: 0, isApart: false });
    // not apart: there is one
    for (const { vector, isOwn } of parts) {
      out.set(vector);
      if (isOwn) this.#give(vector);
    }
  }

  /** A vector of any numbers. */
  #take(): Float32Array {
    return this.#spare.pop() ?? new Float32Array(this.d);
  }

  #give(vector: Float32Array): void {
    if (this.#spare.length < MOST_SPARE) this.#spare.push(vector);
  }

  /** Says which fields of the query the record answers, by their share in the likeness, largest first. @throws as encode */
  explain(query: JsonValue, record: JsonValue): JsonExplanation[] {
    const whole = this.encode(record);
    const parts = this.#partsOf(query, '', 0, { leaves: 0, isApart: true });
    const shares = new Map<string, number>();
    for (const { path, vector } of parts) {
      if (path !== '') shares.set(path, (shares.get(path) ?? 0) + dot(vector, whole));
    }
    const valuesAt = (value: JsonValue): Map<string, Float32Array> => {
      const sums = new Map<string, Float32Array>();
      this.#eachLeaf(value, '', 0, (path, vector) => {
        const sum = sums.get(path) ?? new Float32Array(this.d);
        addScaled(sum, vector, 1);
        sums.set(path, sum);
      });
      for (const sum of sums.values()) toUnit(sum);
      return sums;
    };
    const [asked, there] = [valuesAt(query), valuesAt(record)];
    return [...shares]
      .map(([path, share]): JsonExplanation => {
        const [a, b] = [asked.get(path), there.get(path)];
        return { path, similarity: a !== undefined && b !== undefined ? dot(a, b) : 0, share };
      })
      .sort((a, b) => b.share - a.share || (a.path < b.path ? -1 : 1));
  }

  /**
   * Reads the field at a path from a vector among candidate values, the likeliest first: `tags[]` is any item of an array,
   * `tags[2]` the third.
   * @throws RangeError on a vector of another length or a path that is none; as encode
   */
  probe(vector: ArrayLike<number>, path: string, candidates: readonly JsonValue[]): JsonReading[] {
    let own: Float32Array = Float32Array.from(toFloat32('vector', Float32Array.from(vector)));
    checkInteger('vector length', own.length, this.d, this.d);
    for (const turn of this.#turnsOf(path)) own = turnedBack(own, turn);
    toUnit(own);
    const general = path.replace(/\[\d+\]/g, '[]');
    return candidates
      .map((value): JsonReading => {
        const [part] = this.#partsOf(value, general, 0, { leaves: 0, isApart: false });
        return { value, similarity: dot(own, (part as Part).vector) };
      })
      .map((reading, i) => ({ reading, i }))
      .sort((a, b) => b.reading.similarity - a.reading.similarity || a.i - b.i)
      .map(({ reading }) => reading);
  }

  #turnsOf(path: string): Turn[] {
    const turns: Turn[] = [];
    for (const step of path === '' ? [] : path.split('.')) {
      const found = /^(.*?)((?:\[\d*\])*)$/s.exec(step) as RegExpExecArray;
      const [, key = '', places = ''] = found;
      if (key !== '' || places === '') turns.push(this.#atoms.turn(`key/${key}`));
      for (const [, place = ''] of places.matchAll(/\[(\d*)\]/g)) {
        turns.push(this.#atoms.turn(place === '' ? 'item' : `at/${Math.min(MOST_PLACES, Number(place))}`));
      }
    }
    return turns;
  }

  /** Parts whose sum is the vector of the value: one, or where they are kept apart one a leaf and one a key. */
  #partsOf(value: JsonValue, path: string, depth: number, walk: Walk): Part[] {
    if (depth > MAX_DEPTH)
      throw new RangeError(`"value" expected at most ${MAX_DEPTH} levels, got more at ${path}`);
    const children: {
      readonly turns: readonly (readonly [Turn, number])[];
      readonly parts: readonly Part[];
    }[] = [];
    const named: [key: string, weight: number][] = [];
    if (Array.isArray(value) && value.length > 0) {
      const { order } = this.parameters;
      const bag = Math.sqrt(1 - order * order);
      const items = value as readonly JsonValue[];
      items.forEach((item, i) => {
        const parts = this.#partsOf(item, `${path}[]`, depth + 1, walk);
        const place = this.#atoms.turn(`at/${Math.min(MOST_PLACES, i)}`);
        children.push({
          turns: [
            [this.#atoms.turn('item'), bag],
            [place, order],
          ],
          parts,
        });
      });
    } else if (isObject(value) && Object.keys(value).length > 0) {
      for (const key of Object.keys(value).sort()) {
        const child = value[key];
        const at = path === '' ? key : `${path}.${key}`;
        if (child === undefined || this.#ignored.has(at)) continue;
        const weight = this.#weights.get(at) ?? 1;
        const parts = this.#partsOf(child, at, depth + 1, walk);
        children.push({ turns: [[this.#atoms.turn(`key/${key}`), weight]], parts });
        named.push([key, weight]);
      }
    } else return [this.#leaf(value, path, walk)];
    return this.#bundle(children, this.#keysOf(named), walk.isApart);
  }

  /** The part of an object that its keys are by themselves: kept, since records of one kind have the same. Not to be written to. */
  #keysOf(named: readonly (readonly [key: string, weight: number])[]): Float32Array {
    const name = JSON.stringify(named);
    const found = this.#keys.get(name);
    if (found !== undefined) return found;
    const out = new Float32Array(this.d);
    for (const [key, weight] of named) addScaled(out, this.#atoms.atom(`key/${key}`), weight * KEY_WEIGHT);
    if (this.#keys.size >= MOST_SHAPES) this.#keys.clear();
    this.#keys.set(name, out);
    return out;
  }

  #bundle(
    children: readonly {
      readonly turns: readonly (readonly [Turn, number])[];
      readonly parts: readonly Part[];
    }[],
    keys: Float32Array,
    isApart: boolean,
  ): Part[] {
    const sum = this.#take();
    sum.set(keys);
    const apart: Part[] = isApart ? [{ path: '', vector: keys.slice(), isOwn: true }] : [];
    for (const { turns, parts } of children) {
      for (const { path, vector, isOwn } of parts) {
        const own = isApart ? new Float32Array(this.d) : sum;
        for (const [turn, weight] of turns) addTurned(own, vector, turn, weight);
        if (isOwn) this.#give(vector);
        if (!isApart) continue;
        addScaled(sum, own, 1);
        apart.push({ path, vector: own, isOwn: true });
      }
    }
    const factor = toUnit(sum);
    if (!isApart) return [{ path: '', vector: sum, isOwn: true }];
    this.#give(sum);
    for (const { vector } of apart)
      for (let j = 0; j < this.d; j++) vector[j] = (vector[j] as number) * factor;
    return apart;
  }

  #leaf(value: JsonValue, path: string, walk: Walk): Part {
    if (++walk.leaves > MAX_LEAVES)
      throw new RangeError(`"value" expected at most ${MAX_LEAVES} leaves, got more`);
    const fixed = (name: string): Part => ({ path, vector: this.#atoms.atom(`fixed/${name}`), isOwn: false });
    switch (typeof value) {
      case 'string': {
        const out = this.#take();
        const date = this.parameters.dates ? this.#leaves.date(value, DATE_DAYS, out) : undefined;
        return { path, vector: date ?? this.#leaves.text(value, out), isOwn: true };
      }
      case 'number': {
        if (!Number.isFinite(value))
          throw new RangeError(`"value" expected finite numbers, got ${value} at ${path}`);
        const scale = this.#scales.get(path) ?? this.#scale;
        return { path, vector: this.#leaves.number(value, scale, this.#take()), isOwn: true };
      }
      case 'boolean':
        return fixed(String(value));
      default:
        if (value === null) return fixed('null');
        if (typeof value === 'object') return fixed(Array.isArray(value) ? '[]' : '{}');
        throw new TypeError(`"value" expected a JSON value, got ${typeof value} at ${path}`);
    }
  }

  #eachLeaf(
    value: JsonValue,
    path: string,
    depth: number,
    visit: (path: string, vector: Float32Array) => void,
  ): void {
    if (Array.isArray(value) && value.length > 0) {
      for (const item of value as readonly JsonValue[]) this.#eachLeaf(item, `${path}[]`, depth + 1, visit);
    } else if (isObject(value) && Object.keys(value).length > 0) {
      for (const key of Object.keys(value).sort()) {
        const at = path === '' ? key : `${path}.${key}`;
        const child = value[key];
        if (child !== undefined && !this.#ignored.has(at)) this.#eachLeaf(child, at, depth + 1, visit);
      }
    } else visit(path, this.#leaf(value, path, { leaves: 0, isApart: false }).vector);
  }
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
