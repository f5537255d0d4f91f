/**
 * Lists of a file in the core's memory, as many as a budget allows; those used longest ago go first. A piece is a run of
 * whole blocks of one list, most often all of it.
 */
import { type Block, type Core, FormatError, making, Owner } from '@sagitta/core-wasm';
import { BLOCK, type ListPiece } from '../columns/inverted-lists.ts';
import type { ListScan } from '../columns/list-scan.ts';
import type { ByteRange } from './byte-source.ts';
import { IdsOnce } from './index-head.ts';

export interface Piece {
  readonly list: number;
  /** Vectors. */
  readonly n: number;
  readonly codes: ByteRange;
  readonly ids: ByteRange;
  /** In memory. */
  readonly bytes: number;
}

export interface PieceCacheParts {
  readonly core: Core;
  readonly codec: ListScan;
  readonly n: number;
  /** Vectors of each list. */
  readonly sizes: Uint32Array;
  /** Where the sections begin in the file. */
  readonly idsAt: number;
  readonly codesAt: number;
  readonly cacheBytes: number;
  readonly pieceBytes: number;
}

export class PieceCache extends Owner {
  readonly #parts: PieceCacheParts;
  /** First vector and first block of each list in the file. */
  readonly #vectorStarts: Float64Array;
  readonly #blockStarts: Float64Array;
  /** By offset of the codes; the order is that of last use. */
  readonly #held = new Map<number, ListPiece & { readonly bytes: number }>();
  /** Ids of the pieces that were read so far, which are in #checked: each piece is checked against them once. */
  readonly #once: IdsOnce;
  readonly #checked = new Set<number>();
  #bytes = 0;
  #hits = 0;
  #misses = 0;

  constructor(parts: PieceCacheParts) {
    super(parts.core);
    this.#parts = parts;
    const { sizes } = parts;
    this.#once = new IdsOnce(parts.n);
    this.#vectorStarts = new Float64Array(sizes.length);
    this.#blockStarts = new Float64Array(sizes.length);
    for (let i = 1; i < sizes.length; i++) {
      const before = sizes[i - 1] as number;
      this.#vectorStarts[i] = (this.#vectorStarts[i - 1] as number) + before;
      this.#blockStarts[i] = (this.#blockStarts[i - 1] as number) + Math.ceil(before / BLOCK);
    }
  }

  get bytes(): number {
    return this.#bytes;
  }
  get hits(): number {
    return this.#hits;
  }
  get misses(): number {
    return this.#misses;
  }

  *#pieces(list: number): Generator<Piece> {
    const { sizes, codec, pieceBytes, idsAt, codesAt } = this.#parts;
    const size = sizes[list] as number;
    const blocks = Math.max(1, Math.floor(pieceBytes / codec.layout.blockBytes));
    for (let first = 0; first < size; first += blocks * BLOCK) {
      const n = Math.min(blocks * BLOCK, size - first);
      const length = Math.ceil(n / BLOCK) * codec.layout.blockBytes;
      yield {
        list,
        n,
        codes: {
          offset: codesAt + ((this.#blockStarts[list] as number) + first / BLOCK) * codec.layout.blockBytes,
          length,
        },
        ids: { offset: idsAt + 4 * ((this.#vectorStarts[list] as number) + first), length: 4 * n },
        bytes: length + Math.ceil(n / BLOCK) * BLOCK * 4,
      };
    }
  }

  /** The pieces of the lists in order, in groups that fit the budget together; one piece is always a group. */
  *groups(lists: Uint32Array): Generator<readonly Piece[]> {
    this.checkLive('index');
    let group: Piece[] = [];
    let bytes = 0;
    for (const list of lists) {
      for (const piece of this.#pieces(list)) {
        if (group.length > 0 && bytes + piece.bytes > this.#parts.cacheBytes) {
          yield group;
          group = [];
          bytes = 0;
        }
        group.push(piece);
        bytes += piece.bytes;
      }
    }
    if (group.length > 0) yield group;
  }

  /** Brings a group into memory. @throws what `read` rejects with, FormatError on contents that are no list's */
  async ensure(
    group: readonly Piece[],
    read: (ranges: readonly ByteRange[]) => Promise<Uint8Array[]>,
  ): Promise<void> {
    this.checkLive('index');
    const missing = group.filter((piece) => !this.#use(piece));
    this.#hits += group.length - missing.length;
    this.#misses += missing.length;
    if (missing.length === 0) return;
    const parts = await read(missing.flatMap(({ codes, ids }) => [codes, ids]));
    // dispose may have come in while we waited
    this.checkLive('index');
    const wanted = new Set(group.map(({ codes }) => codes.offset));
    this.#evict(
      missing.reduce((sum, { bytes }) => sum + bytes, 0),
      wanted,
    );
    for (const [i, piece] of missing.entries()) {
      this.#put(piece, parts[2 * i] as Uint8Array, parts[2 * i + 1] as Uint8Array);
    }
  }

  /** Of a piece that ensure brought in. */
  content({ codes, list }: Piece): ListPiece {
    this.checkLive('index');
    const held = this.#held.get(codes.offset);
    if (!held) throw new RangeError(`"piece" expected one in memory, got one of list ${list} that is not`);
    return held;
  }

  #use({ codes }: Piece): boolean {
    const held = this.#held.get(codes.offset);
    if (!held) return false;
    this.#held.delete(codes.offset);
    this.#held.set(codes.offset, held);
    return true;
  }

  #evict(needed: number, wanted: ReadonlySet<number>): void {
    for (const [key, held] of this.#held) {
      if (this.#bytes + needed <= this.#parts.cacheBytes) return;
      if (!wanted.has(key)) this.#drop(key, held);
    }
  }

  #drop(key: number, { blocks, ids, bytes }: { blocks: Block; ids: Block; bytes: number }): void {
    this.#held.delete(key);
    this.#bytes -= bytes;
    blocks.dispose();
    ids.dispose();
  }

  #put({ n, codes, ids, bytes, list }: Piece, codeBytes: Uint8Array, idBytes: Uint8Array): void {
    const { core, codec } = this.#parts;
    const held = making((own) => {
      const blocks = own(core.allocate(codes.length));
      const held = own(core.allocate(Math.ceil(n / BLOCK) * BLOCK * 4));
      // both are little-endian: the file, and WebAssembly's memory on every machine
      blocks.u8().set(codeBytes);
      held.u8(0, 4 * n).set(idBytes);
      // of a piece that comes again ids are checked among themselves, as they were among all
      const once = this.#checked.has(ids.offset) ? new IdsOnce(this.#parts.n) : this.#once;
      const bad = once.defect(held.u32(0, n));
      if (bad !== undefined) throw new FormatError(bad, ids.offset);
      this.#checked.add(ids.offset);
      const defect = codec.defect(blocks, n);
      if (defect !== undefined) throw new FormatError(`list ${list}: ${defect}`, codes.offset);
      return { n, blocks, ids: held, bytes };
    });
    this.#held.set(codes.offset, held);
    this.#bytes += bytes;
  }

  override dispose(): void {
    for (const [key, held] of this.#held) this.#drop(key, held);
    super.dispose();
  }
}
