/**
 * The files of the workers of one index as one ordinary file: vectors of a list in the order of their global ids, as one
 * worker that was given all of them would have put them, so that the file is that worker's byte for byte.
 *
 * Checksums stand before the sections, so everything is put together twice: to count, then to write. What is held
 * meanwhile is a window of blocks of each worker, and the ids of one list.
 */
import { type Core, containerHead, crc32, littleEndianBytes, Owner } from '@sagitta/core-wasm';
import type { ByteSource } from '../index.ts';
import { gatherPieces } from './gather-pieces.ts';
import { globalId, SHARD_ROWS, shardOf, shardSize } from './global-id.ts';
import { BLOCK, type FileLayouts, IndexFile, type SectionReader, withCount, wordsOf } from './index-file.ts';
import { Repacker } from './repacker.ts';

/** Bytes written at a time. */
const CHUNK_BYTES = 1 << 20;

type Pieces = AsyncGenerator<Uint8Array, void, undefined>;

export class MergedFile extends Owner {
  readonly byteLength: number;
  readonly #merger: Merger;
  readonly #head: ReturnType<typeof containerHead>;

  private constructor(
    core: Core,
    merger: Merger,
    byteLength: number,
    head: ReturnType<typeof containerHead>,
  ) {
    super(core);
    this.#merger = merger;
    this.byteLength = byteLength;
    this.#head = head;
    this.own(() => merger.repacker);
  }

  /**
   * Puts the files together once, for their length and checksums.
   * @param sources - files of one index, by shard; they stay the caller's
   * @throws CapacityError where the core's memory ends, what reading rejects with, the signal's reason
   */
  static async open(core: Core, sources: readonly ByteSource[], signal: AbortSignal): Promise<MergedFile> {
    const files = await Promise.all(sources.map((source) => IndexFile.open(source, signal)));
    const first = files[0] as IndexFile;
    const layouts = await first.layouts(core);
    const merger = new Merger(files, layouts, new Repacker(core, layouts.codes, files.length));
    try {
      const summaries: { id: string; checksum: number; length: number }[] = [];
      for (const { id } of first.table.sections) {
        let checksum = 0;
        let length = 0;
        for await (const piece of merger.section(id)) {
          checksum = crc32(piece, checksum);
          length += piece.length;
        }
        summaries.push({ id, checksum, length });
      }
      const head = containerHead(first.table, summaries);
      const parts = [head.bytes, ...head.gaps, ...summaries];
      return new MergedFile(
        core,
        merger,
        parts.reduce((sum, { length }) => sum + length, 0),
        head,
      );
    } catch (error) {
      merger.repacker.dispose();
      throw error;
    }
  }

  /** The file from front to back, in chunks that are good until the next is asked for. */
  chunks(): Pieces {
    this.checkLive('file');
    return gatherPieces(this.#pieces(), CHUNK_BYTES);
  }

  async *#pieces(): Pieces {
    yield this.#head.bytes;
    for (const [i, { id }] of this.#merger.sections.entries()) {
      yield this.#head.gaps[i] as Uint8Array;
      yield* this.#merger.section(id);
    }
  }
}

/** The sections of the whole, made of those of the files. */
class Merger {
  readonly repacker: Repacker;
  readonly #files: readonly IndexFile[];
  readonly #layouts: FileLayouts;
  readonly #n: number;
  /** Vectors of each list. */
  readonly #sizes: Uint32Array;

