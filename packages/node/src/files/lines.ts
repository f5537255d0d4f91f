/** The lines of a file with their places, read a piece at a time. */
import { FormatError } from '@sagitta/core-wasm';
import type { DataFile } from './data-file.ts';

export interface Line {
  /** The line without its "\n". */
  readonly text: string;
  /** 1 for the first line. */
  readonly number: number;
  /** Byte of the (uncompressed) file at which the line begins. */
  readonly offset: number;
}

const PIECE_BYTES = 1 << 20;
const LEAST_BYTES = 1 << 16;
/** 65,536 values of 25 characters take 1.6 MB; what is far longer is no file of vectors. */
export const MAX_LINE_BYTES: number = 1 << 26;
const NEWLINE = 10;

/** @throws FormatError on lines of more than 64 MiB and on bytes that are not UTF-8 */
export async function* readLines(file: DataFile): AsyncGenerator<Line> {
  const pass = file.pass();
  let pieces: Buffer[] = [];
  let length = 0;
  let number = 1;
  let offset = 0;
  let free: Buffer = Buffer.alloc(0);
  try {
    for (let position = 0; ; ) {
      // pieces of compressed files are small: several share a buffer
      if (free.length < LEAST_BYTES) free = Buffer.allocUnsafe(PIECE_BYTES);
      const got = await pass.readSome(free, position);
      if (got === 0) break;
      const piece = free.subarray(0, got);
      free = free.subarray(got);
      let start = 0;
      for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
        pieces.push(piece.subarray(start, end));
        yield { text: decode(file.path, pieces, number, offset), number, offset };
        start = end + 1;
        offset = position + start;
        number++;
        pieces = [];
        length = 0;
      }
      pieces.push(piece.subarray(start));
      length += got - start;
      if (length > MAX_LINE_BYTES) {
        throw new FormatError(`${file.path}: line ${number} is longer than ${MAX_LINE_BYTES} bytes`, offset);
      }
      position += got;
    }
    if (length > 0) yield { text: decode(file.path, pieces, number, offset), number, offset };
  } finally {
    await pass.close();
  }
}

function decode(path: string, pieces: readonly Buffer[], number: number, offset: number): string {
  const bytes = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(`${path}: line ${number} is not UTF-8`, offset);
  }
}
