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

/** Bytes of the caller's, which nobody changes, or rows of a block. */
export type SnapshotPiece = Uint8Array | BlockRows;

export interface SnapshotParts {
  /** One to eight ASCII characters. */
  readonly kind: string;
  readonly version: number;
  readonly sections: readonly { readonly id: string; readonly pieces: readonly SnapshotPiece[] }[];
}

/** Bytes that are read of a block at a time. */
const BUFFER_BYTES = 1 << 16;
const DEFAULT_CHUNK_BYTES = 1 << 20;
const ONE_RUN = Uint32Array.of(0, 1);

/** `byteLength` bytes of a block from byteOffset on. */
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

/** Bytes of the file that was to be written when it was made. Dispose it when they are written. */
export class Snapshot implements Disposable {
  /** Of the whole file. */
  readonly byteLength: number;
  readonly #pieces: readonly SnapshotPiece[];
  readonly #held: Map<Block, HeldBytes> = new Map();
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
          for (const bytes of this.#bytesOf(piece)) checksum = crc32(bytes, checksum);
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

  /** The bytes of a piece, front to back, each run of them good until the next. */
  *#bytesOf(piece: SnapshotPiece): Iterable<Uint8Array> {
    if (piece instanceof Uint8Array) {
      yield piece;
      return;
    }
    const { block, byteOffset, rowBytes, runs } = piece;
    const held = this.#held.get(block);
    const buffer = new Uint8Array(Math.min(BUFFER_BYTES, lengthOf(piece)));
    let filled = 0;
    for (let i = 0; i < runs.length; i += 2) {
      const at = byteOffset + (runs[i] as number) * rowBytes;
      const length = (runs[i + 1] as number) * rowBytes;
      for (let done = 0; done < length; ) {
        if (!held || !this.#live) throw disposed();
        const some = Math.min(length - done, buffer.length - filled);
        held.read(at + done, buffer.subarray(filled, filled + some));
        done += some;
        filled += some;
        if (filled < buffer.length) continue;
        yield buffer;
        filled = 0;
      }
    }
    if (filled > 0) yield buffer.subarray(0, filled);
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
    for (const piece of this.#pieces) {
      for (const bytes of this.#bytesOf(piece)) {
        for (let done = 0; done < bytes.length; ) {
          if (!this.#live) throw disposed();
          const some = Math.min(bytes.length - done, chunk.length - filled);
          chunk.set(bytes.subarray(done, done + some), filled);
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
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
