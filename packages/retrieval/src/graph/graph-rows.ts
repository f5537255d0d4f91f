/**
 * The codes of a graph's vertices, row by row (RowLayout), in columns by slot. What scores whole blocks gets rows gathered into
 * blocks.
 */
import {
  type Block,
  type Core,
  FormatError,
  NO_PTR,
  Owner,
  type Scope,
  type VectorSet,
} from '@sagitta/core-wasm';
import { blockCount } from '@sagitta/quantizers';
import { RowLayout } from '@sagitta/quantizers/internal';
import { BLOCK, type InvertedLists } from '../columns/inverted-lists.ts';
import type { ListScan } from '../columns/list-scan.ts';
import { createColumn, PIECE_ROWS, rowOf } from './column.ts';

/** Rows that are coded, gathered or scored at once. */
export const RUN = 1024;

export class GraphRows extends Owner {
  readonly codec: ListScan;
  readonly layout: RowLayout;
  readonly heads: InvertedLists;
  /** None where codes have no tails, or these are elsewhere. */
  readonly tails: InvertedLists | undefined;
  /** What vectors lose before they are coded, d values. */
  readonly origin: Float32Array;
  readonly #projected: Block;
  /** What stands for tails that are not here. */
  readonly #noTail: Uint8Array;

  /** codec — its own from now on. isPaged — tails are elsewhere. */
  constructor(core: Core, codec: ListScan, origin: Float32Array, isPaged: boolean) {
    super(core);
    this.codec = this.own(() => codec);
    this.origin = origin;
    this.layout = codec.quantizer.rows ?? RowLayout.whole(codec.layout);
    const { headBytes, tailBytes } = this.layout;
    this.heads = this.own(() => createColumn(core, headBytes));
    const hasTails = tailBytes > 0 && !isPaged;
    this.tails = this.own(() => (hasTails ? createColumn(core, tailBytes) : undefined));
    this.#noTail = new Uint8Array(hasTails ? 0 : tailBytes);
    this.#projected = this.own(() => codec.project(origin));
  }

  /** The origin as scores want it. */
  get centroid(): ReturnType<Block['at']> {
    return this.codec.centroidDims === 0 ? NO_PTR : this.#projected.at();
  }

  get columns(): InvertedLists[] {
    return this.tails ? [this.heads, this.tails] : [this.heads];
  }

