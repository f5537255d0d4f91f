/**
 * Rows of tokens in chunks of the core's memory. The rows of one document lie in one chunk, one after the other; chunks
 * are up to 64 MiB, a longer document has one of its own. Rows are only ever added, so addresses of slots stay, and what a
 * save may hold of a chunk (Block.hold) is never overwritten.
 */
import { type Block, type BlockRows, type Core, Owner, type Ptr } from '@sagitta/core-wasm';

const MAX_CHUNK_BYTES = 64 * 1024 * 1024;

interface Chunk {
  readonly block: Block;
  /** Rows that belong to slots. */
  rows: number;
}

/** Where documents go: run by run of one chunk. */
export interface Run {
  readonly block: Block;
  /** Row of the chunk at which the run begins, and rows of it. */
  readonly firstRow: number;
  readonly rows: number;
  /** Documents from … to - 1. */
  readonly from: number;
  readonly to: number;
}

export class TokenChunks extends Owner {
  readonly rowBytes: number;
  readonly #chunks: Chunk[] = [];
  /** A slot's chunk, first row in it, and rows. */
  #places = new Uint32Array(0);
  #n = 0;
  #rows = 0;

  constructor(core: Core, rowBytes: number) {
    super(core);
    this.rowBytes = rowBytes;
  }

  get n(): number {
    return this.#n;
  }

  get rows(): number {
    return this.#rows;
  }

  bytesUsed(): number {
    this.checkLive('chunks');
    return this.#chunks.reduce((sum, { block }) => sum + block.byteLength, 0);
  }

  rowsOf(slot: number): number {
    this.checkLive('chunks');
    return this.#places[3 * slot + 2] as number;
  }

  /** Address of a slot's first row (of row `row`). */
  at(slot: number, row = 0): Ptr {
    this.checkLive('chunks');
    const { block } = this.#chunks[this.#places[3 * slot] as number] as Chunk;
    return block.at(((this.#places[3 * slot + 1] as number) + row) * this.rowBytes);
  }

  /** A view of a slot's rows, good until the core next allocates. */
  view(slot: number): Uint8Array {
    this.checkLive('chunks');
    if (this.rowsOf(slot) === 0) return new Uint8Array(0);
    const { block } = this.#chunks[this.#places[3 * slot] as number] as Chunk;
    const first = this.#places[3 * slot + 1] as number;
    return block.u8(first * this.rowBytes, this.rowsOf(slot) * this.rowBytes);
  }

  /** The rows of these slots, one after the other. */
  pieces(slots: Uint32Array): BlockRows[] {
    this.checkLive('chunks');
    const out: BlockRows[] = [];
    for (let i = 0; i < slots.length; ) {
      const c = this.#places[3 * (slots[i] as number)] as number;
      const runs: number[] = [];
      let end = -1;
      for (; i < slots.length; i++) {
        const slot = slots[i] as number;
        if (this.#places[3 * slot] !== c) break;
        const first = this.#places[3 * slot + 1] as number;
        const rows = this.rowsOf(slot);
        if (first === end) runs[runs.length - 1] = (runs[runs.length - 1] as number) + rows;
        else runs.push(first, rows);
        end = first + rows;
      }
      const { block } = this.#chunks[c] as Chunk;
      out.push({ block, byteOffset: 0, rowBytes: this.rowBytes, runs: Uint32Array.from(runs) });
    }
    return out;
  }

  /** Takes slots n … of the last ones away again. */
  truncate(n: number): void {
    this.checkLive('chunks');
    for (let slot = n; slot < this.#n; slot++) this.#rows -= this.rowsOf(slot);
    this.#n = n;
    const last = n === 0 ? -1 : (this.#places[3 * n - 3] as number);
    for (const { block } of this.#chunks.splice(last + 1)) block.dispose();
    const chunk = this.#chunks[last];
    if (chunk) chunk.rows = (this.#places[3 * n - 2] as number) + this.rowsOf(n - 1);
  }

  /**
   * Makes room for documents of these lengths, lets `fill` write each run, and only then counts them: when either throws,
   * everything is as it was. coming — rows that will follow: a new chunk has room for them too.
   */
  append(lengths: Uint32Array, fill: (run: Run) => void, coming = 0): void {
    this.checkLive('chunks');
    const first = this.#chunks.length;
    const places = new Uint32Array(3 * lengths.length);
    const last = this.#chunks[first - 1];
    const used = this.#chunks.map(({ rows }) => rows);
    try {
      for (const run of this.#plan(lengths, places, coming)) fill(run);
    } catch (error) {
      for (const { block } of this.#chunks.splice(first)) block.dispose();
      if (last) last.rows = used[first - 1] as number;
      throw error;
    }
    const needed = 3 * (this.#n + lengths.length);
    if (needed > this.#places.length) {
      const grown = new Uint32Array(Math.max(needed, 2 * this.#places.length));
      grown.set(this.#places.subarray(0, 3 * this.#n));
      this.#places = grown;
    }
    this.#places.set(places, 3 * this.#n);
    this.#n += lengths.length;
    for (const length of lengths) this.#rows += length;
  }

  *#plan(lengths: Uint32Array, places: Uint32Array, coming: number): Iterable<Run> {
    const most = Math.max(1, Math.floor(MAX_CHUNK_BYTES / this.rowBytes));
    let remaining = coming;
    for (const length of lengths) remaining += length;
    for (let from = 0; from < lengths.length; ) {
      let chunk = this.#chunks[this.#chunks.length - 1];
      const length = lengths[from] as number;
      if (chunk === undefined || this.#free(chunk) < length) {
        // a little more than asked for, so that documents added one by one do not make a chunk each
        const rows = Math.max(length, Math.min(most, Math.max(remaining, this.#rows >> 3)));
        chunk = { block: this.core.allocate(rows * this.rowBytes), rows: 0 };
        this.#chunks.push(chunk);
      }
      const firstRow = chunk.rows;
      let to = from;
      while (to < lengths.length && this.#free(chunk) >= (lengths[to] as number)) {
        places.set([this.#chunks.length - 1, chunk.rows, lengths[to] as number], 3 * to);
        chunk.rows += lengths[to] as number;
        to++;
      }
      const rows = chunk.rows - firstRow;
      remaining -= rows;
      yield { block: chunk.block, firstRow, rows, from, to };
      from = to;
    }
  }

  #free({ block, rows }: Chunk): number {
    return Math.floor(block.byteLength / this.rowBytes) - rows;
  }

  override dispose(): void {
    for (const { block } of this.#chunks.splice(0)) block.dispose();
    super.dispose();
  }
}
