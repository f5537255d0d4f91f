/**
 * What training keeps of a stream of documents: a uniform sample of tokens and one of documents (Vitter 1985, algorithm R),
 * whatever the stream's length.
 */
import {
  boundedTokenSet,
  joinTokenSets,
  RandomStream,
  type TokenSet,
  type TokenSetInput,
  type VectorSet,
} from '@sagitta/core-wasm';
import { RowReservoir } from '@sagitta/quantizers';

/** Keeps tokens and documents of those it is offered. */
export class RegressionSample {
  readonly #tokens: RowReservoir;
  readonly #documents: Float32Array[] = [];
  readonly #most: number;
  readonly #draws: RandomStream;
  #d: number | undefined;
  #seen = 0;

  constructor(tokens: number, documents: number, seed: number) {
    this.#tokens = new RowReservoir(tokens, new RandomStream(seed, 'fde/regression/tokens'));
    this.#draws = new RandomStream(seed, 'fde/regression/documents');
    this.#most = documents;
  }

  /** Documents seen so far, those without tokens left out. */
  get seen(): number {
    return this.#seen;
  }

  /** What is kept is copied. @throws RangeError on tokens of another d than before, or out of range */
  add(sample: TokenSetInput): void {
    this.#d ??= sample.d;
    const d = this.#d;
    if (sample.d !== d) throw new RangeError(`"sample" expected d = ${d}, got ${sample.d}`);
    const { data, offsets, n } = boundedTokenSet(sample.data, sample.offsets, d, 'sample');
    this.#tokens.add({ data, n: data.length / d, d });
    for (let i = 0; i < n; i++) {
      const document = data.subarray((offsets[i] as number) * d, (offsets[i + 1] as number) * d);
      if (document.length === 0) continue;
      const at = this.#seen < this.#most ? this.#seen : this.#draws.nextBelow(this.#seen + 1);
      this.#seen++;
      if (at < this.#most) this.#documents[at] = document.slice();
    }
  }

  /** @throws RangeError where there were none */
  finish(): { readonly tokens: VectorSet; readonly documents: TokenSet } {
    if (this.#d === undefined || this.#seen === 0) {
      throw new RangeError('"sample" expected at least 1 token, got 0');
    }
    return { tokens: this.#tokens.rows(this.#d), documents: joinTokenSets(this.#documents, this.#d) };
  }
}
