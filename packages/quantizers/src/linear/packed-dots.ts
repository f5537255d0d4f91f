/** Products with packed integers: the query as i16, as precise as the i32 sums allow (spec section 4.5). */
import { type Block, type Core, integerSteps, Owner, type Ptr } from '@sagitta/core-wasm';
import type { Dots } from './coder.ts';

export class PackedDots extends Owner implements Dots {
  a = 1;
  b = 0;
  readonly isInteger = false;
  readonly #dims: number;
  readonly #bits: number;
  readonly #query: Block;
  readonly #terms: (query: Float32Array) => { readonly query: Float32Array; readonly b: number };

  /** terms: what is multiplied with the code, and what is added to the product. */
  constructor(
    core: Core,
    dims: number,
    bits: number,
    terms: (query: Float32Array) => { readonly query: Float32Array; readonly b: number },
  ) {
    super(core);
    this.#dims = dims;
    this.#bits = bits;
    this.#query = this.allocate(2 * dims);
    this.#terms = terms;
  }

  setQuery(query: Float32Array): void {
    this.checkLive('dots');
    const terms = this.#terms(query);
    const steps = integerSteps(terms.query, 255);
    const out = this.#query.i16();
    for (let i = 0; i < this.#dims; i++) out[i] = Math.round((terms.query[i] as number) * steps);
    this.a = steps > 0 ? 1 / steps : 0;
    this.b = terms.b;
  }

  compute(codes: Ptr, out: Ptr, n: number): void {
    this.checkLive('dots');
    this.core.kernels.dotCodeRows(codes, n, this.#dims, this.#bits, this.#query.at(), out);
  }
}
