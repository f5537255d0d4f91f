/** Entries of a .zip file, inflated a piece at a time by fflate. */
import { FormatError } from '@sagitta/core-wasm';
import { Unzip, type UnzipFile, UnzipInflate } from 'fflate';
import type { DataFile } from './data-file.ts';

/** Compressed bytes handed over at once: deflate makes at most 1,032 times as many of them, 17 MB. */
const PIECE_BYTES = 1 << 14;

/**
 * The entry's bytes in order, in fresh pieces. Entries before it are passed over, entries behind it are not looked at.
 * Checksums are not compared.
 * @throws FormatError if there is no such entry, or it is damaged or cut short
 */
export async function* readZipEntry(file: DataFile, name: string): AsyncGenerator<Uint8Array> {
  let state: 'searching' | 'reading' | 'done' = 'searching';
  const pieces: Uint8Array[] = [];
  for await (const position of walk(file, (entry) => {
    if (entry.name !== name || state !== 'searching') return;
    state = 'reading';
    entry.ondata = (error, data, isFinal) => {
      if (error) throw error;
      pieces.push(data);
      if (isFinal) state = 'done';
    };
    entry.start();
  })) {
    yield* pieces.splice(0);
    if (isDone(state)) return;
    if (position === file.size) break;
  }
  if (isDone(state)) return;
  const what = isReading(state) ? `entry ${name} is cut short` : `expected an entry ${name}, got none`;
  throw new FormatError(`${file.path}: ${what}`, file.size);
}

/** Names of the entries, in the order of the file. @throws FormatError if it is no zip file */
export async function zipEntryNames(file: DataFile): Promise<string[]> {
  const names: string[] = [];
  const walked = walk(file, ({ name }) => names.push(name));
  for await (const _ of walked);
  if (names.length === 0) throw new FormatError(`${file.path}: expected a .zip file with entries`, 0);
  return names;
}

// the state changes inside callbacks, which the compiler does not see
function isDone(state: string): boolean {
  return state === 'done';
}
function isReading(state: string): boolean {
  return state === 'reading';
}

/** Hands the file over; yields the position behind each piece. */
async function* walk(file: DataFile, onEntry: (entry: UnzipFile) => void): AsyncGenerator<number> {
  const unzip = new Unzip(onEntry);
  unzip.register(UnzipInflate);
  for (let position = 0; position < file.size; ) {
    const bytes = new Uint8Array(Math.min(PIECE_BYTES, file.size - position));
    await file.read(bytes, position);
    try {
      unzip.push(bytes, position + bytes.length === file.size);
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      throw new FormatError(`${file.path}: damaged .zip file: ${what}`, position);
    }
    position += bytes.length;
    yield position;
  }
}
