/**
 * Codes row by row, for reading single vectors: all bytes of a vector together, in two rows where only the first is read of
 * most vectors. Blocks of 32 (block-layout.ts) are for scans.
 */
import type { BlockLayout } from './block-layout.ts';

/** Says where bytes of a region lie in the rows of a vector. */
export interface RowPiece {
  readonly region: number;
  /** Of the region's bytes, the first one and how many. */
  readonly from: number;
  readonly bytes: number;
  readonly isTail: boolean;
  /** Where they begin in the row. */
  readonly row: number;
}

/** Moves vectors between blocks and rows: a head, and a tail that may have no bytes. */
export class RowLayout {
  readonly headBytes: number;
  readonly tailBytes: number;
  /** A row is a head of all regions, one after the other: BlockLayout.putWhole takes it. */
  readonly isWhole: boolean;
  readonly #blocks: BlockLayout;
  readonly #pieces: readonly (readonly RowPiece[])[];
  readonly #regions: readonly Uint8Array[];

  /** pieces — a byte may come twice; then it is taken from the last one. */
  constructor(
    blocks: BlockLayout,
    pieces: readonly RowPiece[],
    {
      headBytes,
      tailBytes,
      isWhole = false,
    }: { readonly headBytes: number; readonly tailBytes: number; readonly isWhole?: boolean },
  ) {
    this.headBytes = headBytes;
    this.tailBytes = tailBytes;
    this.isWhole = isWhole;
    this.#blocks = blocks;
    this.#pieces = blocks.regions.map((_, region) => pieces.filter((piece) => piece.region === region));
    this.#regions = blocks.regions.map(({ bytesPerVector }) => new Uint8Array(bytesPerVector));
  }

  /** The rows of any layout: a head of all regions, one after the other. */
  static whole(blocks: BlockLayout): RowLayout {
    let row = 0;
    const pieces = blocks.regions.map(({ bytesPerVector: bytes }, region) => {
      const piece = { region, from: 0, bytes, isTail: false, row };
      row += bytes;
      return piece;
    });
    return new RowLayout(blocks, pieces, { headBytes: row, tailBytes: 0, isWhole: true });
  }

  /** Writes the rows of the vector at a position of blocks. */
  put(blocks: Uint8Array, position: number, head: Uint8Array, tail: Uint8Array): void {
    for (const [region, pieces] of this.#pieces.entries()) {
      const bytes = this.#regions[region] as Uint8Array;
      this.#blocks.take(blocks, region, position, bytes);
      for (const piece of pieces) {
        const target = piece.isTail ? tail : head;
        target.set(bytes.subarray(piece.from, piece.from + piece.bytes), piece.row);
      }
    }
  }

  /** Puts the vector of rows at a position of blocks. */
  take(blocks: Uint8Array, position: number, head: Uint8Array, tail: Uint8Array): void {
    for (const [region, pieces] of this.#pieces.entries()) {
      const bytes = this.#regions[region] as Uint8Array;
      for (const piece of pieces) {
        const source = piece.isTail ? tail : head;
        bytes.set(source.subarray(piece.row, piece.row + piece.bytes), piece.from);
      }
      this.#blocks.put(blocks, region, position, bytes);
    }
  }
}
