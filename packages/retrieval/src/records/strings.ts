/** A table of strings in which one that comes often is there once, or nearly. */

/** Strings that are remembered in each of two generations. */
const GENERATION = 32_768;

/**
 * Remembers the strings of lately, two generations of at most 32,768: what comes often stays among them, titles that
 * come once pass through. A Map of all would cost 40 bytes a string for nothing.
 */
export class StringTable {
  readonly list: string[];
  #units = 0;
  #recent = new Map<string, number>();
  #older = new Map<string, number>();

  constructor(list: string[] = []) {
    this.list = list;
    for (const text of list) this.#units += text.length;
    for (let i = 0; i < Math.min(list.length, GENERATION); i++) this.#recent.set(list[i] as string, i);
  }

  /** The place of a string, a new one where it has not come lately. */
  add(text: string): number {
    let at = this.#recent.get(text);
    if (at !== undefined) return at;
    at = this.#older.get(text);
    if (at === undefined) {
      at = this.list.length;
      this.list.push(text);
      this.#units += text.length;
    }
    if (this.#recent.size >= GENERATION) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(text, at);
    return at;
  }

  /** Bytes, about: header, reference and a byte a character, and what is remembered of lately. */
  bytesUsed(): number {
    return 24 * this.list.length + this.#units + 40 * (this.#recent.size + this.#older.size);
  }
}
