/** What a caller keeps beside a document: any JSON value, copied at the door. */

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * A copy that later changes of the caller's do not reach, as JSON gives it back (NaN is null, undefined members go).
 * @throws TypeError on what JSON cannot hold: functions, symbols, bigints, cycles
 */
export function copyMetadata(label: string, value: unknown): JsonValue {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new TypeError(`"${label}" expected a JSON value, got ${String(error)}`, { cause: error });
  }
  if (text === undefined) throw new TypeError(`"${label}" expected a JSON value, got ${typeof value}`);
  return JSON.parse(text) as JsonValue;
}
