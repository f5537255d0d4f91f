/**
 * What is kept beside a field that filters name often: its values in order, with their rows, so that equality and ranges
 * are a search by halves.
 *
 * It is built when a filter first asks, of the rows there are. Rows that come later, or change, are looked at one by one
 * until they are an eighth of all; then it is built again. It may know rows that are gone: nobody asks for them.
 */
import { addSlot, hasSlot } from '../search/slot-set.ts';
import { scan, slotsWithin, type TestIndex } from './evaluate.ts';
import type { Comparison, JsonScalar, Test } from './expression.ts';
import { ARRAY, type JsonRows, NONE } from './json-rows.ts';
import { JsonPath } from './path.ts';

/** So many rows that it does not know are looked at one by one in any case. */
const LEAST_UNKNOWN = 1024;

/** Distinct values in order, with the rows that have each. */
class Ordered<V extends string | number> {
  readonly values: V[];
  /** Rows of value i: rows[starts[i]] to rows[starts[i + 1]]. */
  readonly starts: Uint32Array;
  readonly rows: Uint32Array;

  constructor(entries: ReadonlyMap<V, readonly number[]>) {
    this.values = [...entries.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    this.starts = new Uint32Array(this.values.length + 1);
    let total = 0;
    for (const [i, value] of this.values.entries()) {
      total += (entries.get(value) as readonly number[]).length;
      this.starts[i + 1] = total;
    }
    this.rows = new Uint32Array(total);
    for (const [i, value] of this.values.entries()) {
      this.rows.set(entries.get(value) as readonly number[], this.starts[i]);
    }
  }

  /** Values below, or with isEqualBelow up to, a bound. */
  below(bound: V, isEqualBelow: boolean): number {
    let low = 0;
    let high = this.values.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const value = this.values[middle] as V;
      if (value < bound || (isEqualBelow && value === bound)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  /** Rows of the values from place `first` to before `end`. */
  between(first: number, end: number): Uint32Array {
    return this.rows.subarray(this.starts[first], this.starts[Math.max(first, end)]);
  }
  bytesUsed(): number {
    return 16 * this.values.length + this.starts.byteLength + this.rows.byteLength;
  }
}

/** Rows by one kind of values: those of fields themselves, or those of elements of arrays. */
class Values {
  readonly numbers: Ordered<number>;
  readonly strings: Ordered<string>;
  readonly #literals = new Map<JsonScalar, readonly number[]>();

  constructor(entries: ReadonlyMap<JsonScalar, readonly number[]>) {
    const numbers = new Map<number, readonly number[]>();
    const strings = new Map<string, readonly number[]>();
    for (const [value, rows] of entries) {
      if (typeof value === 'number') numbers.set(value, rows);
      else if (typeof value === 'string') strings.set(value, rows);
      else this.#literals.set(value, rows);
    }
    this.numbers = new Ordered(numbers);
    this.strings = new Ordered(strings);
  }

  equal(value: JsonScalar): Iterable<number> {
    if (typeof value === 'number') return equalIn(this.numbers, value);
    if (typeof value === 'string') return equalIn(this.strings, value);
    return this.#literals.get(value) ?? [];
  }
  compared(op: Comparison, bound: string | number): Uint32Array {
    return typeof bound === 'number'
      ? comparedIn(this.numbers, op, bound)
      : comparedIn(this.strings, op, bound);
  }
  bytesUsed(): number {
    return this.numbers.bytesUsed() + this.strings.bytesUsed();
  }
}

function equalIn<V extends string | number>(values: Ordered<V>, value: V): Uint32Array {
  return values.between(values.below(value, false), values.below(value, true));
}

function comparedIn<V extends string | number>(values: Ordered<V>, op: Comparison, bound: V): Uint32Array {
  const at = values.below(bound, op === 'lte' || op === 'gt');
  return op === 'lt' || op === 'lte' ? values.between(0, at) : values.between(at, values.values.length);
}

export class FieldIndex implements TestIndex {
  readonly #rows: JsonRows;
  readonly #path: JsonPath;
  /** Rows that were there when it was built. */
  #built = 0;
  /** Of these, rows that have changed since. */
  #changed = new Set<number>();
  #present: Uint32Array = new Uint32Array(0);
  #own = new Values(new Map());
  #elements = new Values(new Map());

  constructor(rows: JsonRows, path: string) {
    this.#rows = rows;
    this.#path = new JsonPath(path);
  }

  /** A row has another value. */
  change(row: number): void {
    if (row < this.#built) this.#changed.add(row);
  }
  /** Rows have other numbers. */
  clear(): void {
    this.#built = 0;
    this.#changed = new Set();
  }
  bytesUsed(): number {
    return this.#own.bytesUsed() + this.#elements.bytesUsed() + this.#present.byteLength;
  }

  /** The rows of `within` that pass the test. */
  evaluate(test: Test, within: Uint32Array): Uint32Array {
    const unknown = this.#rows.count - this.#built + this.#changed.size;
    if (unknown > Math.max(LEAST_UNKNOWN, this.#rows.count / 8)) this.#build();
    if (this.#built === 0) return scan(this.#rows, this.#path, test, within);
    const rest = this.#unknown(within);
    const out = this.#known(test, within);
    for (const [i, word] of scan(this.#rows, this.#path, test, rest).entries()) {
      out[i] = ((out[i] as number) & ~(rest[i] as number)) | word;
    }
    return out;
  }

  /** Rows within that it cannot speak for. */
  #unknown(within: Uint32Array): Uint32Array {
    const out = within.slice();
    const last = this.#built >>> 5;
    out.fill(0, 0, last);
    if (last < out.length) {
      // bits of rows from #built on
      out[last] = (out[last] as number) & (-1 << (this.#built & 31));
    }
    for (const row of this.#changed) if (hasSlot(within, row)) addSlot(out, row);
    return out;
  }

  #known(test: Test, within: Uint32Array): Uint32Array {
    switch (test.op) {
      case 'exists':
        return within.map((word, i) => {
          const present = this.#present[i] ?? 0;
          return word & (test.wanted ? present : ~present);
        });
      case 'among': {
        const out = new Uint32Array(within.length);
        for (const value of test.values) {
          mark(out, this.#own.equal(value), within);
          mark(out, this.#elements.equal(value), within);
        }
        return test.isNegated ? out.map((word, i) => (within[i] as number) & ~word) : out;
      }
      case 'contains': {
        const out = slotsWithin(this.#elements.equal(test.value), within);
        if (typeof test.value !== 'string') return out;
        const { strings } = this.#own;
        for (const [i, value] of strings.values.entries()) {
          if (value.includes(test.value)) mark(out, strings.between(i, i + 1), within);
        }
        return out;
      }
      default: {
        const out = slotsWithin(this.#own.compared(test.op, test.bound), within);
        mark(out, this.#elements.compared(test.op, test.bound), within);
        return out;
      }
    }
  }

  /** Takes in the rows there are. */
  #build(): void {
    const own = new Map<JsonScalar, number[]>();
    const elements = new Map<JsonScalar, number[]>();
    const rows = this.#rows;
    this.#present = new Uint32Array(Math.ceil(rows.count / 32));
    const put = (to: Map<JsonScalar, number[]>, at: number, row: number): void => {
      const value = rows.scalar(at);
      if (value === undefined) return;
      const known = to.get(value);
      if (known) known.push(row);
      else to.set(value, [row]);
    };
    for (let row = 0; row < rows.count; row++) {
      const at = this.#path.find(rows, row);
      if (at === NONE) continue;
      addSlot(this.#present, row);
      const word = rows.wordAt(at);
      if ((word & 7) !== ARRAY) {
        put(own, at, row);
        continue;
      }
      let element = at + 1;
      for (let i = word >>> 3; i > 0; i--) {
        put(elements, element, row);
        element = rows.next(element);
      }
    }
    this.#own = new Values(own);
    this.#elements = new Values(elements);
    this.#built = rows.count;
    this.#changed = new Set();
  }
}

function mark(out: Uint32Array, rows: Iterable<number>, within: Uint32Array): void {
  for (const row of rows) if (hasSlot(within, row)) addSlot(out, row);
}
