/** Paths with dots into rows of JSON. */
import { type JsonRows, NONE, OBJECT, SHAPED, STRING } from './json-rows.ts';

/** Follows a path in rows, as long as these do not change. */
export class JsonPath {
  readonly path: string;
  readonly #names: readonly string[];
  /** The shape that came last, and where the path stands in it, or -1: rows are much alike. */
  #shape = -1;
  #place = -1;

  constructor(path: string) {
    this.path = path;
    this.#names = path.split('.');
  }

  /** The word of the value that the path leads to in a row, or NONE; of names with dots the longest that is there. */
  find(rows: JsonRows, row: number): number {
    const start = rows.startOf(row);
    if (start === NONE) return NONE;
    if (this.#names.length > 1) return this.#follow(rows, start, 0);
    const word = rows.wordAt(start);
    if ((word & 7) !== SHAPED) return member(rows, start, this.path);
    if (word >>> 3 !== this.#shape) {
      this.#shape = word >>> 3;
      this.#place = rows.placeOf(this.#shape, this.path) ?? -1;
    }
    return this.#place < 0 ? NONE : nth(rows, start, this.#place);
  }

  #follow(rows: JsonRows, at: number, first: number): number {
    for (let end = this.#names.length; end > first; end--) {
      const found = member(rows, at, this.#names.slice(first, end).join('.'));
      if (found === NONE) continue;
      if (end === this.#names.length) return found;
      const rest = this.#follow(rows, found, end);
      if (rest !== NONE) return rest;
    }
    return NONE;
  }
}

/** The word of a value of a shaped object. */
function nth(rows: JsonRows, at: number, place: number): number {
  let value = at + 1;
  for (let i = 0; i < place; i++) value = rows.next(value);
  return value;
}

/** The word of an object's member, or NONE. */
function member(rows: JsonRows, at: number, name: string): number {
  const word = rows.wordAt(at);
  const payload = word >>> 3;
  if ((word & 7) === SHAPED) {
    const place = rows.placeOf(payload, name);
    return place === undefined ? NONE : nth(rows, at, place);
  }
  if ((word & 7) !== OBJECT) return NONE;
  let key = at + 1;
  for (let i = 0; i < payload; i++) {
    const keyWord = rows.wordAt(key);
    if ((keyWord & 7) === STRING && rows.strings[keyWord >>> 3] === name) return key + 1;
    key = rows.next(key + 1);
  }
  return NONE;
}
