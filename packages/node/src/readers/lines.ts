/** The lines of a file with their places, read a piece at a time. */
import { FormatError } from '@sagitta/core-wasm';
import type { DataFile } from './data-file.ts';

export interface Line {
  /** The line without its "\n". */
  readonly text: string;
  /** 1 for the first line. */
  readonly number: number;
  /** Byte of the file at which the line begins. */
  readonly offset: number;
}

const PIECE_BYTES = 1 << 20;
/** 65,536 values of 25 characters take 1.6 MB; what is far longer is no file of vectors. */
const MAX_LINE_BYTES = 1 << 26;
const NEWLINE = 10;

/** @throws FormatError on lines of more than 64 MiB and on bytes that are not UTF-8 */
export async function* readLines(file: DataFile): AsyncGenerator<Line> {
  let pieces: Buffer[] = [];
  let length = 0;
  let number = 1;
  let offset = 0;
  for (let position = 0; ; ) {
    const buffer = Buffer.allocUnsafe(PIECE_BYTES);
    const got = await file.readSome(buffer, position);
    if (got === 0) break;
    const piece = buffer.subarray(0, got);
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
}

function decode(path: string, pieces: readonly Buffer[], number: number, offset: number): string {
  const bytes = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(`${path}: line ${number} is not UTF-8`, offset);
  }
}
