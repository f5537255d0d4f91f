/**
 * The caller's ids, each once, and the slots that indexes know them by.
 *
 * As long as ids are the numbers of rows nothing is kept but their count. Otherwise numbers lie in an array of doubles and
 * anything else in one of JavaScript's, with a Map from live ids to slots beside it.
 */
import { checkInteger } from '@sagitta/core-wasm';
import { hasSlot } from '../search/slot-set.ts';

/**
 * Names a record: an integer from 0 to 2^53 - 1, a bigint of 64 bits (from -2^63 to 2^64 - 1), or a string of at most
 * 65,535 bytes of UTF-8. 1, 1n and "1" are three ids.
 */
export type RecordId = string | number | bigint;

const KINDS = ['number', 'bigint', 'string'];

/** Orders ids where scores tie: numbers ascending, then bigints ascending, then strings by UTF-16 code unit. */
export function compareIds(a: RecordId, b: RecordId): number {
  if (typeof a !== typeof b) return KINDS.indexOf(typeof a) - KINDS.indexOf(typeof b);
  return a < b ? -1 : a > b ? 1 : 0;
}

const MAX_ID_BYTES = 65_535;
export const LEAST_BIGINT: bigint = -(2n ** 63n);
export const MOST_BIGINT: bigint = 2n ** 64n - 1n;

/** An id as errors print it: 1, 1n or "1". */
export function printId(id: RecordId): string {
  return typeof id === 'string' ? JSON.stringify(id) : typeof id === 'bigint' ? `${id}n` : String(id);
}

/** @throws TypeError on what is no id, RangeError on one out of range or a string with half a character */
export function checkRecordId(label: string, id: unknown): RecordId {
  if (typeof id === 'number') return checkInteger(label, id, 0, Number.MAX_SAFE_INTEGER);
  if (typeof id === 'bigint') {
    if (id >= LEAST_BIGINT && id <= MOST_BIGINT) return id;
    throw new RangeError(`"${label}" expected a bigint of 64 bits, got ${id}`);
  }
  if (typeof id !== 'string') {
    throw new TypeError(
      `"${label}" expected a string, a number or a bigint, got ${id === null ? 'null' : typeof id}`,
    );
  }
  // three bytes a code unit is the most that UTF-8 takes
  if (3 * id.length > MAX_ID_BYTES && new TextEncoder().encode(id).length > MAX_ID_BYTES) {
    throw new RangeError(`"${label}" expected at most ${MAX_ID_BYTES} bytes of UTF-8, got a longer string`);
  }
  if (/\p{Surrogate}/u.test(id)) {
    throw new RangeError(
      `"${label}" expected whole characters, got a lone surrogate in ${JSON.stringify(id)}`,
    );
  }
  return id;
}

/** Ids of new rows; `ids` undefined: the row numbers from `first` on. */
export interface NewIds {
  readonly count: number;
  readonly first: number;
  readonly ids: readonly RecordId[] | undefined;
}

export class RecordIds {
  #length = 0;
  /** The next row number: above every number that was an id. */
  #next = 0;
  /** Of each slot, where ids are no row numbers; then either of the two. */
  #numbers: Float64Array | undefined;
  #any: RecordId[] | undefined;
  #slots: Map<RecordId, number> | undefined;

