/** A bounded heap of the k best (score, id) pairs in scratch of the core's memory. */
import type { Block, Core, Scope } from '@sagitta/core-wasm';
import type { ScanHeap } from '@sagitta/quantizers/internal';

export class ResultHeap {
  /** What kernels push to. */
  readonly heap: ScanHeap;
  /** Ids u32[k], from its beginning on; then scores f32[k] and the size. */
  readonly block: Block;
  readonly #core: Core;

  /** Empty, and good until the scope ends. */
  constructor(core: Core, scope: Scope, k: number) {
    this.#core = core;
    this.block = scope.reserve(8 * k + 4);
    this.heap = { k, ids: this.block.at(), scores: this.block.at(4 * k), size: this.block.at(8 * k) };
  }

  /** Pairs in it. */
  get size(): number {
    return this.block.u32(8 * this.heap.k, 1)[0] as number;
  }

  /** Takes all pairs out. */
  clear(): void {
    this.block.u32(8 * this.heap.k, 1)[0] = 0;
  }

  /** Orders the pairs, best first, and returns their number. */
  sort(): number {
    const { ids, scores } = this.heap;
    const { size } = this;
    this.#core.kernels.topKSortF32(scores, ids, size);
    return size;
  }

  /** A copy of the first `count` ids. */
  ids(count: number): Uint32Array {
    return this.block.u32(0, count).slice();
  }

  /** A copy of the first `count` scores. */
  scores(count: number): Float32Array {
    return this.block.f32(4 * this.heap.k, count).slice();
  }
}
