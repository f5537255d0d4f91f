/**
 * Codes of up to `chunkSets` documents a chunk, segment by segment, so that a scan reads a segment's codes of all documents
 * in one run:
 *   scales f32[capacity] (where there are any), then per segment codes[capacity × codeBytes], factors f32[capacity].
 * The last chunk begins small and doubles; full ones never move.
 */
import type { Block, Core, Ptr } from '@sagitta/core-wasm';
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

/** One region of a chunk: where it begins, and its bytes a document. */
interface Region {
  readonly at: number;
  readonly bytes: number;
}

export class CodeChunk {
  readonly capacity: number;
  readonly block: Block;
  readonly #codec: BlockCodec;

  constructor(core: Core, codec: BlockCodec, capacity: number) {
    this.capacity = capacity;
    this.#codec = codec;
    this.block = core.allocate(capacity * bytesPerDocument(codec));
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

  /** Documents first… become those of `source` at the given ascending places; source may be this chunk, places ≥ first + i. */
  take(first: number, source: CodeChunk, places: Uint32Array): void {
    const { segments, codeBytes, hasFactors, hasScales } = this.#codec;
    const move = <T extends Uint8Array | Float32Array>(to: T, from: T, size: number): void => {
      for (const [i, place] of places.entries()) {
        to.set(from.subarray(place * size, (place + 1) * size), (first + i) * size);
      }
    };
    if (hasScales) move(this.scales(0, this.capacity), source.scales(0, source.capacity), 1);
    for (let s = 0; s < segments; s++) {
      move(this.codes(s, 0, this.capacity), source.codes(s, 0, source.capacity), codeBytes);
      if (hasFactors) move(this.factors(s, 0, this.capacity), source.factors(s, 0, source.capacity), 1);
    }
  }

  /** Bytes of the first `sets` documents, in the order of the layout. */
  pieces(sets: number): Uint8Array[] {
    if (sets === this.capacity) return [this.block.u8()];
    const { segments, hasFactors, hasScales } = this.#codec;
    const out: Uint8Array[] = [];
    const bytesOf = (values: Float32Array): Uint8Array =>
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    if (hasScales) out.push(bytesOf(this.scales(0, sets)));
    for (let s = 0; s < segments; s++) {
      out.push(this.codes(s, 0, sets));
      if (hasFactors) out.push(bytesOf(this.factors(s, 0, sets)));
    }
    return out;
  }

  /** Takes over the bytes that pieces(sets) gave. */
  fill(bytes: Uint8Array, sets: number): void {
    let at = 0;
    for (const piece of this.pieces(sets)) {
      piece.set(bytes.subarray(at, at + piece.length));
      at += piece.length;
    }
  }

  /** Its first `sets` documents in a larger chunk; this one is disposed. */
  grown(core: Core, capacity: number, sets: number): CodeChunk {
    const larger = new CodeChunk(core, this.#codec, capacity);
    const { segments, hasFactors, hasScales } = this.#codec;
    if (hasScales) larger.scales(0, sets).set(this.scales(0, sets));
    for (let s = 0; s < segments; s++) {
      larger.codes(s, 0, sets).set(this.codes(s, 0, sets));
      if (hasFactors) larger.factors(s, 0, sets).set(this.factors(s, 0, sets));
    }
    this.block.dispose();
    return larger;
  }
}
