/** What names a record. */
import { checkInteger } from '@sagitta/core-wasm';

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

export const MAX_ID_BYTES = 65_535;
export const LEAST_BIGINT: bigint = -(2n ** 63n);
export const MOST_BIGINT: bigint = 2n ** 64n - 1n;

/** An id as errors print it: 1, 1n or "1". */
export function printId(id: RecordId): string {
  return typeof id === 'string' ? JSON.stringify(id) : typeof id === 'bigint' ? `${id}n` : String(id);
}

/** What is said of a new record whose id another has. */
export function takenId(label: string, id: RecordId): string {
  return `"${label}" expected a new id (upsert replaces what has it), got ${printId(id)}`;
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

export function isRecordId(id: unknown): id is RecordId {
  try {
    checkRecordId('id', id);
    return true;
  } catch {
    return false;
  }
}
