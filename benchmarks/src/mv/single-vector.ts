/**
 * Two baselines that look at single vectors: the heuristic of ColBERTv1 (nearest tokens of each query token, then the
 * documents they belong to), and mean pooling.
 */
import { type Core, normalizeRows, type TokenSet } from '@sagitta/core-wasm';
import { buildFlat, buildIvf, type IvfIndex } from '@sagitta/retrieval';
import { rowsOf } from './token-data.ts';

/** Every token of every document in an IVF index of 8-bit codes. */
export class TokenNeighbors implements Disposable {
  readonly index: IvfIndex;
  readonly #d: number;
  /** Document of each token. */
  readonly #owner: Uint32Array;
  readonly #stamps: Uint32Array;
  #stamp = 0;

  constructor(core: Core, documents: TokenSet, nlist: number) {
    const { data, offsets, n, d } = documents;
    this.#d = d;
    this.#owner = new Uint32Array(data.length / d);
    for (let i = 0; i < n; i++) this.#owner.fill(i, offsets[i], offsets[i + 1]);
    this.#stamps = new Uint32Array(n);
    this.index = buildIvf(core, data, d, {
      metric: 'ip',
      quantizer: 'saq',
      bits: 4,
      nlist,
      iterations: 5,
      trainSize: 20_000,
    });
  }

  /** Documents of the `tokensEach` nearest tokens of each query token, each once. */
  candidates(tokens: Float32Array, tokensEach: number, nprobe: number): Uint32Array {
    const stamp = ++this.#stamp;
    const met: number[] = [];
    for (let q = 0; q < tokens.length; q += this.#d) {
      const { ids } = this.index.search(tokens.subarray(q, q + this.#d), tokensEach, { nprobe });
      for (const token of ids) {
        const document = this.#owner[token] as number;
        if (this.#stamps[document] === stamp) continue;
        this.#stamps[document] = stamp;
        met.push(document);
      }
    }
    return Uint32Array.from(met);
  }

  [Symbol.dispose](): void {
    this.index.dispose();
  }
}

/** A set's mean token, scaled to length 1 unless it is to stay as it is. */
export function meanOf(rows: Float32Array, d: number, isUnit = true): Float32Array {
  const mean = new Float32Array(d);
  for (const [at, value] of rows.entries())
    mean[at % d] = (mean[at % d] as number) + (value * d) / rows.length;
  return isUnit ? normalizeRows(mean, d) : mean;
}

export function buildMeanPooling(core: Core, documents: TokenSet, isUnit = true): IvfIndex {
  const { n, d } = documents;
  const means = new Float32Array(n * d);
  for (let i = 0; i < n; i++) means.set(meanOf(rowsOf(documents, i), d, isUnit), i * d);
  return buildFlat(core, means, d, { metric: 'ip', quantizer: 'float32' });
}
