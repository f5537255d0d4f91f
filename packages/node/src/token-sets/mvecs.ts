/** Reads .mvecs: sets one after the other, through one window of the file. */
import { FormatError } from '@sagitta/core-wasm';
import type { DataFile } from '../files/data-file.ts';
import { checkFiniteRows } from '../readers/vector-source.ts';
import {
  decodeMvecsValues,
  MVECS_HEADER_BYTES,
  MVECS_VALUE_BYTES,
  type MvecsHeader,
  readMvecsHeader,
} from './mvecs-layout.ts';
import { batchEntries, type TokenSetEntry, type TokenSetSource } from './token-set-source.ts';

const WINDOW_BYTES = 1 << 20;

/** @throws FormatError on anything that writeMvecs does not write */
export async function openMvecs(file: DataFile): Promise<TokenSetSource> {
  const { path } = file;
  const bytes = new Uint8Array(Math.min(MVECS_HEADER_BYTES, file.size));
  await file.read(bytes, 0);
  const header = readMvecsHeader(path, bytes, file.size);
  return {
    path,
    d: header.d,
    n: header.sets,
    batches: (maximumTokens) => batchEntries(readSets(file, header), header.d, maximumTokens),
    close: () => file.close(),
  };
}

async function* readSets(file: DataFile, header: MvecsHeader): AsyncGenerator<TokenSetEntry> {
  const { d, type, sets } = header;
  const rowBytes = d * MVECS_VALUE_BYTES[type];
  const window = new FileWindow(file, MVECS_HEADER_BYTES);
  let left = header.tokens;
  for (let set = 0; set < sets; set++) {
    const at = window.position;
    const count = await window.take(4);
    const tokens = new DataView(count.buffer, count.byteOffset, 4).getUint32(0, true);
    if (tokens > left || (set === sets - 1 && tokens !== left)) {
      throw new FormatError(
        `${file.path}: set ${set}: expected ${set === sets - 1 ? '' : 'at most '}${left} tokens, which the header leaves, got ${tokens}`,
        at,
      );
    }
    left -= tokens;
    const data = new Float32Array(tokens * d);
    decodeMvecsValues(type, await window.take(tokens * rowBytes), data);
    checkFiniteRows(
      `${file.path}: set ${set}`,
      data,
      d,
      0,
      (row, dimension) => at + 4 + row * rowBytes + dimension * MVECS_VALUE_BYTES[type],
    );
    yield { data };
  }
}

/** The bytes of a file in order, read a window at a time. */
class FileWindow {
  readonly #file: DataFile;
  #bytes: Uint8Array = new Uint8Array(0);
  #start: number;
  #at = 0;

  constructor(file: DataFile, position: number) {
    this.#file = file;
    this.#start = position;
  }

  get position(): number {
    return this.#start + this.#at;
  }

  /** The next `length` bytes, good until the next call. @throws FormatError where the file has fewer */
  async take(length: number): Promise<Uint8Array> {
    if (this.#at + length > this.#bytes.length) {
      const position = this.position;
      const rest = this.#file.size - position;
      if (length > rest) {
        throw new FormatError(`${this.#file.path}: expected ${length} more bytes, got ${rest}`, position);
      }
      this.#bytes = new Uint8Array(Math.min(rest, Math.max(length, WINDOW_BYTES)));
      await this.#file.read(this.#bytes, position);
      this.#start = position;
      this.#at = 0;
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
