/**
 * The WebAssembly memory as a heap of blocks that the host owns; the only file that touches memory.buffer.
 *
 * Blocks are 64-byte aligned, zero-filled, found first-fit in a free list sorted by address, and joined with their
 * neighbours when they are freed. Growing detaches every view made before it (the old view reads undefined and drops
 * writes without a word), so blocks hand out fresh views and nobody keeps one across an allocation.
 */
import { checkInteger } from './checks.ts';
import { CapacityError } from './errors.ts';

declare const ptrBrand: unique symbol;
/** An address in the WebAssembly memory. Made by Block.at alone, passed to kernels, never computed with. */
export type Ptr = number & { readonly [ptrBrand]: true };

/** The null pointer, where a kernel takes an optional input. */
export const NO_PTR: Ptr = 0 as Ptr;

const ALIGNMENT = 64;
const PAGE = 65_536;
/** The most a core takes of a 32-bit memory: all but the last page, so that no end pointer wraps to 0 in a kernel. */
export const MAX_MEMORY_BYTES: number = 65_535 * PAGE;

/** A piece of WebAssembly memory. Views are valid until the next allocation: take one, use it, let it go. */
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
  /** Gives the memory behind the first byteLength bytes back, and never needs any. @throws RangeError on more than there are */
  truncate(byteLength: number): void;
  /** Gives the memory back. Twice does nothing. */
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

class HeapBlock implements Block {
  readonly #address: number;
  readonly #heap: Heap;
  #byteLength: number;
  #live = true;

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
    this.at();
    checkInteger('byteLength', byteLength, 0, this.#byteLength);
    this.#heap.free(this.#address + sizeOf(byteLength), sizeOf(this.#byteLength) - sizeOf(byteLength));
    this.#byteLength = byteLength;
  }

  dispose(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#heap.free(this.#address, sizeOf(this.#byteLength));
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
  readonly #memory: WebAssembly.Memory;
  readonly #start: number;
  readonly #maximum: number;
  /** Free ranges [address, size], ascending, never adjacent. */
  readonly #free: [number, number][] = [];
  #end: number;
  #used = 0;

  /** base — the first byte the module does not use itself (its __heap_base). */
  constructor(memory: WebAssembly.Memory, base: number, maximumBytes: number) {
    this.#memory = memory;
    checkInteger('maximumBytes', maximumBytes, 0, 2 ** 32);
    this.#maximum = Math.floor(Math.min(maximumBytes, MAX_MEMORY_BYTES) / PAGE) * PAGE;
    this.#start = Math.ceil(base / ALIGNMENT) * ALIGNMENT;
    this.#end = this.#start;
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
    const address = this.#take(size);
    this.#used += size;
    new Uint8Array(this.buffer, address, size).fill(0);
    return new HeapBlock(this, address, byteLength);
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
