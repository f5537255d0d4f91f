/** Float32 vectors kept beside the codes for exact rerank: row = id, in the pieces they came in. */
import type { Compaction } from './compaction.ts';

/** The most that a piece takes after a compaction. */
const PIECE_BYTES: number = 1 << 26;

export class KeptVectors {
  readonly d: number;
  readonly #pieces: Float32Array[] = [];
  /** Row at which each piece begins. */
  readonly #starts: number[] = [];
  #staged: Float32Array[] = [];
  #n = 0;

  constructor(d: number) {
    this.d = d;
  }

  get pieces(): readonly Float32Array[] {
    return this.#pieces;
  }

  /** rows — m × d values; they are the index's from now on. */
  add(rows: Float32Array): void {
    if (rows.length === 0) return;
    this.#pieces.push(rows);
    this.#starts.push(this.#n);
    this.#n += rows.length / this.d;
  }

  /** add, once publish() says so. */
  stage(rows: Float32Array): void {
    this.#staged.push(rows);
  }
  publish(): void {
    for (const rows of this.#staged) this.add(rows);
    this.#staged = [];
  }
  withdraw(): void {
    this.#staged = [];
  }

  /** Makes ready that only the rows of keep stay, in that order. */
  compaction(keep: Uint32Array): Compaction {
    const pieces: Float32Array[] = [];
    const most = Math.max(1, Math.floor(PIECE_BYTES / (4 * this.d)));
    for (let at = 0; at < keep.length; at += most) pieces.push(this.fetch(keep.subarray(at, at + most)));
    return {
      commit: () => {
        this.#pieces.length = 0;
        this.#starts.length = 0;
        this.#n = 0;
        for (const rows of pieces) this.add(rows);
      },
      [Symbol.dispose]: () => {},
    };
  }

  /** The rows of ids, in that order: a fresh array of ids.length × d values. */
  fetch(ids: Uint32Array): Float32Array {
    const { d } = this;
    const out = new Float32Array(ids.length * d);
    for (const [i, id] of ids.entries()) {
      let low = 0;
      let high = this.#starts.length;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if ((this.#starts[middle] as number) <= id) low = middle;
        else high = middle;
      }
      const row = id - (this.#starts[low] as number);
      out.set((this.#pieces[low] as Float32Array).subarray(row * d, (row + 1) * d), i * d);
    }
    return out;
  }
}