  constructor(files: readonly IndexFile[], layouts: FileLayouts, repacker: Repacker) {
    this.#files = files;
    this.#layouts = layouts;
    this.repacker = repacker;
    this.#n = files.reduce((sum, { n }) => sum + n, 0);
    this.#sizes = new Uint32Array(this.#first.sizes.length);
    for (const { sizes } of files) {
      for (const [list, size] of sizes.entries()) this.#sizes[list] = (this.#sizes[list] as number) + size;
    }
    const isDealt = files.every(({ n }, shard) => n === shardSize(this.#n, shard, files.length));
    if (!isDealt) throw new RangeError('"shards" expected vectors that were dealt in turn, got others');
  }

  get sections(): readonly { readonly id: string }[] {
    return this.#first.table.sections;
  }

  get #first(): IndexFile {
    return this.#files[0] as IndexFile;
  }

  async *section(id: string): Pieces {
    const { d } = this.#first;
    if (id === 'META') yield withCount(this.#first.meta, this.#n);
    else if (id === 'SIZE') yield littleEndianBytes(this.#sizes);
    else if (id === 'IDS') yield* this.#ids();
    else if (id === 'CODE') yield* this.#codes();
    else if (id === 'VECS') yield* this.#runs(id, (rows) => rows * 4 * d);
    else if (id === 'SECC') {
      const { blockBytes } = this.#layouts.secondary ?? { blockBytes: 0 };
      yield* this.#runs(id, (rows) => Math.ceil(rows / BLOCK) * blockBytes);
    }
    // how vectors are coded is the same in all
    else yield this.#first.section(id).rest();
  }

  /** Global ids of list after list, by shard. */
  async *#listIds(): AsyncGenerator<Uint32Array[], void, undefined> {
    const readers = this.#files.map((file) => file.section('IDS'));
    const { length: shards } = this.#files;
    for (let list = 0; list < this.#sizes.length; list++) {
      const local = readers.map(async (reader, shard) => {
        const ids = wordsOf(await reader.take(4 * ((this.#files[shard] as IndexFile).sizes[list] as number)));
        return ids.map((id) => globalId(id, shard, shards));
      });
      yield await Promise.all(local);
    }
  }

  async *#ids(): Pieces {
    for await (const lists of this.#listIds()) {
      const merged = new Uint32Array(lists.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const { shard, first, count } of runsInOrder(lists)) {
        merged.set((lists[shard] as Uint32Array).subarray(first, first + count), at);
        at += count;
      }
      yield littleEndianBytes(merged);
    }
  }

  async *#codes(): Pieces {
    const { repacker } = this;
    const { windowBlocks, blockBytes } = repacker;
    const readers = this.#files.map((file) => file.section('CODE'));
    for await (const lists of this.#listIds()) {
      /** Positions of the list at which each shard's window ends. */
      const ends = new Uint32Array(lists.length);
      for (const { shard, first, count } of runsInOrder(lists)) {
        for (let at = first; at < first + count; ) {
          if (at === ends[shard]) {
            const left = Math.ceil(((lists[shard] as Uint32Array).length - at) / BLOCK);
            const blocks = Math.min(windowBlocks, left);
            repacker.fill(shard, await (readers[shard] as SectionReader).take(blocks * blockBytes));
            ends[shard] = at + windowBlocks * BLOCK;
          }
          const end = ends[shard] as number;
          const wanted = Math.min(end, first + count) - at;
          const packed = repacker.pack(shard, at - end + windowBlocks * BLOCK, wanted);
          at += packed;
          if (packed < wanted) yield repacker.flush();
        }
      }
      yield repacker.flush();
    }
  }

  /** Of a section in the order of ids. byteLength — of so many vectors. */
  async *#runs(id: string, byteLength: (rows: number) => number): Pieces {
    const readers = this.#files.map((file) => file.section(id));
    for (let first = 0; first < this.#n; first += SHARD_ROWS) {
      const reader = readers[shardOf(first, readers.length)] as SectionReader;
      yield reader.take(byteLength(Math.min(SHARD_ROWS, this.#n - first)));
    }
  }
}

/** Runs of neighbours of one shard, in the order of all ids; each shard's are in order. */
export function* runsInOrder(
  lists: readonly Uint32Array[],
): Generator<{ readonly shard: number; readonly first: number; readonly count: number }> {
  const heads = new Uint32Array(lists.length);
  const headOf = (shard: number): number => (lists[shard] as Uint32Array)[heads[shard] as number] ?? Infinity;
  for (;;) {
    let best = -1;
    let [lowest, second] = [Infinity, Infinity];
    for (let shard = 0; shard < lists.length; shard++) {
      const head = headOf(shard);
      if (head < lowest) [best, lowest, second] = [shard, head, lowest];
      else if (head < second) second = head;
    }
    if (best < 0) return;
    const first = heads[best] as number;
    let end = first + 1;
    const list = lists[best] as Uint32Array;
    while (end < list.length && (list[end] as number) < second) end++;
    heads[best] = end;
    yield { shard: best, first, count: end - first };
  }
}
