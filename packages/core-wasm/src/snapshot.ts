/**
 * A container as it is at one moment, to be written while what it was made of goes on living: parts in the core's memory
 * are held (held-bytes.ts), not copied; checksums are taken at that moment.
 */
import { checkInteger } from './checks.ts';
import { containerHead } from './container.ts';
import { crc32 } from './crc32.ts';
import type { HeldBytes } from './held-bytes.ts';
import type { Block } from './memory.ts';

/** Rows of a block of the core, some of them: what a section is made of without a copy. */
export interface BlockRows {
  readonly block: Block;
  /** Where row 0 begins. */
  readonly byteOffset: number;
  readonly rowBytes: number;
  /** Pairs: the first row of a run of neighbours, and its rows. */
  readonly runs: Uint32Array;
}

/** Is bytes of the caller's, which nobody changes, or rows of a block. */
export type SnapshotPiece = Uint8Array | BlockRows;

/** Says what a snapshot is made of. */
export interface SnapshotParts {
  /** One to eight ASCII characters. */
  readonly kind: string;
  readonly version: number;
  readonly sections: readonly { readonly id: string; readonly pieces: readonly SnapshotPiece[] }[];
}

const DEFAULT_CHUNK_BYTES = 1 << 20;
const ONE_RUN = Uint32Array.of(0, 1);

/** Names `byteLength` bytes of a block from byteOffset on. */
export function blockBytes(block: Block, byteOffset: number, byteLength: number): BlockRows {
  return { block, byteOffset, rowBytes: byteLength, runs: ONE_RUN };
}

/** Positions (ascending) as runs of neighbours: pairs of the first one and how many. */
export function runsOf(positions: Uint32Array): Uint32Array {
  const runs: number[] = [];
  for (let at = 0; at < positions.length; ) {
    const first = positions[at] as number;
    let end = at + 1;
    while (end < positions.length && positions[end] === first + end - at) end++;
    runs.push(first, end - at);
    at = end;
  }
  return Uint32Array.from(runs);
}

function disposed(): RangeError {
  return new RangeError('"snapshot" expected a live snapshot, got a disposed one');
}

function lengthOf(piece: SnapshotPiece): number {
  if (piece instanceof Uint8Array) return piece.length;
  let rows = 0;
  for (let i = 1; i < piece.runs.length; i += 2) rows += piece.runs[i] as number;
  return rows * piece.rowBytes;
}

/** The end of the last row that a piece takes of its block. */
function endOf({ byteOffset, rowBytes, runs }: BlockRows): number {
  let end = 0;
  for (let i = 0; i < runs.length; i += 2) end = Math.max(end, (runs[i] as number) + (runs[i + 1] as number));
  return byteOffset + end * rowBytes;
}

/** Views of a piece while nothing can have changed yet: checksums need no copy. */
function* bytesNow(piece: SnapshotPiece): Iterable<Uint8Array> {
  if (piece instanceof Uint8Array) {
    yield piece;
    return;
  }
  const { block, byteOffset, rowBytes, runs } = piece;
  for (let i = 0; i < runs.length; i += 2) {
    yield block.u8(byteOffset + (runs[i] as number) * rowBytes, (runs[i + 1] as number) * rowBytes);
  }
}

/** Bytes of the file that lie together. */
interface Run {
  readonly bytes: Uint8Array | HeldBytes;
  readonly byteOffset: number;
  readonly byteLength: number;
}

interface PlacedRun extends Run {
  /** Where it begins in the file. */
  readonly start: number;
}

/** The number of the run that has the byte at `offset`. */
function runAt(runs: readonly PlacedRun[], offset: number): number {
  let low = 0;
  let high = runs.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((runs[middle] as PlacedRun).start <= offset) low = middle;
    else high = middle;
  }
  return low;
}

/** Bytes of the file that was to be written when it was made. Dispose it when they are written. */
export class Snapshot implements Disposable {
  /** Of the whole file. */
  readonly byteLength: number;
  readonly #pieces: readonly SnapshotPiece[];
  readonly #held: Map<Block, HeldBytes> = new Map();
  /** Made when a part is first read. */
  #places: readonly PlacedRun[] | undefined;
  #live = true;

