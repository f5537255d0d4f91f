/**
 * Codes of up to `chunkSets` documents a chunk, segment by segment, so that a scan reads a segment's codes of all documents
 * in one run:
 *   scales f32[capacity] (where there are any), then per segment codes[capacity × codeBytes], factors f32[capacity].
 * The last chunk begins small and doubles; full ones never move.
 */
import { type Block, type BlockRows, blockBytes, type Core, type Ptr } from '@sagitta/core-wasm';
import type { BlockCodec } from './block-codec.ts';

/** Documents of a small chunk. A multiple of 4, so that whatever the code, factors are aligned. */
const LEAST_SETS = 32;
const MOST_SETS = 1024;
const MOST_BYTES = 64 * 1024 * 1024;

export function bytesPerDocument({ segments, codeBytes, hasFactors, hasScales }: BlockCodec): number {
  return segments * (codeBytes + (hasFactors ? 4 : 0)) + (hasScales ? 4 : 0);
}

/** Documents of a full chunk: at most 1,024, and at most 64 MiB. */
export function chunkSetsOf(codec: BlockCodec): number {
  const fitting = Math.floor(MOST_BYTES / bytesPerDocument(codec));
  return Math.max(1, Math.min(MOST_SETS, fitting >= LEAST_SETS ? fitting - (fitting % LEAST_SETS) : fitting));
}

/** One region of a chunk, a row for each document: where it begins, and its bytes a document. */
interface Region {
  readonly at: number;
  readonly bytes: number;
}

export class CodeChunk {
  readonly block: Block;
  readonly #codec: BlockCodec;
  #capacity: number;

  constructor(core: Core, codec: BlockCodec, capacity: number) {
    this.#capacity = capacity;
    this.#codec = codec;
    this.block = core.allocate(capacity * bytesPerDocument(codec));
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Capacity a chunk of at least `sets` documents gets. */
  static capacityFor(sets: number, most: number): number {
    let capacity = Math.min(LEAST_SETS, most);
    while (capacity < sets) capacity = Math.min(most, 2 * capacity);
    return capacity;
  }

  #codes(segment: number): Region {
    const { codeBytes, hasFactors, hasScales } = this.#codec;
    const before = segment * (codeBytes + (hasFactors ? 4 : 0)) + (hasScales ? 4 : 0);
    return { at: this.capacity * before, bytes: codeBytes };
  }

  codesAt(segment: number, first = 0): Ptr {
    const { at, bytes } = this.#codes(segment);
    return this.block.at(at + first * bytes);
  }
  codes(segment: number, first: number, sets: number): Uint8Array {
    const { at, bytes } = this.#codes(segment);
    return this.block.u8(at + first * bytes, sets * bytes);
  }
  factorsAt(segment: number, first = 0): Ptr {
    const { at, bytes } = this.#codes(segment);
    return this.block.at(at + this.capacity * bytes + 4 * first);
  }
  factors(segment: number, first: number, sets: number): Float32Array {
    const { at, bytes } = this.#codes(segment);
    return this.block.f32(at + this.capacity * bytes + 4 * first, sets);
  }
  scalesAt(first = 0): Ptr {
    return this.block.at(4 * first);
  }
  scales(first: number, sets: number): Float32Array {
    return this.block.f32(4 * first, sets);
  }

  /** All regions, in the order of the layout. */
  *#regions(): Iterable<Region> {
    const { segments, hasFactors, hasScales } = this.#codec;
    if (hasScales) yield { at: 0, bytes: 4 };
    for (let s = 0; s < segments; s++) {
      const codes = this.#codes(s);
      yield codes;
      if (hasFactors) yield { at: codes.at + this.capacity * codes.bytes, bytes: 4 };
    }
  }

  /** Documents first… become those of `source` at the given ascending places; source may be this chunk, places ≥ first + i. */
  take(first: number, source: CodeChunk, places: Uint32Array): void {
    const others = source.#regions()[Symbol.iterator]();
    for (const { at, bytes } of this.#regions()) {
      const to = this.block.u8(at, this.capacity * bytes);
      const { at: otherAt } = others.next().value as Region;
      const from = source.block.u8(otherAt, source.capacity * bytes);
      for (const [i, place] of places.entries()) {
        to.set(from.subarray(place * bytes, (place + 1) * bytes), (first + i) * bytes);
      }
    }
  }

  /** The documents of these runs (as in BlockRows), region by region. */
  rows(runs: Uint32Array): BlockRows[] {
    return Array.from(this.#regions(), ({ at, bytes }) => ({
      block: this.block,
      byteOffset: at,
      rowBytes: bytes,
      runs,
    }));
  }

  /** All documents of a full chunk. */
  whole(): BlockRows {
    return blockBytes(this.block, 0, this.block.byteLength);
  }

  /** Takes over the bytes of its first `sets` documents, in the order of the layout. */
  fill(content: Uint8Array, sets: number): void {
    let done = 0;
    for (const { at, bytes } of this.#regions()) {
      this.block.u8(at, sets * bytes).set(content.subarray(done, done + sets * bytes));
      done += sets * bytes;
    }
  }

  /** Leaves room for `capacity` documents, if that is less, in place; those behind them are gone. Takes no memory. */
  shrink(capacity: number): void {
    if (capacity >= this.#capacity) return;
    this.block.beforeWrite();
    const bytes = this.block.u8();
    const before = [...this.#regions()];
    this.#capacity = capacity;
    for (const [i, { at, bytes: rowBytes }] of [...this.#regions()].entries()) {
      const source = (before[i] as Region).at;
      bytes.copyWithin(at, source, source + capacity * rowBytes);
    }
    this.block.truncate(capacity * bytesPerDocument(this.#codec));
  }

  /** Its first `sets` documents in a larger chunk; this one is disposed. */
  grown(core: Core, capacity: number, sets: number): CodeChunk {
    const larger = new CodeChunk(core, this.#codec, capacity);
    larger.take(
      0,
      this,
      Uint32Array.from({ length: sets }, (_, i) => i),
    );
    this.block.dispose();
    return larger;
  }
}