  /** Slots. */
  get length(): number {
    return this.#length;
  }
  get next(): number {
    return this.#next;
  }
  /** Whether the id of every slot is its number, and nothing is kept. */
  get isImplicit(): boolean {
    return this.#slots === undefined;
  }
  /** Whether every id is a number. */
  get isNumeric(): boolean {
    return this.#any === undefined;
  }
  /** The id that a slot got; a dead slot's too. */
  at(slot: number): RecordId {
    if (this.#any) return this.#any[slot] as RecordId;
    return this.#numbers ? (this.#numbers[slot] as number) : slot;
  }
  /** The slot that an id has, or had where ids are implicit. */
  slotOf(id: RecordId): number | undefined {
    if (this.#slots) return this.#slots.get(id);
    return typeof id === 'number' && id >= 0 && id < this.#length && Number.isInteger(id) ? id : undefined;
  }

  /**
   * Checks that each is an id that comes once.
   * @throws TypeError, RangeError naming ids[i]
   */
  check(count: number, given: readonly unknown[] | undefined, isTaken: (id: RecordId) => boolean): NewIds {
    const first = this.#next;
    if (given === undefined) {
      if (Number.MAX_SAFE_INTEGER - first < count - 1) {
        throw new RangeError(`"ids" expected ids of one's own after ${first - 1}, got none`);
      }
      return { count, first, ids: undefined };
    }
    const isNext = this.isImplicit && given.every((id, i) => id === first + i);
    if (isNext && Number.MAX_SAFE_INTEGER - first >= count - 1) return { count, first, ids: undefined };
    const seen = new Set<RecordId>();
    const ids = given.map((one, i) => {
      const id = checkRecordId(`ids[${i}]`, one);
      if (isTaken(id)) {
        throw new RangeError(
          `"ids[${i}]" expected a new id (upsert replaces what has it), got ${printId(id)}`,
        );
      }
      if (seen.has(id)) throw new RangeError(`"ids[${i}]" expected each id once, got ${printId(id)} twice`);
      seen.add(id);
      return id;
    });
    return { count, first, ids };
  }

  /** The next slots. live — bit set of the slots so far. */
  push({ count, first, ids }: NewIds, live: Uint32Array): void {
    if (ids === undefined && this.isImplicit && first === this.#length) {
      this.#length += count;
      this.#next = first + count;
      return;
    }
    const slots = this.#explicit(live);
    for (let i = 0; i < count; i++) {
      const id = ids ? (ids[i] as RecordId) : first + i;
      slots.set(id, this.#length);
      this.#store(id);
      if (typeof id === 'number') this.#next = Math.max(this.#next, id + 1);
    }
  }

  #store(id: RecordId): void {
    const slot = this.#length++;
    if (this.#any) {
      this.#any.push(id);
      return;
    }
    let numbers = this.#numbers as Float64Array;
    if (typeof id !== 'number') {
      this.#any = [...numbers.subarray(0, slot), id];
      this.#numbers = undefined;
      return;
    }
    if (slot === numbers.length) {
      const grown = new Float64Array(Math.max(64, Math.ceil(1.5 * slot)));
      grown.set(numbers);
      this.#numbers = numbers = grown;
    }
    numbers[slot] = id;
  }

  /** Makes row numbers ids like any others. */
  #explicit(live: Uint32Array): Map<RecordId, number> {
    if (this.#slots) return this.#slots;
    const slots = new Map<RecordId, number>();
    this.#numbers = Float64Array.from({ length: this.#length }, (_, slot) => slot);
    for (let slot = 0; slot < this.#length; slot++) if (hasSlot(live, slot)) slots.set(slot, slot);
    this.#slots = slots;
    return slots;
  }

  delete(id: RecordId): void {
    this.#slots?.delete(id);
  }

  /** Slot i is from now on what slot keep[i] was; all of keep are live. */
  compact(keep: Uint32Array): void {
    const isPrefix = keep.every((slot, i) => slot === i);
    if (this.isImplicit && isPrefix && this.#next === keep.length) {
      this.#length = keep.length;
      return;
    }
    const kept = Array.from(keep, (slot) => this.at(slot));
    this.#any = undefined;
    this.#numbers = new Float64Array(0);
    if (kept.every((id) => typeof id === 'number')) this.#numbers = Float64Array.from(kept);
    else {
      this.#any = kept;
      this.#numbers = undefined;
    }
    this.#length = kept.length;
    this.#slots = new Map(kept.map((id, slot) => [id, slot]));
  }

  /**
   * Takes what a file holds: as many ids as slots, or undefined for row numbers; next is above every number of them. slots — of
   * the ids, where they are known already.
   */
  restore(
    length: number,
    ids: Float64Array | RecordId[] | undefined,
    next: number,
    slots?: Map<RecordId, number>,
  ): void {
    this.#length = length;
    this.#next = next;
    if (ids === undefined) return;
    if (ids instanceof Float64Array) this.#numbers = ids;
    else this.#any = ids;
    this.#slots = slots ?? new Map();
    if (slots) return;
    for (let slot = 0; slot < length; slot++) this.#slots.set(this.at(slot), slot);
  }

  /** Bytes, about: strings have a byte a character and a header, a place in the Map is 40. */
  bytesUsed(): number {
    if (this.#slots === undefined) return 0;
    let bytes = 40 * this.#slots.size + (this.#numbers?.byteLength ?? 0);
    for (const id of this.#any ?? []) bytes += 8 + (typeof id === 'string' ? 16 + id.length : 16);
    return bytes;
  }
}
