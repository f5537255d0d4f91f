/**
 * Bytes of a block as they were when they were asked for, however the block goes on: what a save writes while its index
 * is used, changed and disposed of.
 *
 * Copy on write by cells of 16 KiB. Holding costs nothing; a writer that overwrites held bytes in place has the cells
 * copied first, out of the core's memory; bytes behind the held ones are written without a copy. A block that is disposed
 * stays where it is until nobody holds it, or until its memory is wanted: then it is copied out cell by cell.
 */
import { checkInteger } from './checks.ts';
import { BusyError } from './errors.ts';

/** Bytes of a cell. */
export const CELL_BYTES: number = 1 << 14;

/** Whose bytes are held. */
export interface HeldBlock {
  /** Bytes of the block as they are, also when it is disposed. */
  bytesNow(byteOffset: number, length: number): Uint8Array;
  /** Called once, when they are held no longer. */
  release(held: HeldBytes): void;
}

/** Holds bytes of a block as they are at one moment, while the block goes on changing. */
export class HeldBytes implements Disposable {
  readonly byteLength: number;
  readonly #block: HeldBlock;
  /** By the number of the cell: what the block does not hold any more. */
  #copies: Map<number, Uint8Array> | undefined;
  #live = true;

  /** @internal a block makes it */
  constructor(block: HeldBlock, byteLength: number) {
    this.#block = block;
    this.byteLength = byteLength;
  }

  /** Bytes that were copied so far. */
  get copiedBytes(): number {
    let sum = 0;
    for (const { length } of this.#copies?.values() ?? []) sum += length;
    return sum;
  }

  /** Copies what is held of the block's bytes from … to - 1. @throws BusyError where there is no memory for it @internal */
  preserve(from: number, to: number): void {
    const end = Math.min(to, this.byteLength);
    for (let cell = Math.floor(from / CELL_BYTES); cell * CELL_BYTES < end; cell++) {
      if (this.#copies?.has(cell)) continue;
      const start = cell * CELL_BYTES;
      const bytes = this.#block.bytesNow(start, Math.min(CELL_BYTES, this.byteLength - start));
      this.#copies ??= new Map();
      this.#copies.set(cell, copyOf(bytes, end - start));
    }
  }

  /** Fills target with the held bytes from byteOffset on. @throws RangeError outside them, or after dispose */
  read(byteOffset: number, target: Uint8Array): void {
    if (!this.#live) throw new RangeError('"held" expected bytes that are held, got released ones');
    checkInteger('byteOffset', byteOffset, 0, this.byteLength - target.length);
    if (!this.#copies) {
      target.set(this.#block.bytesNow(byteOffset, target.length));
      return;
    }
    for (let done = 0; done < target.length; ) {
      const cell = Math.floor((byteOffset + done) / CELL_BYTES);
      const within = byteOffset + done - cell * CELL_BYTES;
      const length = Math.min(CELL_BYTES - within, target.length - done);
      const copy = this.#copies.get(cell);
      const bytes = copy
        ? copy.subarray(within, within + length)
        : this.#block.bytesNow(byteOffset + done, length);
      target.set(bytes, done);
      done += length;
    }
  }

  /** Holds them no longer. Twice does nothing. */
  dispose(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#copies = undefined;
    this.#block.release(this);
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function copyOf(bytes: Uint8Array, wanted: number): Uint8Array {
  try {
    return bytes.slice();
  } catch {
    throw new BusyError(wanted);
  }
}
