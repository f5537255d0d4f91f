/**
 * Inverted lists of fixed-size codes in blocks of 32 vectors. A list lies in pieces of at most 64 MiB, all but the last
 * of them full: growing copies no more than one piece, so a list grows as far as memory goes. The last piece grows by half
 * when it is full, so adding in batches copies each byte a bounded number of times.
 *
 * Of what a save may hold (Block.hold), only the block that new vectors share with old ones is overwritten in place, and
 * what a compaction moves; both have the held bytes copied first.
 */
import { type Block, type BlockRows, blockBytes, type Core, making, Owner } from '@sagitta/core-wasm';
import type { BlockLayout } from '@sagitta/quantizers/internal';
import { NO_ID } from '../search/search-result.ts';
import type { Compaction } from './compaction.ts';

export const BLOCK = 32;
/** { blocks, ids, n, next }: what a scan kernel reads of a piece; next: the record of the list's next piece, or 0. */
const RECORD_BYTES = 16;
/** The most that the blocks of a piece take. */
const PIECE_BYTES: number = 1 << 26;

/** Vectors of a full piece. */
export function pieceVectors(blockBytes: number, pieceBytes: number = PIECE_BYTES): number {
  return BLOCK * Math.max(1, Math.floor(pieceBytes / blockBytes));
}

/** A run of a list's vectors, or all of them. */
export interface ListPiece {
  readonly n: number;
  readonly blocks: Block;
  /** u32[n]. */
  readonly ids: Block;
}

/** Vectors that a list gets, or some of them: the next `count`, from `offset` on, go to positions first… of a piece. */
export interface ListRoom {
  readonly list: number;
  readonly offset: number;
  readonly count: number;
  readonly piece: Pick<ListPiece, 'blocks' | 'ids'>;
  readonly first: number;
}

type Room = Pick<ListPiece, 'blocks' | 'ids'>;

interface List {
  /** Vectors that count. */
  n: number;
  /** With those that are staged behind them. */
  staged: number;
  pieces: Room[];
}

/** What it takes to put a list back: its sizes, and the bytes of the block that new vectors share with old ones. */
interface Undo {
  readonly list: number;
  readonly staged: number;
  readonly pieces: number;
  /** Bytes of the last piece's two blocks. */
  readonly blockBytes: number;
  readonly idBytes: number;
  readonly partialBlock: Uint8Array;
}

export interface ListsOptions {
  /** Default true; without, a vector's position is its id. */
  readonly hasIds?: boolean;
  /** Default 64 MiB; a piece has at least one block. */
  readonly pieceBytes?: number;
}

export class InvertedLists extends Owner {
  readonly nlist: number;
  readonly layout: BlockLayout;
  readonly #lists: List[];
  /** Bytes of an id; 0 where there are none. */
  readonly #idBytes: number;
  readonly #pieceVectors: number;
  /** Before the first change that is not published, by list. */
  readonly #undo = new Map<number, Undo>();
  /** One for each list, then those of pieces after the first. */
  #records: Block;
  /** Lists of more than one piece. */
  readonly #long = new Set<number>();

  constructor(core: Core, nlist: number, layout: BlockLayout, options: ListsOptions = {}) {
    super(core);
    const { hasIds = true, pieceBytes } = options;
    this.#idBytes = hasIds ? 4 : 0;
    this.nlist = nlist;
    this.layout = layout;
    this.#pieceVectors = pieceVectors(layout.blockBytes, pieceBytes);
    this.#lists = Array.from({ length: nlist }, () => ({ n: 0, staged: 0, pieces: [] }));
    this.#records = core.allocate(nlist * RECORD_BYTES);
  }

