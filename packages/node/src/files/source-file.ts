/** A source of ranges as a file: an object of a storage, whose every read is a request that may take its time. */
import { FormatError } from '@sagitta/core-wasm';
import type { ByteSource } from '@sagitta/retrieval';
import { inFlight } from '../cluster/in-flight.ts';
import type { DataFile } from './data-file.ts';

/** Bytes that are read at once where a read goes on where the one before ended: each time twice as many. */
const [LEAST_AHEAD, MOST_AHEAD] = [1 << 16, 1 << 23];
/** Longer reads are so many requests of so many bytes at a time. */
const [PIECE_BYTES, AT_ONCE] = [1 << 23, 4];

/** path — its name in messages. Closing the file closes the source. @throws FormatError where it is empty */
export function sourceFile(path: string, source: ByteSource): DataFile {
  if (source.size === 0) throw new FormatError(`${path}: row 0: the file is empty`);
  return reading(path, source, async () => source.close?.());
}

function reading(path: string, source: ByteSource, close: () => Promise<void>): DataFile {
  const { size } = source;
  /** What was read last, and what came behind it. */
  let held: { readonly at: number; readonly bytes: Uint8Array } = { at: 0, bytes: new Uint8Array(0) };
  let ahead = LEAST_AHEAD;
  let next = 0;

  async function fetched(position: number, length: number): Promise<Uint8Array> {
    ahead = position === next ? Math.min(2 * ahead, MOST_AHEAD) : LEAST_AHEAD;
    // rows that are drawn from anywhere are read alone
    const wanted = position === next ? Math.max(length, Math.min(ahead, size - position)) : length;
    const bytes = await source.read(position, wanted);
    held = { at: position, bytes };
    return bytes.subarray(0, length);
  }

  async function readSome(bytes: Uint8Array, position: number): Promise<number> {
    const length = Math.min(bytes.length, size - position, PIECE_BYTES);
    if (length <= 0) return 0;
    const from = position - held.at;
    const there = from >= 0 ? held.bytes.subarray(from, from + length) : held.bytes.subarray(0, 0);
    const got = there.length > 0 ? there : await fetched(position, length);
    bytes.set(got);
    next = position + got.length;
    return got.length;
  }

  return {
    path,
    size,
    readSome,
    async read(bytes, position) {
      if (position + bytes.length > size) throw new FormatError(`${path}: the file ended early`, size);
      if (bytes.length > PIECE_BYTES) {
        const starts: number[] = [];
        for (let at = 0; at < bytes.length; at += PIECE_BYTES) starts.push(at);
        await inFlight(AT_ONCE, starts, async (at) => {
          const length = Math.min(PIECE_BYTES, bytes.length - at);
          bytes.set(await source.read(position + at, length), at);
        });
        return;
      }
      for (let done = 0; done < bytes.length; ) done += await readSome(bytes.subarray(done), position + done);
    },
    // its own place to go on from
    pass: () => reading(path, source, async () => undefined),
    close,
  };
}
