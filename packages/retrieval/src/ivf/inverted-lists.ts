/**
 * Inverted lists of fixed-size codes in blocks of 32 vectors, each list one piece of core memory for its blocks and one
 * for its ids. A list grows by half when it is full, so adding in batches copies each byte a bounded number of times.
 *
 * Of what a save may hold (Block.hold), only the block that new vectors share with old ones is overwritten in place.
 */
import { type Block, type BlockRows, blockBytes, type Core, making, Owner } from '@sagitta/core-wasm';

export const BLOCK = 32;
/** { blocks, ids, n, 0 }: what a scan kernel reads of a list. */
const RECORD_BYTES = 16;

export interface InvertedList {
  readonly n: number;
  readonly blocks: Block;
  /** u32[n]. */
  readonly ids: Block;
}

/** The lists of a file: sizes u32[nlist]; ids u32 and codes (whole blocks) of all lists, one after the other. */
export interface SavedLists {
  readonly sizes: Uint32Array;
  readonly ids: Uint32Array;
  readonly codes: Uint8Array;
}

/** What it takes to put a list back: its sizes, and the bytes of the block that new vectors share with old ones. */
interface Undo {
  readonly list: number;
  readonly n: number;
  /** Bytes of its two blocks. */
  readonly blockBytes: number;
  readonly idBytes: number;
  readonly partialBlock: Uint8Array;
}

/** Vectors that stand behind those of their list and do not count yet. */
interface Staged {
  /** Vectors of the list with them. */
  readonly n: number;
  /** Puts the list back to what counts. */
  readonly undo: Undo;
}

export class InvertedLists extends Owner {
  readonly nlist: number;
  readonly blockBytes: number;
  readonly records: Block;
  readonly #lists: (InvertedList | undefined)[];
  /** Bytes of an id; 0 where there are none. */
  readonly #idBytes: number;
  /** By list. */
  readonly #staged = new Map<number, Staged>();

  constructor(core: Core, nlist: number, blockBytes: number, hasIds = true) {
    super(core);
    this.#idBytes = hasIds ? 4 : 0;
    this.nlist = nlist;
    this.blockBytes = blockBytes;
    this.#lists = new Array(nlist).fill(undefined);
    this.records = this.allocate(nlist * RECORD_BYTES);
  }

  /** undefined for an empty list. */
  get(list: number): InvertedList | undefined {
    this.checkLive('lists');
    const content = this.#lists[list];
    // a list that has staged vectors alone has memory, and is empty
    return content && content.n > 0 ? content : undefined;
  }

