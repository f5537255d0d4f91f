/**
 * A PLAID-style candidate generator, as spec'd by its paper and its open implementations: tokens are assigned to the
 * nearest of about 16·√N centroids; a query takes the documents of the `nprobe` nearest centroids of each of its tokens,
 * ranks them by MaxSim of centroids in place of tokens, and exact MaxSim ranks the best. Residual codes are replaced by
 * the same token store that the other contenders rerank with, which is kinder to it in recall.
 */
import type { Core, TokenSet } from '@sagitta/core-wasm';
import { assignToNearest, trainKmeans } from '@sagitta/quantizers';

export interface PlaidOptions {
  readonly centroids: number;
  readonly sampleSize: number;
  readonly seed: number;
}

export interface PlaidSearch {
  /** Centroids taken for each query token. */
  readonly nprobe: number;
  /** Candidates that are handed to exact MaxSim, best first. */
  readonly count: number;
  /** Rank candidates though there are no more than count. Default false: they are all handed on anyway. */
  readonly isRanked?: boolean;
  /** Tokens whose centroid is below this for every query token are passed over in the approximate score. */
  readonly threshold?: number;
}

export class PlaidIndex implements Disposable {
  readonly centroids: number;
  readonly #core: Core;
  readonly #d: number;
  readonly #rows: ReturnType<Core['allocate']>;
  /** Distinct centroids of each document, one after the other. */
  readonly #codes: Uint16Array;
  readonly #codeOffsets: Uint32Array;
  /** Documents of each centroid, one after the other. */
  readonly #postings: Uint32Array;
  readonly #postingOffsets: Uint32Array;
  readonly #stamps: Uint32Array;
  #stamp = 0;

  constructor(core: Core, documents: TokenSet, options: PlaidOptions) {
    const { d, n } = documents;
    const rows = { data: documents.data, n: documents.data.length / d, d };
    const nlist = options.centroids;
    const { centroids } = trainKmeans(core, rows, {
      nlist,
      iterations: 4,
      seed: options.seed,
      sampleSize: Math.min(rows.n, options.sampleSize),
    });
    const { ids } = assignToNearest(core, rows, centroids);
    this.#core = core;
    this.#d = d;
    this.centroids = nlist;
    this.#rows = core.allocate(centroids.length * 4);
    this.#rows.f32().set(centroids);
    const codes: number[] = [];
    this.#codeOffsets = new Uint32Array(n + 1);
    const sizes = new Uint32Array(nlist + 1);
    for (let i = 0; i < n; i++) {
      const distinct = new Set(ids.subarray(documents.offsets[i], documents.offsets[i + 1]));
      for (const code of distinct) {
        codes.push(code);
        sizes[code + 1] = (sizes[code + 1] as number) + 1;
      }
      this.#codeOffsets[i + 1] = codes.length;
    }
    this.#codes = Uint16Array.from(codes);
    for (let c = 0; c < nlist; c++) sizes[c + 1] = (sizes[c + 1] as number) + (sizes[c] as number);
    this.#postingOffsets = sizes;
    this.#postings = new Uint32Array(codes.length);
    const next = sizes.slice();
    for (let i = 0; i < n; i++) {
      for (let at = this.#codeOffsets[i] as number; at < (this.#codeOffsets[i + 1] as number); at++) {
        const code = this.#codes[at] as number;
        this.#postings[next[code] as number] = i;
        next[code] = (next[code] as number) + 1;
      }
    }
    this.#stamps = new Uint32Array(n);
  }

  /** Centroids, codes and postings; tokens are kept elsewhere. */
  get bytes(): number {
    return this.#rows.byteLength + 2 * this.#codes.length + 4 * this.#postings.length;
  }

  /** Documents by approximate MaxSim, best first. tokens — m × d. */
  candidates(tokens: Float32Array, { nprobe, count, threshold, isRanked = false }: PlaidSearch): Uint32Array {
    const m = tokens.length / this.#d;
    const nlist = this.centroids;
    const table = this.#core.scope((scope) => {
      const input = scope.reserve(tokens.length * 4);
      const out = scope.reserve(m * nlist * 4);
      input.f32().set(tokens);
      this.#core.kernels.dotF32Tile(input.at(), m, this.#rows.at(), nlist, this.#d, out.at());
      return out.f32(0, m * nlist).slice();
    });
    const stamp = ++this.#stamp;
    const met: number[] = [];
    for (let q = 0; q < m; q++) {
      for (const code of largest(table, q * nlist, nlist, nprobe)) {
        const end = this.#postingOffsets[code + 1] as number;
        for (let at = this.#postingOffsets[code] as number; at < end; at++) {
          const document = this.#postings[at] as number;
          if (this.#stamps[document] === stamp) continue;
          this.#stamps[document] = stamp;
          met.push(document);
        }
      }
    }
    if (met.length <= count && !isRanked) return Uint32Array.from(met);
    // rows of the table by centroid, so that the loop below reads in order
    const byCode = new Float32Array(m * nlist);
    for (let q = 0; q < m; q++) {
      for (let c = 0; c < nlist; c++) byCode[c * m + q] = table[q * nlist + c] as number;
    }
    let isKept: Uint8Array | undefined;
    if (threshold !== undefined) {
      isKept = new Uint8Array(nlist);
      for (let at = 0; at < byCode.length; at++) {
        if ((byCode[at] as number) >= threshold) isKept[Math.floor(at / m)] = 1;
      }
    }
    const best = new Float32Array(m);
    const scores = new Float32Array(met.length);
    for (const [i, document] of met.entries()) {
      best.fill(-2);
      const end = this.#codeOffsets[document + 1] as number;
      for (let at = this.#codeOffsets[document] as number; at < end; at++) {
        const code = this.#codes[at] as number;
        if (isKept !== undefined && isKept[code] === 0) continue;
        const row = code * m;
        for (let q = 0; q < m; q++) {
          const score = byCode[row + q] as number;
          if (score > (best[q] as number)) best[q] = score;
        }
      }
      let sum = 0;
      for (let q = 0; q < m; q++) sum += best[q] as number;
      scores[i] = sum;
    }
    const order = largest(scores, 0, scores.length, count);
    return Uint32Array.from(order, (at) => met[at] as number);
  }

  [Symbol.dispose](): void {
    this.#rows.dispose();
  }
}

/** Positions, from `start` on, of the `count` largest of `length` values, best first. */
export function largest(values: Float32Array, start: number, length: number, count: number): number[] {
  const own = values.subarray(start, start + length);
  if (count <= 16) {
    // a few: one pass with insertion
    const at: number[] = [];
    for (let i = 0; i < length; i++) {
      const value = own[i] as number;
      if (at.length === count && value <= (own[at[count - 1] as number] as number)) continue;
      let place = at.length < count ? at.length : count - 1;
      while (place > 0 && (own[at[place - 1] as number] as number) < value) {
        at[place] = at[place - 1] as number;
        place--;
      }
      at[place] = i;
    }
    return at;
  }
  const threshold = own.slice().sort()[Math.max(0, length - count)] as number;
  const chosen: number[] = [];
  for (let i = 0; i < length; i++) if ((own[i] as number) >= threshold) chosen.push(i);
  chosen.sort((a, b) => (own[b] as number) - (own[a] as number) || a - b);
  return chosen.slice(0, count);
}
