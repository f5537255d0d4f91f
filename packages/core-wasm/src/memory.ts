/**
 * The WebAssembly memory as a heap of blocks that the host owns; the only file that touches memory.buffer.
 *
 * Blocks are 64-byte aligned, zero-filled, found first-fit in a free list sorted by address, and joined with their
 * neighbours when they are freed. Growing detaches every view made before it (the old view reads undefined and drops
 * writes without a word), so blocks hand out fresh views and nobody keeps one across an allocation.
 *
 * A save holds blocks (held-bytes.ts). Held blocks that are disposed are freed when the last save lets go of them; where
 * memory ends before that, as many of their bytes as are wanted are copied out and freed at once.
 */
import { checkInteger } from './checks.ts';
import { CapacityError } from './errors.ts';
import { CELL_BYTES, type HeldBlock, HeldBytes } from './held-bytes.ts';

declare const ptrBrand: unique symbol;
/** Is an address in the WebAssembly memory. Made by Block.at alone, passed to kernels, never computed with. */
export type Ptr = number & { readonly [ptrBrand]: true };

/** The null pointer, where a kernel takes an optional input. */
export const NO_PTR: Ptr = 0 as Ptr;

const ALIGNMENT = 64;
const PAGE = 65_536;
/** The most a core takes of a 32-bit memory: all but the last page, so that no end pointer wraps to 0 in a kernel. */
export const MAX_MEMORY_BYTES: number = 65_535 * PAGE;

/** Is a piece of WebAssembly memory. Views are valid until the next allocation: take one, use it, let it go. */
export interface Block extends Disposable {
  readonly byteLength: number;
  /** The address byteOffset bytes into the block. @throws RangeError outside 0…byteLength, or after dispose */
  at(byteOffset?: number): Ptr;
  /** A fresh view of `length` elements, or of all that fit. @throws RangeError outside the block */
  f32(byteOffset?: number, length?: number): Float32Array;
  f64(byteOffset?: number, length?: number): Float64Array;
  u8(byteOffset?: number, length?: number): Uint8Array;
  i8(byteOffset?: number, length?: number): Int8Array;
  u16(byteOffset?: number, length?: number): Uint16Array;
  i16(byteOffset?: number, length?: number): Int16Array;
  u32(byteOffset?: number, length?: number): Uint32Array;
  i32(byteOffset?: number, length?: number): Int32Array;
  /**
   * Gives the memory behind the first byteLength bytes back, and takes none unless it is held.
   * @throws RangeError on more than there are, BusyError where there is no memory for a copy of what is held
   */
  truncate(byteLength: number): void;
  /**
   * Holds the first `byteLength` bytes (all of them) as they are now, through changes and dispose, until they are
   * released. Who overwrites bytes in place that may be held calls beforeWrite first.
   */
  hold(byteLength?: number): HeldBytes;
  /**
   * To be called before `byteLength` bytes from byteOffset on (all that follow) are overwritten in place: keeps a copy of
   * those that are held. Costs nothing where none are.
   * @throws BusyError where there is no memory for the copy
   */
  beforeWrite(byteOffset?: number, byteLength?: number): void;
  /** Gives the memory back, once nothing of it is held. Twice does nothing. */
  dispose(): void;
}

/** Scratch that is freed when the scope ends. */
export interface Scope {
  reserve(byteLength: number): Block;
}

interface View<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): T;
}

class HeapBlock implements Block, HeldBlock {
  readonly #address: number;
  readonly #heap: Heap;
  #byteLength: number;
  #live = true;
  #holds: HeldBytes[] | undefined;
  /** Bytes of a disposed block that were given back already. */
  #gone = 0;

