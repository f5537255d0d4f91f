/** Vectors picked out of blocks of codes and packed into blocks again, in the core's memory and piece by piece. */
import { type Block, type Core, Owner } from '@sagitta/core-wasm';
import type { BlockLayout } from '@sagitta/quantizers/internal';
import { BLOCK } from './index-file.ts';

/** Of a window of blocks, and of what is packed before it is handed out. */
const WINDOW_BYTES = 1 << 18;

export class Repacker extends Owner {
  /** Blocks that go into a window. */
  readonly windowBlocks: number;
  readonly #layout: BlockLayout;
  readonly #windows: Block[];
  readonly #out: Block;
  /** Vectors packed. */
  #filled = 0;

  /** windows — sources that vectors come from in turn. */
  constructor(core: Core, layout: BlockLayout, windows: number) {
    super(core);
    this.#layout = layout;
    this.windowBlocks = Math.max(1, Math.floor(WINDOW_BYTES / layout.blockBytes));
    const bytes = this.windowBlocks * layout.blockBytes;
    this.#out = this.allocate(bytes);
    this.#windows = Array.from({ length: windows }, () => this.allocate(bytes));
  }

  get blockBytes(): number {
    return this.#layout.blockBytes;
  }

  /** Puts blocks, at most windowBlocks of them, into a window. */
  fill(window: number, blocks: Uint8Array): void {
    this.checkLive('repacker');
    (this.#windows[window] as Block).u8(0, blocks.length).set(blocks);
  }

  /** Packs up to n vectors from a position of a window on. @returns how many there was room for; flush makes room */
  pack(window: number, from: number, n: number): number {
    this.checkLive('repacker');
    const some = Math.min(n, this.windowBlocks * BLOCK - this.#filled);
    this.#layout.move(this.#windows[window] as Block, from, this.#out, this.#filled, some);
    this.#filled += some;
    return some;
  }

  /** Hands out what was packed as whole blocks, places behind the last vector zero, and begins anew. */
  flush(): Uint8Array<ArrayBuffer> {
    this.checkLive('repacker');
    const packed = this.#out.u8(0, Math.ceil(this.#filled / BLOCK) * this.blockBytes);
    const out = packed.slice();
    packed.fill(0);
    this.#filled = 0;
    return out;
  }
}
