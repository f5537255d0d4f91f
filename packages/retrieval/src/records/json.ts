/** What a caller keeps beside a record: any JSON value, copied at the door. */

/** Anything that JSON holds. Members that may be undefined are members that JSON leaves out. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** Objects and arrays within one another, at most. */
export const MAX_DEPTH = 512;

/**
 * Copies a value, so that later changes of the caller's do not reach it, as JSON gives it back (NaN is null, undefined
 * members go).
 * @throws TypeError on what JSON cannot hold: functions, symbols, bigints, cycles; RangeError beyond MAX_DEPTH
 */
export function copyJson(label: string, value: unknown): JsonValue {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new TypeError(`"${label}" expected a JSON value, got ${String(error)}`, { cause: error });
  }
  if (text === undefined) throw new TypeError(`"${label}" expected a JSON value, got ${typeof value}`);
  if (depthOf(text) > MAX_DEPTH) {
    throw new RangeError(`"${label}" expected at most ${MAX_DEPTH} levels of nesting, got more`);
  }
  return JSON.parse(text) as JsonValue;
}

/** Bounds the levels of a JSON text from above; brackets within strings are counted only where they could matter. */
export function depthOf(text: string): number {
  // a level takes two brackets
  if (text.length <= 2 * MAX_DEPTH) return text.length / 2;
  let depth = 0;
  let most = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) isString = !isString;
    else if (isString) {
      if (c === 0x5c) i++;
    } else if (c === 0x5b || c === 0x7b) most = Math.max(most, ++depth);
    else if (c === 0x5d || c === 0x7d) depth--;
  }
  return most;
}

/** What came, in a word. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? (value.constructor?.name ?? 'an object without a class') : typeof value;
}
