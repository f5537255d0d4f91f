/** JSON that lies in storages and goes over queues: whatever comes back is checked before anything is made of it. */
import { FormatError } from '@sagitta/core-wasm';
import * as v from 'valibot';

/** Is a schema of T whose messages say what it expects. */
export type SchemaOf<T> = v.GenericSchema<unknown, T>;

/** An integer from `least` on. */
export function count(least: number): SchemaOf<number> {
  const expects = `an integer from ${least}`;
  return v.pipe(v.number(expects), v.safeInteger(expects), v.minValue(least, expects));
}

const A_HASH = 'a SHA-256 in hexadecimal digits';
/** What hashOf gives. */
export const hash: SchemaOf<string> = v.pipe(v.string(A_HASH), v.regex(/^[0-9a-f]{64}$/, A_HASH));

/** place — what the bytes are, for errors. @throws FormatError naming the place, and the member that is wrong */
export function readDocument<T>(place: string, schema: SchemaOf<T>, bytes: Uint8Array): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new FormatError(`${place}: expected JSON, got something else`);
  }
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const { message, received, path } = result.issues[0];
  const name = (path ?? []).map(({ key }) => String(key)).join('.');
  throw new FormatError(`${place}: ${name && `"${name}" `}expected ${message}, got ${received}`);
}

/** The bytes of a document. */
export function writeDocument(value: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}