  constructor(heap: Heap, address: number, byteLength: number) {
    this.#heap = heap;
    this.#address = address;
    this.#byteLength = byteLength;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  at(byteOffset = 0): Ptr {
    this.#heap.checkLive();
    if (!this.#live) throw new RangeError('"block" expected a live block, got a disposed one');
    checkInteger('byteOffset', byteOffset, 0, this.byteLength);
    return (this.#address + byteOffset) as Ptr;
  }

  #view<T>(type: View<T>, byteOffset: number, length: number | undefined): T {
    const address = this.at(byteOffset);
    const count = length ?? Math.floor((this.byteLength - byteOffset) / type.BYTES_PER_ELEMENT);
    checkInteger('length', count, 0, (this.byteLength - byteOffset) / type.BYTES_PER_ELEMENT);
    return new type(this.#heap.buffer, address, count);
  }

  f32(byteOffset = 0, length?: number): Float32Array {
    return this.#view(Float32Array, byteOffset, length);
  }
  f64(byteOffset = 0, length?: number): Float64Array {
    return this.#view(Float64Array, byteOffset, length);
  }
  u8(byteOffset = 0, length?: number): Uint8Array {
    return this.#view(Uint8Array, byteOffset, length);
  }
  i8(byteOffset = 0, length?: number): Int8Array {
    return this.#view(Int8Array, byteOffset, length);
  }
  u16(byteOffset = 0, length?: number): Uint16Array {
    return this.#view(Uint16Array, byteOffset, length);
  }
  i16(byteOffset = 0, length?: number): Int16Array {
    return this.#view(Int16Array, byteOffset, length);
  }
  u32(byteOffset = 0, length?: number): Uint32Array {
    return this.#view(Uint32Array, byteOffset, length);
  }
  i32(byteOffset = 0, length?: number): Int32Array {
    return this.#view(Int32Array, byteOffset, length);
  }

  truncate(byteLength: number): void {
    this.at(checkInteger('byteLength', byteLength, 0, this.#byteLength));
    const size = sizeOf(byteLength);
    this.beforeWrite(size);
    this.#heap.free(this.#address + size, sizeOf(this.#byteLength) - size);
    this.#byteLength = byteLength;
  }

  hold(byteLength: number = this.byteLength): HeldBytes {
    this.at(checkInteger('byteLength', byteLength, 0, this.byteLength));
    const held = new HeldBytes(this, byteLength);
    this.#holds = [...(this.#holds ?? []), held];
    return held;
  }

  beforeWrite(byteOffset = 0, byteLength: number = this.byteLength - byteOffset): void {
    for (const held of this.#holds ?? []) held.preserve(byteOffset, byteOffset + byteLength);
  }

  bytesNow(byteOffset: number, length: number): Uint8Array {
    return new Uint8Array(this.#heap.buffer, this.#address + byteOffset, length);
  }

  release(held: HeldBytes): void {
    const others = this.#holds?.filter((one) => one !== held);
    this.#holds = others?.length ? others : undefined;
    if (!this.#live && !this.#holds) this.#giveBack(this.leavingBytes);
  }

  /** Bytes of a disposed block that are still there. */
  get leavingBytes(): number {
    return sizeOf(this.byteLength) - this.#gone;
  }

  /** Of a disposed block that is held: copies out and gives back `byteLength` bytes or more, if it has so many. @throws BusyError */
  moveOut(byteLength: number): void {
    const wanted = Math.min(this.leavingBytes, Math.ceil(byteLength / CELL_BYTES) * CELL_BYTES);
    this.beforeWrite(this.#gone, wanted);
    this.#giveBack(wanted);
  }

  #giveBack(bytes: number): void {
    if (bytes > 0) this.#heap.free(this.#address + this.#gone, bytes);
    this.#gone += bytes;
    if (this.leavingBytes === 0) this.#heap.leaving.delete(this);
  }

  dispose(): void {
    if (!this.#live) return;
    this.#live = false;
    if (this.#holds) this.#heap.leaving.add(this);
    else this.#giveBack(this.leavingBytes);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Bytes that a block of this length takes. */
function sizeOf(byteLength: number): number {
  return Math.max(ALIGNMENT, Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT);
}

export class Heap {
  /** Set to false where the core ends. */
  isLive = true;
  /** Blocks that are disposed and still held. */
  readonly leaving: Set<HeapBlock> = new Set();
  readonly #memory: WebAssembly.Memory;
  readonly #start: number;
  readonly #maximum: number;
  /** Free ranges [address, size], ascending, never adjacent. */
  readonly #free: [number, number][] = [];
  #end: number;
  /** No block was ever behind this. */
  #touched: number;
  #used = 0;

  /** base — the first byte the module does not use itself (its __heap_base). */
  constructor(memory: WebAssembly.Memory, base: number, maximumBytes: number) {
    this.#memory = memory;
    checkInteger('maximumBytes', maximumBytes, 0, 2 ** 32);
    this.#maximum = Math.floor(Math.min(maximumBytes, MAX_MEMORY_BYTES) / PAGE) * PAGE;
    this.#start = Math.ceil(base / ALIGNMENT) * ALIGNMENT;
    this.#end = this.#start;
    this.#touched = this.#start;
  }

  get buffer(): ArrayBuffer {
    return this.#memory.buffer;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** @throws RangeError after the core was disposed */
  checkLive(): void {
    if (!this.isLive) throw new RangeError('"core" expected a live core, got a disposed one');
  }

  allocate(byteLength: number): Block {
    this.checkLive();
    checkInteger('byteLength', byteLength, 0, Number.MAX_SAFE_INTEGER);
    const size = sizeOf(byteLength);
    const address = this.#takeOrMoveOut(size);
    this.#used += size;
    // what was never in use is zero as it was made
    const used = Math.min(size, Math.max(0, this.#touched - address));
    if (used > 0) new Uint8Array(this.buffer, address, used).fill(0);
    this.#touched = Math.max(this.#touched, address + size);
    return new HeapBlock(this, address, byteLength);
  }

  #takeOrMoveOut(size: number): number {
    for (;;) {
      try {
        return this.#take(size);
      } catch (error) {
        // the smallest block that is enough, else the largest there is
        const blocks = [...this.leaving].sort((a, b) => a.leavingBytes - b.leavingBytes);
        const within = blocks.reduce((sum, { leavingBytes }) => sum + leavingBytes, this.#freeBytes());
        const block = blocks.find(({ leavingBytes }) => leavingBytes >= size) ?? blocks[blocks.length - 1];
        if (!block || within < size) throw error;
        block.moveOut(size);
      }
    }
  }

  /** All that could be taken, were it in one piece. */
  #freeBytes(): number {
    return this.#free.reduce((sum, [, size]) => sum + size, this.#maximum - this.#end);
  }

  #take(size: number): number {
    for (let i = 0; i < this.#free.length; i++) {
      const range = this.#free[i] as [number, number];
      if (range[1] < size) continue;
      const address = range[0];
      range[0] += size;
      range[1] -= size;
      if (range[1] === 0) this.#free.splice(i, 1);
      return address;
    }
    const address = this.#end;
    const needed = address + size;
    const present = this.buffer.byteLength;
    if (needed > present) {
      if (needed > this.#maximum) throw new CapacityError(size, Math.max(0, this.#maximum - address));
      // a quarter more than asked, so that many small blocks do not grow page by page
      const roomy = Math.min(this.#maximum, Math.max(needed, present + Math.floor(present / 4)));
      if (!this.#grow(roomy - present) && !this.#grow(needed - present)) {
        throw new CapacityError(size, Math.max(0, present - address));
      }
    }
    this.#end = needed;
    return address;
  }

  /** False where the engine refuses. */
  #grow(byteLength: number): boolean {
    try {
      this.#memory.grow(Math.ceil(byteLength / PAGE));
      return true;
    } catch {
      return false;
    }
  }

  /** size — a multiple of 64. */
  free(address: number, size: number): void {
    if (size === 0) return;
    this.#used -= size;
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#free[middle] as [number, number])[0] < address) low = middle + 1;
      else high = middle;
    }
    const before = this.#free[low - 1];
    const after = this.#free[low];
    if (before && before[0] + before[1] === address) {
      before[1] += size;
      if (after && before[0] + before[1] === after[0]) {
        before[1] += after[1];
        this.#free.splice(low, 1);
      }
    } else if (after && address + size === after[0]) {
      after[0] = address;
      after[1] += size;
    } else {
      this.#free.splice(low, 0, [address, size]);
    }
    const last = this.#free[this.#free.length - 1];
    if (last && last[0] + last[1] === this.#end) {
      this.#end = last[0];
      this.#free.pop();
    }
  }
}