  #head(slot: number): Uint8Array {
    const { block, offset } = rowOf(this.heads, slot);
    return block.u8(offset, this.layout.headBytes);
  }

  #tail(slot: number): Uint8Array {
    if (!this.tails) return this.#noTail;
    const { block, offset } = rowOf(this.tails, slot);
    return block.u8(offset, this.layout.tailBytes);
  }

  /** Scratch for the codes of so many vectors. */
  room(scope: Scope, count: number): Block {
    return scope.reserve(blockCount(count) * this.codec.layout.blockBytes);
  }

  /** Codes vectors as rows first…, whose room has been made; `also` gets the codes of each run in blocks. */
  write(
    { data, n, d }: VectorSet,
    first: number,
    also: (blocks: Block, first: number, n: number) => void,
  ): void {
    this.core.scope((scope) => {
      const blocks = this.room(scope, Math.min(RUN, n));
      for (let at = 0; at < n; at += RUN) {
        const count = Math.min(RUN, n - at);
        this.codec.write(data.subarray(at * d, (at + count) * d), this.origin, blocks, 0);
        const codes = blocks.u8();
        for (let i = 0; i < count; i++) {
          const slot = first + at + i;
          this.layout.put(codes, i, this.#head(slot), this.#tail(slot));
        }
        also(blocks, first + at, count);
      }
    });
  }

  /** Puts the codes of rows, in that order, into the places 0… of blocks. */
  gather(blocks: Block, rows: Uint32Array): Block {
    const codes = blocks.u8();
    if (this.layout.isWhole) {
      this.#gatherWhole(codes, rows);
      return blocks;
    }
    for (const [i, slot] of rows.entries()) this.layout.take(codes, i, this.#head(slot), this.#tail(slot));
    return blocks;
  }

  /** What gather does where a row is all there is of a vector: views are made of pieces, not of rows. */
  #gatherWhole(codes: Uint8Array, rows: Uint32Array): void {
    const { headBytes } = this.layout;
    const blocks = this.codec.layout;
    let piece = -1;
    let bytes = codes;
    for (let i = 0; i < rows.length; i++) {
      const slot = rows[i] as number;
      const first = slot % PIECE_ROWS;
      if (slot - first !== piece) {
        piece = slot - first;
        bytes = rowOf(this.heads, piece).block.u8();
      }
      blocks.putWhole(codes, i, bytes, first * headBytes);
    }
  }

  /** Scores rows whose tails are given. @throws FormatError on tails that no codes have */
  scoresWith(rows: Uint32Array, tails: readonly Uint8Array[], base: number): Float32Array {
    const { core, codec } = this;
    return core.scope((scope) => {
      const blocks = this.room(scope, rows.length);
      const out = scope.reserve(4 * BLOCK * blockCount(rows.length));
      const codes = blocks.u8();
      for (const [i, slot] of rows.entries()) {
        this.layout.take(codes, i, this.#head(slot), tails[i] as Uint8Array);
      }
      const defect = codec.defect(blocks, rows.length);
      if (defect !== undefined) throw new FormatError(`codes: ${defect}`);
      codec.scores(blocks.at(), rows.length, this.centroid, base, out.at());
      return out.f32(0, rows.length).slice();
    });
  }

  /** Hands rows on in blocks, a run at a time. */
  inBlocks(rows: Uint32Array, use: (blocks: Block, run: Uint32Array, first: number) => void): void {
    for (let first = 0; first < rows.length; first += RUN) {
      const run = rows.subarray(first, first + RUN);
      this.core.scope((scope) => use(this.gather(this.room(scope, run.length), run), run, first));
    }
  }

  /** Estimated scores of rows. base — the exact score of the origin. */
  scores(rows: Uint32Array, base: number): Float32Array {
    const scores = new Float32Array(rows.length);
    this.inBlocks(rows, (blocks, { length }, first) => {
      this.core.scope((scope) => {
        const out = scope.reserve(4 * BLOCK * blockCount(length));
        this.codec.scores(blocks.at(), length, this.centroid, base, out.at());
        scores.set(out.f32(0, length), first);
      });
    });
    return scores;
  }

  /** What gives estimated scores of at most so many rows at once, good until it is asked again. base — as of scores. */
  scoring(scope: Scope, most: number, base: number): (rows: Uint32Array) => Float32Array {
    const blocks = this.room(scope, most);
    const out = scope.reserve(4 * BLOCK * blockCount(most));
    return (rows) => {
      this.codec.scores(this.gather(blocks, rows).at(), rows.length, this.centroid, base, out.at());
      return out.f32(0, rows.length);
    };
  }

  /** What the codes of rows stand for, rows.length × d, in that order. */
  decode(rows: Uint32Array): Float32Array {
    const { length: d } = this.origin;
    const out = new Float32Array(rows.length * d);
    this.inBlocks(rows, (blocks, { length }, first) => {
      out.set(this.codec.quantizer.decode(this.core, blocks, length, this.origin), first * d);
    });
    return out;
  }

  /** |x - x̂|² on average over vectors that need not be here, x̂ what the code of x stands for. */
  codingError({ n, d, data }: VectorSet): number {
    const { core, codec } = this;
    if (n === 0 || codec.name === 'float32') return 0;
    const decoded = core.scope((scope) => {
      const blocks = this.room(scope, n);
      codec.write(data, this.origin, blocks, 0);
      return codec.quantizer.decode(core, blocks, n, this.origin);
    });
    codec.releaseEncoder();
    let lost = 0;
    for (let i = 0; i < n * d; i++) lost += ((data[i] as number) - (decoded[i] as number)) ** 2;
    return lost / n;
  }

  /** What is wrong with the first n rows, which were read from a file, or undefined. */
  defect(n: number): string | undefined {
    let defect: string | undefined;
    this.inBlocks(slotsFrom(0, n), (blocks, { length }) => {
      defect ??= this.codec.defect(blocks, length);
    });
    return defect;
  }
}

/** n slots from one on. */
export function slotsFrom(first: number, n: number): Uint32Array {
  return Uint32Array.from({ length: n }, (_, i) => first + i);
}
