/**
 * Inverted lists of fixed-size codes in blocks of 32 vectors, each list one piece of core memory for its blocks and one
 * for its ids. A list grows by half when it is full, so adding in batches copies each byte a bounded number of times.
 */
import type { Block, Core } from '@sagitta/core-wasm';

const BLOCK = 32;

export interface InvertedList {
  readonly n: number;
  readonly blocks: Block;
  /** u32[n]. */
  readonly ids: Block;
}

export class InvertedLists implements Disposable {
  readonly nlist: number;
  readonly blockBytes: number;
  readonly #core: Core;
  readonly #lists: (InvertedList | undefined)[];

  constructor(core: Core, nlist: number, blockBytes: number) {
    this.#core = core;
    this.nlist = nlist;
    this.blockBytes = blockBytes;
    this.#lists = new Array(nlist).fill(undefined);
  }

  /** undefined for an empty list. */
  get(list: number): InvertedList | undefined {
    return this.#lists[list];
  }

  /**
   * Makes room for `count` more vectors and hands the list to `write`, whose vectors go to positions n…n + count - 1.
   * If write throws, the list stays as it was.
   */
  append(list: number, count: number, write: (target: InvertedList, first: number) => void): void {
    const old = this.#lists[list];
    const first = old?.n ?? 0;
    const n = first + count;
    const wanted = Math.ceil(n / BLOCK);
    let target = old;
    if (!target || target.blocks.byteLength < wanted * this.blockBytes) {
      const capacity = old ? Math.max(wanted, Math.ceil((first / BLOCK) * 1.5)) : wanted;
      const blocks = this.#core.allocate(capacity * this.blockBytes);
      const ids = this.#core.allocate(capacity * BLOCK * 4);
      if (old) {
        blocks.u8().set(old.blocks.u8());
        ids.u8().set(old.ids.u8());
      }
      target = { n: first, blocks, ids };
    }
    try {
      write(target, first);
    } catch (error) {
      if (target !== old) {
        target.blocks.dispose();
        target.ids.dispose();
      }
      throw error;
    }
    if (target !== old) {
      old?.blocks.dispose();
      old?.ids.dispose();
    }
    this.#lists[list] = { n, blocks: target.blocks, ids: target.ids };
  }

  dispose(): void {
    for (const [i, list] of this.#lists.entries()) {
      list?.blocks.dispose();
      list?.ids.dispose();
      this.#lists[i] = undefined;
    }
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
