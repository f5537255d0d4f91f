/**
 * Bytes at positions, wherever they lie: a file, a blob, storage of the browser, a server that answers range requests.
 * One reader of indexes serves them all.
 */
import { checkInteger, FormatError } from '@sagitta/core-wasm';

/** Reads bytes at any place of a file, a blob, a server or whatever else holds an index. */
export interface ByteSource {
  /** Bytes there are. */
  readonly size: number;
  /** `length` bytes from `offset`, which the caller may keep. Rejects rather than give fewer. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Gives up what reading needs; reads afterwards reject. */
  close?(): void | Promise<void>;
}

/** Names bytes of a source by their place. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Checks that a range lies within a source.
 * @throws RangeError if the range is not within the source
 */
export function checkRange(source: { readonly size: number }, offset: number, length: number): void {
  checkInteger('offset', offset, 0, source.size);
  checkInteger('length', length, 0, source.size - offset);
}

/** Makes a source over bytes in memory. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    async read(offset, length) {
      checkRange({ size: bytes.length }, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** A source over a Blob or File, which stays where it is: a dropped file, or a file of the browser's own storage. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    async read(offset, length, signal) {
      checkRange(blob, offset, length);
      signal?.throwIfAborted();
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
  };
}

/** The source from front to back in pieces of `pieceBytes`, as loadIndexFrom takes it. */
export async function* sourceChunks(
  source: ByteSource,
  signal?: AbortSignal,
  pieceBytes: number = 1 << 22,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += pieceBytes) {
    signal?.throwIfAborted();
    yield await source.read(at, Math.min(pieceBytes, source.size - at), signal);
  }
}

/** Reads at most so many at a time. */
const IN_FLIGHT = 6;

/**
 * Reads many ranges with few requests: ranges with at most `gapBytes` between them come in one.
 * @returns the bytes of each range, in the order asked for; `requests` and `bytes` that it took
 */
export async function readRanges(
  source: ByteSource,
  ranges: readonly ByteRange[],
  options: { readonly gapBytes: number; readonly signal?: AbortSignal | undefined },
): Promise<{ parts: Uint8Array[]; requests: number; bytes: number }> {
  const order = ranges
    .map((range, i) => ({ ...range, i }))
    .sort((a, b) => a.offset - b.offset || a.length - b.length);
  const runs: { offset: number; end: number; members: typeof order }[] = [];
  for (const range of order) {
    const last = runs[runs.length - 1];
    if (last && range.offset - last.end <= options.gapBytes) {
      last.end = Math.max(last.end, range.offset + range.length);
      last.members.push(range);
    } else runs.push({ offset: range.offset, end: range.offset + range.length, members: [range] });
  }
  const parts: Uint8Array[] = new Array(ranges.length);
  let bytes = 0;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let run = runs[next++]; run; run = runs[next++]) {
      const { offset, end, members } = run;
      const length = end - offset;
      const got = await source.read(offset, length, options.signal);
      if (got.length !== length) throw new FormatError(`expected ${length} bytes, got ${got.length}`, offset);
      bytes += length;
      for (const member of members) {
        const at = member.offset - offset;
        parts[member.i] = got.subarray(at, at + member.length);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, runs.length) }, work));
  return { parts, requests: runs.length, bytes };
}
