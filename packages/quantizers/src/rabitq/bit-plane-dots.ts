/**
 * Products with one-bit codes by popcounts: the query rounded to 6 bits, as bit planes (RaBitQ, section 3.3.2).
 *
 * A rotated query has no coordinate far from the others, so rounding to steps of max|q|/31 costs little: it adds about
 * (0.033/0.75)² = 0.2 % to the squared error of a one-bit code, where the paper's 4 bits add 4 %.
 */
import { type Block, type Core, Owner, type Ptr } from '@sagitta/core-wasm';
import { BLOCK } from '../blocks.ts';
import type { Dots } from '../linear/coder.ts';

const PLANES = 6;
const LARGEST = 2 ** (PLANES - 1) - 1;

/** <code - ½, q> of codes of `dims` bits. */
export class BitPlaneDots extends Owner implements Dots {
  a = 1;
  b = 0;
  readonly isInteger = false;
  readonly #codeBytes: number;
  readonly #planes: Block;

  constructor(core: Core, dims: number) {
    super(core);
    this.#codeBytes = dims / 8;
    this.#planes = this.allocate(PLANES * this.#codeBytes);
  }

  setQuery(query: Float32Array): void {
    this.checkLive('dots');
    let most = 0;
    let sum = 0;
    for (const value of query) {
      most = Math.max(most, Math.abs(value));
      sum += value;
    }
    const steps = most > 0 ? LARGEST / most : 0;
    const planes = this.#planes.u8();
    planes.fill(0);
    for (const [i, value] of query.entries()) {
      const whole = Math.round(value * steps);
      for (let j = 0; j < PLANES; j++) {
        const at = j * this.#codeBytes + (i >> 3);
        planes[at] = (planes[at] as number) | (((whole >> j) & 1) << (i & 7));
      }
    }
    this.a = steps > 0 ? 1 / steps : 0;
    // ½·Σq of the query as it is: what is rounded off has mean 0 and is small beside it
    this.b = -sum / 2;
  }

  compute(codes: Ptr, out: Ptr): void {
    this.checkLive('dots');
    const planes = this.#planes.at();
    this.core.kernels.dotBitPlanesRows(codes, BLOCK, this.#codeBytes, planes, PLANES, out);
  }
}
