/** Bytes that come in chunks, taken in portions that the reader chooses. */
import { FormatError } from '@sagitta/core-wasm';

/** Is a file as it arrives: the body of a response, or chunks from anywhere. */
export type ByteChunks = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Bytes asked of a stream at a time. */
const READ_BYTES = 1 << 18;

/** Async iteration of streams is newer than the streams. A chunk is good until the next one is asked for. */
async function* chunksOf(chunks: ByteChunks): AsyncGenerator<Uint8Array> {
  if (!('getReader' in chunks)) {
    yield* chunks;
    return;
  }
  const reader = byteReader(chunks);
  try {
    if (reader instanceof ReadableStreamDefaultReader) {
      for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
      return;
    }
    // one buffer for the whole stream: a fresh one for each chunk is garbage that some engines let pile up
    let next = await reader.read(new Uint8Array(READ_BYTES));
    while (!next.done) {
      yield next.value;
      next = await reader.read(new Uint8Array(next.value.buffer));
    }
  } finally {
    // not awaited: a stream that hangs must not keep the error from the caller
    reader.cancel().catch(() => {});
  }
}

/** A reader into a buffer of ours, where the stream is one of bytes. */
function byteReader(
  stream: ReadableStream<Uint8Array>,
): ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array> {
  try {
    return stream.getReader({ mode: 'byob' });
  } catch (error) {
    if (error instanceof TypeError) return stream.getReader();
    throw error;
  }
}

export class ByteStream {
  readonly #chunks: AsyncGenerator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #offset = 0;

  constructor(chunks: ByteChunks) {
    this.#chunks = chunksOf(chunks);
  }

  /** Bytes taken so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Hands the next `count` bytes to `sink` in the pieces that they come in; a piece is good until sink returns. */
  async pour(count: number, sink: (piece: Uint8Array) => void): Promise<void> {
    for (let left = count; left > 0; ) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done) throw new FormatError(`expected ${left} more bytes, got the end`, this.#offset);
        this.#rest = next.value;
        continue;
      }
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      this.#offset += piece.length;
      left -= piece.length;
      sink(piece);
    }
  }

  /** The next `count` bytes. What is claimed and never comes is never allocated. */
  async take(count: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    await this.pour(count, (piece) => pieces.push(piece.slice()));
    if (pieces.length === 1) return pieces[0] as Uint8Array;
    const out = new Uint8Array(count);
    let at = 0;
    for (const piece of pieces) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }

  /** @throws FormatError if bytes are left */
  async end(): Promise<void> {
    for (; this.#rest.length === 0; ) {
      const next = await this.#chunks.next();
      if (next.done) return;
      this.#rest = next.value;
    }
    throw new FormatError('expected the end, got more bytes', this.#offset);
  }

  /** Lets the rest go. */
  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }
}
