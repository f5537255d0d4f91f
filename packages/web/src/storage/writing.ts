/** What both storages do before and while they write. */
import { checkInteger } from '@sagitta/core-wasm';
import { NotFoundError } from '../errors.ts';

/** A reader that a writer overtakes looks again, so many times. */
export const ATTEMPTS = 20;

/**
 * A name that no other save has had or will have: 64 bits of the browser's random numbers. A generation so named is never
 * taken for another, not after a removal either. The bytes of an index do not depend on it.
 */
export function newGeneration(): string {
  return [...crypto.getRandomValues(new Uint32Array(2))]
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
}

/** @throws RangeError if the name is empty */
export function checkName(name: string): void {
  if (name.length === 0) throw new RangeError('"name" expected at least one character, got none');
}

export function missing(name: string): NotFoundError {
  return new NotFoundError(`"name" expected a stored index, got ${JSON.stringify(name)}`);
}

/** Bytes to be written, where that is known before they are: said by the caller, or those of an array. */
export function lengthOf(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  byteLength: number | undefined,
): number | undefined {
  if (byteLength !== undefined) checkInteger('byteLength', byteLength, 0, Number.MAX_SAFE_INTEGER);
  if (byteLength !== undefined || !Array.isArray(chunks)) return byteLength;
  return chunks.reduce((sum: number, chunk: Uint8Array) => sum + chunk.length, 0);
}

/** @throws RangeError if the chunks were not as long as the caller said */
export function checkLength(byteLength: number | undefined, written: number): void {
  if (byteLength !== undefined && written !== byteLength) {
    throw new RangeError(`"byteLength" expected ${written}, the bytes of the chunks, got ${byteLength}`);
  }
}
