/** A bounded heap of the k best (score, id) pairs in the core's memory, grown to the largest k asked for. */
import type { Block, Core } from '@sagitta/core-wasm';
import type { ScanHeap } from '@sagitta/quantizers';

export class ResultHeap implements Disposable {
  readonly #core: Core;
  #scores: Block;
  #ids: Block;
  readonly #size: Block;

  constructor(core: Core, k: number) {
    this.#core = core;
    this.#scores = core.allocate(4 * k);
    this.#ids = core.allocate(4 * k);
    this.#size = core.allocate(4);
  }

  /** Empties the heap for the k best; may allocate, so views of the core's memory are stale afterwards. */
  reset(k: number): ScanHeap {
    if (this.#scores.byteLength < 4 * k) {
      const scores = this.#core.allocate(4 * k);
      this.#scores.dispose();
      this.#scores = scores;
    }
    if (this.#ids.byteLength < 4 * k) {
      const ids = this.#core.allocate(4 * k);
      this.#ids.dispose();
      this.#ids = ids;
    }
    this.#size.u32(0, 1)[0] = 0;
    return { k, scores: this.#scores.at(), ids: this.#ids.at(), size: this.#size.at() };
  }

  /** Orders the pairs, best first, and returns their number. */
  sort(): number {
    const size = this.#size.u32(0, 1)[0] as number;
    this.#core.kernels.topKSortF32(this.#scores.at(), this.#ids.at(), size);
    return size;
  }

  /** Where the ids are. */
  get idBlock(): Block {
    return this.#ids;
  }

  /** A copy of the first `count` ids. */
  ids(count: number): Uint32Array {
    return this.#ids.u32(0, count).slice();
  }

  /** A copy of the first `count` scores. */
  scores(count: number): Float32Array {
    return this.#scores.f32(0, count).slice();
  }

  dispose(): void {
    this.#scores.dispose();
    this.#ids.dispose();
    this.#size.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
