/** Rows of a file that are not dead, as a bit set: u32[⌈n/32⌉], left out where all live. */
import { type ByteReader, FormatError, littleEndianBytes } from '@sagitta/core-wasm';
import type { SavedSection } from '../columns/slot-index.ts';
import { addSlot, allSlots, countSlots, wordsFor } from '../search/slot-set.ts';

/** live — ascending rows of n. */
export function liveSection(id: string, live: Uint32Array, n: number): SavedSection[] {
  if (live.length === n) return [];
  const words = new Uint32Array(wordsFor(n));
  for (const row of live) addSlot(words, row);
  return [{ id, pieces: [littleEndianBytes(words)] }];
}

/** The bit set that a section holds; reader undefined: all live. @throws FormatError */
export function readLive(reader: ByteReader | undefined, n: number): Uint32Array {
  if (reader === undefined) return allSlots(n);
  const read = reader.u32Array(wordsFor(n));
  reader.end();
  const spare = 32 * read.length - n;
  if (spare > 0 && (read[read.length - 1] as number) >>> (32 - spare) > 0) {
    throw new FormatError(`live rows expected numbers below ${n}, got a larger one`);
  }
  if (countSlots(read) === n) throw new FormatError('live rows expected a dead one among them, got none');
  return read;
}
