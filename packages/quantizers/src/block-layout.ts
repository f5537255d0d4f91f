/**
 * Where the bytes of 32 vectors lie in a block, for every method: region after region, in each a run of bytes a vector, or
 * nibbles as the fast scan reads them: nibble s of vectors 0 to 15 in the low, of vectors 16 to 31 in the high halves of
 * bytes 16·s to 16·s + 15.
 */
import type { Block } from '@sagitta/core-wasm';
import { BLOCK } from './blocks.ts';

/** Names a part of a block: factors, codes, or what else a method keeps a vector. */
export interface Region {
  readonly kind: 'rows' | 'nibbles';
  readonly bytesPerVector: number;
}

/** Says where each region of a block of 32 vectors lies, and moves vectors between blocks. */
export class BlockLayout {
  readonly regions: readonly Region[];
  /** Byte offset of each region in a block. */
  readonly offsets: readonly number[];
  readonly bytesPerVector: number;
  readonly blockBytes: number;

  constructor(regions: readonly Region[]) {
    this.regions = regions;
    const offsets: number[] = [];
    let bytesPerVector = 0;
    for (const region of regions) {
      offsets.push(BLOCK * bytesPerVector);
      bytesPerVector += region.bytesPerVector;
    }
    this.offsets = offsets;
    this.bytesPerVector = bytesPerVector;
    this.blockBytes = BLOCK * bytesPerVector;
  }

  /** Copies what a region has of the vector at a position into out (bytesPerVector of the region). */
  take(blocks: Uint8Array, region: number, position: number, out: Uint8Array): void {
    if (this.regions[region]?.kind === 'rows') {
      out.set(this.#row(blocks, region, position));
      return;
    }
    const lane = position % BLOCK;
    const first = this.#start(region, position) + (lane & 15);
    const shift = lane >= 16 ? 4 : 0;
    for (let s = 0; s < out.length; s++) {
      const low = ((blocks[first + 32 * s] as number) >> shift) & 15;
      const high = ((blocks[first + 32 * s + 16] as number) >> shift) & 15;
      out[s] = low | (high << 4);
    }
  }

  /** The inverse of take, of exactly as many bytes; leaves other vectors alone. */
  put(blocks: Uint8Array, region: number, position: number, bytes: Uint8Array): void {
    if (this.regions[region]?.kind === 'rows') {
      this.#row(blocks, region, position).set(bytes);
      return;
    }
    const lane = position % BLOCK;
    const first = this.#start(region, position) + (lane & 15);
    const isHigh = lane >= 16;
    for (let s = 0; s < 2 * bytes.length; s++) {
      const nibble = ((bytes[s >> 1] as number) >> (4 * (s & 1))) & 15;
      const old = blocks[first + 16 * s] as number;
      blocks[first + 16 * s] = isHigh ? (old & 15) | (nibble << 4) : (old & 0xf0) | nibble;
    }
  }

  /** Puts all regions of the vector at a position, which lie one after the other in `source` from a byte on. */
  putWhole(blocks: Uint8Array, position: number, source: Uint8Array, from: number): void {
    let at = from;
    for (let region = 0; region < this.regions.length; region++) {
      const { kind, bytesPerVector } = this.regions[region] as Region;
      if (kind === 'nibbles') this.put(blocks, region, position, source.subarray(at, at + bytesPerVector));
      else {
        const to = this.#start(region, position) + (position % BLOCK) * bytesPerVector;
        copyBytes(source, at, bytesPerVector, blocks, to);
      }
      at += bytesPerVector;
    }
  }

  /**
   * Copies all that belongs to n vectors from positions from… of source to positions to… of target. Inside one block it
   * goes forward: to may be below from.
   */
  move(source: Block, from: number, target: Block, to: number, n = 1): void {
    const [read, written] = [source.u8(), target.u8()];
    for (const [region, { kind, bytesPerVector }] of this.regions.entries()) {
      if (kind === 'nibbles') {
        const nibbles = new Uint8Array(bytesPerVector);
        for (let i = 0; i < n; i++) {
          this.take(read, region, from + i, nibbles);
          this.put(written, region, to + i, nibbles);
        }
        continue;
      }
      // rows of a region lie one after the other as far as a block goes
      for (let i = 0; i < n; ) {
        const left = BLOCK - Math.max((from + i) % BLOCK, (to + i) % BLOCK);
        const count = Math.min(n - i, left);
        const start = this.#row(read, region, from + i).byteOffset - read.byteOffset;
        const rows = read.subarray(start, start + count * bytesPerVector);
        written.set(rows, this.#row(written, region, to + i).byteOffset - written.byteOffset);
        i += count;
      }
    }
  }

  /** Clears all that belongs to n vectors from a position on. */
  clear(blocks: Block, first: number, n: number): void {
    const bytes = blocks.u8();
    for (const [region, { kind, bytesPerVector }] of this.regions.entries()) {
      const nothing = new Uint8Array(bytesPerVector);
      for (let i = first; i < first + n; i++) {
        if (kind === 'rows') this.#row(bytes, region, i).fill(0);
        else this.put(bytes, region, i, nothing);
      }
    }
  }

  /** What a region of rows has of the vector at a position: a view. */
  #row(blocks: Uint8Array, region: number, position: number): Uint8Array {
    const { bytesPerVector } = this.regions[region] as Region;
    const start = this.#start(region, position) + (position % BLOCK) * bytesPerVector;
    return blocks.subarray(start, start + bytesPerVector);
  }

  #start(region: number, position: number): number {
    return Math.floor(position / BLOCK) * this.blockBytes + (this.offsets[region] as number);
  }
}

/** From so many bytes on a view costs less than a loop. */
const LONG = 32;

function copyBytes(source: Uint8Array, from: number, n: number, target: Uint8Array, to: number): void {
  if (n >= LONG) target.set(source.subarray(from, from + n), to);
  else for (let i = 0; i < n; i++) target[to + i] = source[from + i] as number;
}