  #set(list: number, content: InvertedList | undefined): void {
    this.#lists[list] = content;
    const record = this.records.u32(list * RECORD_BYTES, 4);
    if (content) record.set([content.blocks.at(), content.ids.at(), content.n, 0]);
    else record.fill(0);
  }

  /** Takes over `content` as the list, or empties it; what stood there before is the caller's to dispose. */
  replace(list: number, content: InvertedList | undefined): void {
    this.checkLive('lists');
    this.#set(list, content);
  }

  /**
   * Makes room for counts[list] more vectors in every list and hands those that grow to `write`, list by list; its
   * vectors go to positions first…first + count - 1. If anything throws, all lists are as they were.
   */
  append(counts: Uint32Array, write: (list: number, target: InvertedList, first: number) => void): void {
    this.stage(counts, write);
    this.publish();
  }

  /** append of vectors that do not count until publish(); withdraw() drops them. */
  stage(counts: Uint32Array, write: (list: number, target: InvertedList, first: number) => void): void {
    this.checkLive('lists');
    const undo: Undo[] = [];
    try {
      for (let list = 0; list < this.nlist; list++) {
        const count = counts[list] as number;
        if (count === 0) continue;
        const entry = this.#grow(list, count);
        undo.push(entry);
        write(list, { ...(this.#lists[list] as InvertedList), n: entry.n + count }, entry.n);
      }
    } catch (error) {
      for (const entry of undo.reverse()) this.#shrink(entry);
      throw error;
    }
  }

  /** Makes what was staged count. Needs no memory and cannot fail. */
  publish(): void {
    this.checkLive('lists');
    for (const [list, { n }] of this.#staged) this.#set(list, { ...(this.#lists[list] as InvertedList), n });
    this.#staged.clear();
  }

  /** Drops what was staged. */
  withdraw(): void {
    this.checkLive('lists');
    for (const { undo } of [...this.#staged.values()]) this.#shrink(undo);
  }

  /** Room for `count` vectors behind those of the list and the staged ones. */
  #grow(list: number, count: number): Undo {
    const old = this.#lists[list];
    const staged = this.#staged.get(list);
    const first = staged?.n ?? old?.n ?? 0;
    const n = first + count;
    const wanted = Math.ceil(n / BLOCK);
    const partial = Math.floor(first / BLOCK) * this.blockBytes;
    const isInPlace = old !== undefined && old.blocks.byteLength >= wanted * this.blockBytes;
    // before all else: where a save holds the block and there is no memory for a copy, nothing has happened
    if (isInPlace && first % BLOCK > 0) old.blocks.beforeWrite(partial, this.blockBytes);
    const partialBlock =
      old && first % BLOCK > 0 ? old.blocks.u8(partial, this.blockBytes).slice() : new Uint8Array(0);
    const undo = {
      list,
      n: first,
      blockBytes: old?.blocks.byteLength ?? 0,
      idBytes: old?.ids.byteLength ?? 0,
      partialBlock,
    };
    if (!isInPlace) {
      const grown = this.#room(old ? Math.max(wanted, Math.ceil((first / BLOCK) * 1.5)) : wanted);
      if (old) {
        grown.blocks.u8(0, undo.blockBytes).set(old.blocks.u8());
        grown.ids.u8(0, undo.idBytes).set(old.ids.u8());
        old.blocks.dispose();
        old.ids.dispose();
      }
      this.#set(list, { ...grown, n: old?.n ?? 0 });
    }
    this.#staged.set(list, { n, undo: staged?.undo ?? undo });
    return undo;
  }

  /** Memory for so many blocks and their ids. */
  #room(count: number): { readonly blocks: Block; readonly ids: Block } {
    return making((own) => ({
      blocks: own(this.core.allocate(count * this.blockBytes)),
      ids: own(this.core.allocate(count * BLOCK * this.#idBytes)),
    }));
  }

  /** Drops what was staged after `undo` was made. */
  #shrink({ list, n, blockBytes, idBytes, partialBlock }: Undo): void {
    const content = this.#lists[list] as InvertedList;
    const { blocks, ids } = content;
    const staged = this.#staged.get(list);
    if (staged && n > content.n) this.#staged.set(list, { n, undo: staged.undo });
    else this.#staged.delete(list);
    if (n === 0) {
      blocks.dispose();
      ids.dispose();
      this.#set(list, undefined);
      return;
    }
    const at = Math.floor(n / BLOCK) * this.blockBytes;
    blocks.truncate(blockBytes);
    ids.truncate(idBytes);
    // a save that began meanwhile has what was staged in the spare places of its last block
    blocks.beforeWrite(at);
    blocks.u8(at).fill(0);
    blocks.u8(at, partialBlock.length).set(partialBlock);
  }

  /** Fills empty lists from a file; the caller has checked that sizes, ids and codes fit together. */
  restore({ sizes, ids, codes }: SavedLists): void {
    this.checkLive('lists');
    let vectors = 0;
    let bytes = 0;
    for (const [list, n] of sizes.entries()) {
      if (n === 0) continue;
      const room = this.#room(Math.ceil(n / BLOCK));
      const size = room.blocks.byteLength;
      room.blocks.u8().set(codes.subarray(bytes, bytes + size));
      if (this.#idBytes > 0) room.ids.u32(0, n).set(ids.subarray(vectors, vectors + n));
      this.#set(list, { ...room, n });
      vectors += n;
      bytes += size;
    }
  }

  sizes(): Uint32Array {
    this.checkLive('lists');
    return Uint32Array.from(this.#lists, (list) => list?.n ?? 0);
  }

  /** Ids of list after list. */
  *idPieces(): Iterable<BlockRows> {
    this.checkLive('lists');
    for (const list of this.#lists) if (list) yield blockBytes(list.ids, 0, 4 * list.n);
  }

  /** Blocks of list after list. */
  *codePieces(): Iterable<BlockRows> {
    this.checkLive('lists');
    for (const list of this.#lists) {
      if (list) yield blockBytes(list.blocks, 0, Math.ceil(list.n / BLOCK) * this.blockBytes);
    }
  }

  override dispose(): void {
    for (const list of this.#lists) {
      list?.blocks.dispose();
      list?.ids.dispose();
    }
    this.#lists.fill(undefined);
    this.#staged.clear();
    super.dispose();
  }
}
