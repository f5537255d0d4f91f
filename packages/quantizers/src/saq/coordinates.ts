/**
 * Coordinates of SAQ codes in the leading segments, where the energy is: g·y of each, in the dims of the projection. A
 * rotation inside a segment keeps distances, so those between coordinates are those of vectors less what later segments
 * hold.
 */
import { type Block, type Core, Owner } from '@sagitta/core-wasm';
import type { Coordinates } from '../quantizer.ts';
import { unpackFactor } from './factors.ts';
import { BLOCK, codeBytes, type SaqLayout, saqLayout } from './layout.ts';
import type { SaqModel } from './model.ts';

/** Reads coordinates of SAQ codes. */
export class SaqCoordinates extends Owner implements Coordinates {
  readonly dims: number;
  readonly #model: SaqModel;
  readonly #layout: SaqLayout;
  /** Leading coded segments that are read. */
  readonly #count: number;
  readonly #codes: Block;

  /** dims — at least so many, in whole segments, where there are as many. */
  constructor(core: Core, model: SaqModel, dims: number) {
    super(core);
    this.#model = model;
    this.#layout = saqLayout(model.plan);
    let read = 0;
    let count = 0;
    let widest = 16;
    for (const segment of this.#layout.coded) {
      if (read >= dims) break;
      read += segment.dims;
      widest = Math.max(widest, segment.dims);
      count++;
    }
    this.dims = read;
    this.#count = count;
    this.#codes = this.allocate(2 * widest);
  }

  read(blocks: Block, n: number, out: Float32Array, norms: Float32Array): void {
    this.checkLive('coordinates');
    const { coded, offsets, blockBytes } = this.#layout;
    const { dims: stride } = this;
    const blockOf = (i: number): number => Math.floor(i / BLOCK) * blockBytes;
    for (let i = 0; i < n; i++) norms[i] = blocks.f32(blockOf(i) + 4 * (i % BLOCK), 1)[0] as number;
    let column = 0;
    for (const [s, segment] of coded.slice(0, this.#count).entries()) {
      const { dims, bits } = segment;
      const unit = this.#model.factorUnits[s] as number;
      const middle = ((1 << bits) - 1) / 2;
      const codes = this.#codes.u16(0, dims);
      const bytes = codeBytes(segment);
      for (let i = 0; i < n; i++) {
        const lane = i % BLOCK;
        const at = blockOf(i) + (offsets[s] as number);
        const factor = unpackFactor(blocks.u16(at + 2 * lane, 1)[0] as number) * unit;
        this.core.kernels.unpackCode(blocks.at(at + 2 * BLOCK + lane * bytes), dims, bits, this.#codes.at());
        const row = i * stride + column;
        for (let t = 0; t < dims; t++) out[row + t] = factor * ((codes[t] as number) - middle);
      }
      column += dims;
    }
  }
}