  /** @throws RangeError on a kind, version or section id that the header cannot hold */
  constructor(parts: SnapshotParts) {
    const ends = new Map<Block, number>();
    for (const { pieces } of parts.sections) {
      for (const piece of pieces) {
        if (piece instanceof Uint8Array) continue;
        ends.set(piece.block, Math.max(ends.get(piece.block) ?? 0, endOf(piece)));
      }
    }
    try {
      for (const [block, end] of ends) this.#held.set(block, block.hold(end));
      const summaries = parts.sections.map(({ id, pieces }) => {
        let checksum = 0;
        let length = 0;
        for (const piece of pieces) {
          length += lengthOf(piece);
          for (const bytes of bytesNow(piece)) checksum = crc32(bytes, checksum);
        }
        return { id, checksum, length };
      });
      const { bytes, gaps } = containerHead(parts, summaries);
      const body = parts.sections.flatMap(({ pieces }, i) => [gaps[i] as Uint8Array, ...pieces]);
      this.#pieces = [bytes, ...body];
      this.byteLength = this.#pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Bytes that were copied because something changed or their memory was wanted: what the save costs besides its writing. */
  get copiedBytes(): number {
    let sum = 0;
    for (const held of this.#held.values()) sum += held.copiedBytes;
    return sum;
  }

  /**
   * The file from front to back in chunks of `chunkBytes` (the last is shorter), each a fresh array that the caller may
   * keep. Can be asked for again.
   * @throws RangeError after dispose
   */
  chunks(chunkBytes: number = DEFAULT_CHUNK_BYTES): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
    if (!this.#live) throw disposed();
    return this.#chunks(checkInteger('chunkBytes', chunkBytes, 1, Number.MAX_SAFE_INTEGER));
  }

  *#chunks(chunkBytes: number): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
    let left = this.byteLength;
    let chunk = new Uint8Array(Math.min(chunkBytes, left));
    let filled = 0;
    for (const { bytes, byteOffset, byteLength } of this.#runs()) {
      for (let done = 0; done < byteLength; ) {
        if (!this.#live) throw disposed();
        const some = Math.min(byteLength - done, chunk.length - filled);
        const at = byteOffset + done;
        if (bytes instanceof Uint8Array) chunk.set(bytes.subarray(at, at + some), filled);
        else bytes.read(at, chunk.subarray(filled, filled + some));
        done += some;
        filled += some;
        if (filled < chunk.length) continue;
        yield chunk;
        left -= filled;
        filled = 0;
        chunk = new Uint8Array(Math.min(chunkBytes, left));
      }
    }
  }

  /** Where the bytes of the file are, front to back. */
  *#runs(): Iterable<Run> {
    for (const piece of this.#pieces) {
      if (piece instanceof Uint8Array) {
        yield { bytes: piece, byteOffset: 0, byteLength: piece.length };
        continue;
      }
      const bytes = this.#held.get(piece.block);
      if (!bytes) throw disposed();
      const { byteOffset, rowBytes, runs } = piece;
      for (let i = 0; i < runs.length; i += 2) {
        const [first, rows] = [runs[i] as number, runs[i + 1] as number];
        yield { bytes, byteOffset: byteOffset + first * rowBytes, byteLength: rows * rowBytes };
      }
    }
  }

  /**
   * Copies `length` bytes of the file from `offset` on.
   * @throws RangeError outside the file, or after dispose
   */
  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (!this.#live) throw disposed();
    checkInteger('offset', offset, 0, this.byteLength);
    checkInteger('length', length, 0, this.byteLength - offset);
    this.#places ??= [...this.#placed()];
    const out = new Uint8Array(length);
    for (let i = runAt(this.#places, offset), done = 0; done < length; i++) {
      const { start, bytes, byteOffset, byteLength } = this.#places[i] as PlacedRun;
      const from = offset + done - start;
      const target = out.subarray(done, done + Math.min(length - done, byteLength - from));
      if (bytes instanceof Uint8Array) target.set(bytes.subarray(from, from + target.length));
      else bytes.read(byteOffset + from, target);
      done += target.length;
    }
    return out;
  }

  /** The runs with their places in the file. */
  *#placed(): Iterable<PlacedRun> {
    let start = 0;
    for (const run of this.#runs()) {
      if (run.byteLength > 0) yield { ...run, start };
      start += run.byteLength;
    }
  }

  /** The whole file as one array. */
  bytes(): Uint8Array<ArrayBuffer> {
    const whole = this.chunks(this.byteLength).next();
    return whole.value ?? new Uint8Array(0);
  }

  /** Lets go of what it holds. Twice does nothing. */
  dispose(): void {
    this.#live = false;
    for (const held of this.#held.values()) held.dispose();
    this.#held.clear();
    this.#places = undefined;
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