  /** Vectors of a list. */
  size(list: number): number {
    this.checkLive('lists');
    return this.#list(list).n;
  }
  sizes(): Uint32Array {
    this.checkLive('lists');
    return Uint32Array.from(this.#lists, ({ n }) => n);
  }
  /** Records that scans read of lists. */
  get records(): Block {
    return this.#records;
  }

  #list(list: number): List {
    return this.#lists[list] as List;
  }
  get #pieceBlocks(): number {
    return this.#pieceVectors / BLOCK;
  }

  /** The vectors of a list, in order; none for an empty one. */
  *pieces(list: number): Generator<ListPiece> {
    this.checkLive('lists');
    const { n, pieces } = this.#list(list);
    for (const [i, piece] of pieces.entries()) {
      const count = Math.min(this.#pieceVectors, n - i * this.#pieceVectors);
      if (count > 0) yield { ...piece, n: pieces.length === 1 ? n : count };
    }
  }

  /** The piece in which a position of a list lies, and the position there. */
  locate(list: number, position: number): { readonly blocks: Block; readonly position: number } {
    this.checkLive('lists');
    const { pieces } = this.#list(list);
    if (pieces.length === 1) return { blocks: (pieces[0] as Room).blocks, position };
    const at = Math.floor(position / this.#pieceVectors);
    return { blocks: (pieces[at] as Room).blocks, position: position - at * this.#pieceVectors };
  }

  /** Writes the records of a list; where it has, or had, more than one piece, those of all such lists. */
  #record(list: number): void {
    const { pieces } = this.#list(list);
    const wasLong = this.#long.delete(list);
    if (pieces.length > 1) this.#long.add(list);
    this.#recordPiece(list, list, 0, 0);
    if (pieces.length <= 1 && !wasLong) return;
    let next = this.nlist;
    for (const long of this.#long) {
      const { length } = this.#list(long).pieces;
      for (let i = 0; i < length; i++) {
        const number = i === 0 ? long : next++;
        this.#recordPiece(long, number, i, i + 1 < length ? next : 0);
      }
    }
  }

  #recordPiece(list: number, number: number, at: number, next: number): void {
    const { n, pieces } = this.#list(list);
    const record = this.#records.u32(number * RECORD_BYTES, 4);
    const piece = pieces[at];
    if (!piece) {
      record.fill(0);
      return;
    }
    const most = pieces.length === 1 ? n : this.#pieceVectors;
    const count = Math.max(0, Math.min(most, n - at * this.#pieceVectors));
    record.set([piece.blocks.at(), piece.ids.at(), count, next]);
  }

  /** Makes room for the records of a list of so many pieces. @throws CapacityError */
  #roomForRecords(list: number, pieces: number): void {
    let wanted = this.nlist + pieces - 1;
    for (const long of this.#long) if (long !== list) wanted += this.#list(long).pieces.length - 1;
    if (wanted * RECORD_BYTES <= this.#records.byteLength) return;
    const grown = this.core.allocate((wanted + 16) * RECORD_BYTES);
    grown.u8().set(this.#records.u8());
    this.#records.dispose();
    this.#records = grown;
  }

  /** Takes over the pieces of an empty list of n vectors, all but the last full. @throws CapacityError */
  adopt(list: number, n: number, pieces: readonly Pick<ListPiece, 'blocks' | 'ids'>[]): void {
    this.checkLive('lists');
    this.#roomForRecords(list, pieces.length);
    this.#lists[list] = { n, staged: n, pieces: [...pieces] };
    this.#record(list);
  }

  /** Lets `body` see `content` as the list. */
  lend(list: number, content: ListPiece, body: () => void): void {
    this.checkLive('lists');
    const before = this.#list(list);
    this.#lists[list] = { n: content.n, staged: content.n, pieces: [content] };
    this.#record(list);
    try {
      body();
    } finally {
      this.#lists[list] = before;
      this.#record(list);
    }
  }

  /**
   * Makes room for counts[list] more vectors in every list and hands it to `write`, list by list and piece by piece. They do
   * not count until publish(); withdraw() drops them. If anything throws, all lists are as they were.
   */
  stage(counts: Uint32Array, write: (room: ListRoom) => void): void {
    this.checkLive('lists');
    const undo: Undo[] = [];
    try {
      for (let list = 0; list < this.nlist; list++) {
        const count = counts[list] as number;
        if (count === 0) continue;
        const before = this.#grow(list, count);
        undo.push(before);
        for (const room of this.#rooms(list, before.staged, count)) write(room);
      }
    } catch (error) {
      for (const entry of undo.reverse()) this.#shrink(entry);
      throw error;
    }
    for (const entry of undo) if (!this.#undo.has(entry.list)) this.#undo.set(entry.list, entry);
  }

  *#rooms(list: number, first: number, count: number): Generator<ListRoom> {
    const { pieces } = this.#list(list);
    for (let offset = 0; offset < count; ) {
      const at = pieces.length === 1 ? 0 : Math.floor((first + offset) / this.#pieceVectors);
      const position = first + offset - at * this.#pieceVectors;
      const fits = pieces.length === 1 ? count : this.#pieceVectors - position;
      const part = Math.min(count - offset, fits);
      yield { list, offset, count: part, piece: pieces[at] as Room, first: position };
      offset += part;
    }
  }

  /** Makes what was staged count. Needs no memory and cannot fail. */
  publish(): void {
    this.checkLive('lists');
    for (const list of this.#undo.keys()) {
      const content = this.#list(list);
      content.n = content.staged;
      this.#record(list);
    }
    this.#undo.clear();
  }

  /** Drops what was staged. */
  withdraw(): void {
    this.checkLive('lists');
    for (const undo of this.#undo.values()) this.#shrink(undo);
    this.#undo.clear();
  }

  /** Room for `count` vectors behind those of the list and the staged ones. */
  #grow(list: number, count: number): Undo {
    const content = this.#list(list);
    const { blockBytes } = this.layout;
    const first = content.staged;
    const last = content.pieces[content.pieces.length - 1];
    const before = Math.max(0, content.pieces.length - 1) * this.#pieceBlocks;
    const inLast = this.#pieceBlocks;
    const wanted = Math.ceil((first + count) / BLOCK) - before;
    const partial = (Math.floor(first / BLOCK) - before) * blockBytes;
    const room = last ? last.blocks.byteLength / blockBytes : 0;
    const shares = first % BLOCK > 0;
    const needed = Math.min(wanted, inLast);
    const isInPlace = room >= needed;
    // before all else: where a save holds the block and there is no memory for a copy, nothing has happened
    if (last && shares && isInPlace) last.blocks.beforeWrite(partial, blockBytes);
    const undo = {
      list,
      staged: first,
      pieces: content.pieces.length,
      blockBytes: last?.blocks.byteLength ?? 0,
      idBytes: last?.ids.byteLength ?? 0,
      partialBlock: last && shares ? last.blocks.u8(partial, blockBytes).slice() : new Uint8Array(0),
    };
    const made = making((own) => {
      const rest: Room[] = [];
      for (let from = inLast; from < wanted; from += this.#pieceBlocks) {
        rest.push(own(this.#room(Math.min(this.#pieceBlocks, wanted - from))));
      }
      const half = last ? Math.ceil(((first - before * BLOCK) / BLOCK) * 1.5) : 0;
      const size = Math.min(inLast, Math.max(needed, half));
      const grown = isInPlace ? undefined : own(this.#room(size));
      this.#roomForRecords(list, Math.max(1, content.pieces.length) + rest.length);
      return { rest, grown };
    });
    if (made.grown) {
      if (last) {
        made.grown.blocks.u8(0, undo.blockBytes).set(last.blocks.u8());
        made.grown.ids.u8(0, undo.idBytes).set(last.ids.u8());
        last.blocks.dispose();
        last.ids.dispose();
        content.pieces.pop();
      }
      content.pieces.push(made.grown);
    }
    content.pieces.push(...made.rest);
    content.staged = first + count;
    this.#record(list);
    return undo;
  }

  /** Memory for so many blocks and their ids. */
  #room(count: number): Room & Disposable {
    return making((own) => {
      const blocks = own(this.core.allocate(count * this.layout.blockBytes));
      const ids = own(this.core.allocate(count * BLOCK * this.#idBytes));
      return {
        blocks,
        ids,
        [Symbol.dispose]() {
          blocks.dispose();
          ids.dispose();
        },
      };
    });
  }

  /** Drops what was staged after `undo` was made. */
  #shrink({ list, staged, pieces, blockBytes, idBytes, partialBlock }: Undo): void {
    const content = this.#list(list);
    content.staged = staged;
    for (const piece of content.pieces.splice(pieces)) {
      piece.blocks.dispose();
      piece.ids.dispose();
    }
    const last = content.pieces[pieces - 1];
    if (last) {
      const at = Math.floor((staged - (pieces - 1) * this.#pieceVectors) / BLOCK) * this.layout.blockBytes;
      last.blocks.truncate(blockBytes);
      last.ids.truncate(idBytes);
      // a save that began meanwhile has what was staged in the spare places of its last block
      last.blocks.beforeWrite(at);
      last.blocks.u8(at).fill(0);
      last.blocks.u8(at, partialBlock.length).set(partialBlock);
    }
    this.#record(list);
  }

  /** Makes room in empty lists for sizes[list] vectors each, which count at once; the caller fills the pieces. @throws CapacityError */
  reserve(sizes: Uint32Array): void {
    this.checkLive('lists');
    this.stage(sizes, () => {});
    this.publish();
  }

  /**
   * Makes ready that every vector gets the id numbers[id], and that those with NO_ID there go; vectors move forward in their
   * lists, in place, and nothing is staged. Numbers ascend with ids.
   * @throws BusyError where a save holds what would be overwritten and there is no memory for a copy
   */
  compaction(numbers: Uint32Array): Compaction {
    this.checkLive('lists');
    for (let list = 0; list < this.nlist; list++) {
      for (const piece of this.pieces(list)) {
        piece.blocks.beforeWrite();
        piece.ids.beforeWrite();
      }
    }
    return {
      commit: () => {
        for (let list = 0; list < this.nlist; list++) this.#compact(list, numbers);
      },
      [Symbol.dispose]: () => {},
    };
  }

  #compact(list: number, numbers: Uint32Array): void {
    const content = this.#list(list);
    const most = content.pieces.length === 1 ? Number.MAX_SAFE_INTEGER : this.#pieceVectors;
    let kept = 0;
    let before = 0;
    for (const piece of this.pieces(list)) {
      const { n, blocks } = piece;
      const ids =
        this.#idBytes > 0 ? piece.ids.u32(0, n) : Uint32Array.from({ length: n }, (_, i) => before + i);
      for (let from = 0; from < n; ) {
        if (numbers[ids[from] as number] === NO_ID) {
          from++;
          continue;
        }
        const at = Math.floor(kept / most);
        const to = kept - at * most;
        let end = from;
        while (end < n && end - from < most - to && numbers[ids[end] as number] !== NO_ID) end++;
        const target = content.pieces[at] as Room;
        if (target.blocks !== blocks || to !== from)
          this.layout.move(blocks, from, target.blocks, to, end - from);
        if (this.#idBytes > 0) {
          const renamed = target.ids.u32(to * 4, end - from);
          for (let i = from; i < end; i++) renamed[i - from] = numbers[ids[i] as number] as number;
        }
        kept += end - from;
        from = end;
      }
      before += n;
    }
    content.n = kept;
    content.staged = kept;
    for (const piece of content.pieces.splice(Math.ceil(kept / most))) {
      piece.blocks.dispose();
      piece.ids.dispose();
    }
    const last = content.pieces[content.pieces.length - 1];
    if (last) {
      const left = kept - (content.pieces.length - 1) * (content.pieces.length === 1 ? 0 : most);
      const blocks = Math.ceil(left / BLOCK);
      last.blocks.truncate(blocks * this.layout.blockBytes);
      last.ids.truncate(blocks * BLOCK * this.#idBytes);
      this.layout.clear(last.blocks, left, blocks * BLOCK - left);
    }
    this.#record(list);
  }

  /** Of the core's memory: blocks, ids and records. */
  bytesUsed(): number {
    this.checkLive('lists');
    let bytes = this.#records.byteLength;
    for (const { pieces } of this.#lists) {
      for (const { blocks, ids } of pieces) bytes += blocks.byteLength + ids.byteLength;
    }
    return bytes;
  }

  /** Ids of list after list. */
  *idPieces(): Iterable<BlockRows> {
    for (let list = 0; list < this.nlist; list++) {
      for (const { ids, n } of this.pieces(list)) yield blockBytes(ids, 0, 4 * n);
    }
  }

  /** Blocks of list after list. */
  *codePieces(): Iterable<BlockRows> {
    for (let list = 0; list < this.nlist; list++) {
      for (const { blocks, n } of this.pieces(list)) {
        yield blockBytes(blocks, 0, Math.ceil(n / BLOCK) * this.layout.blockBytes);
      }
    }
  }

  override dispose(): void {
    for (const content of this.#lists) {
      for (const { blocks, ids } of content.pieces.splice(0)) {
        blocks.dispose();
        ids.dispose();
      }
      content.n = 0;
      content.staged = 0;
    }
    this.#undo.clear();
    this.#records.dispose();
    super.dispose();
  }
}
