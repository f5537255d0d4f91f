/** Stores and an encoder in plain JavaScript, exact and slow: what the index does with any stores is tested on these. */
import { type TokenSet, tokenSet, vectorSet } from '@sagitta/core-wasm';
import type { Compaction } from '../../src/columns/compaction.ts';
import type { QueryTokens, TokenMetric, TokenStore } from '../../src/maxsim/index.ts';
import type { FdeEncoder, FdeSession, FdeStore } from '../../src/muvera/index.ts';
import { chamfer, rowsOf } from './chamfer.ts';

/** FDEs are sums of a query's tokens and means of a document's: k = 0, no projection. */
export function fakeEncoder(d: number, parameterHash = '00000000000000aa'): FdeEncoder {
  const encoder: FdeEncoder = {
    kind: 'muvera',
    d,
    length: d,
    blockLength: d,
    parameterHash,
    createSession: (): FdeSession => ({
      encoder,
      encodeDocuments(given, out) {
        const tokens = tokenSet(given.data, given.offsets, d);
        out.fill(0);
        for (let i = 0; i < tokens.n; i++) {
          const rows = rowsOf(tokens, i);
          for (const [at, value] of rows.entries()) out[i * d + (at % d)] += (value * d) / rows.length;
        }
      },
      encodeQuery(tokens, weights) {
        const out = new Float32Array(d);
        for (const [at, value] of vectorSet(tokens, d).data.entries())
          out[at % d] += value * (weights?.[Math.floor(at / d)] ?? 1);
        return out;
      },
      dispose() {},
      [Symbol.dispose]() {},
    }),
  };
  return encoder;
}

/** Fails on the append that would make it hold more than `capacity` slots. */
export class FakeFdeStore implements FdeStore {
  readonly encoding = 'float32';
  readonly length: number;
  readonly bytesPerDocument: number;
  readonly capacity: number;
  rows: Float32Array[] = [];
  /** Queries that were scanned. */
  scans = 0;

  constructor(length: number, capacity: number = Number.POSITIVE_INFINITY) {
    this.length = length;
    this.bytesPerDocument = 4 * length;
    this.capacity = capacity;
  }
  get n(): number {
    return this.rows.length;
  }
  bytesUsed(): number {
    return this.n * this.bytesPerDocument;
  }
  append(fdes: Float32Array): void {
    const m = fdes.length / this.length;
    if (this.n + m > this.capacity) throw new RangeError('the fake is full');
    for (let i = 0; i < m; i++) this.rows.push(fdes.slice(i * this.length, (i + 1) * this.length));
  }
  replace(slot: number, fde: Float32Array): void {
    this.rows[slot] = fde.slice();
  }
  search(
    query: Float32Array,
    count: number,
    allowed?: Uint32Array,
  ): { slots: Uint32Array; scores: Float32Array } {
    this.scans++;
    const every = Uint32Array.from(this.rows.keys()).filter(
      (slot) => !allowed || (((allowed[slot >>> 5] as number) >>> (slot & 31)) & 1) === 1,
    );
    const scores = this.scoreSlots(query, every);
    const order = [...every.keys()]
      .sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
      .slice(0, count);
    return {
      slots: Uint32Array.from(order, (at) => every[at] as number),
      scores: Float32Array.from(order, (at) => scores[at] as number),
    };
  }
  scoreSlots(query: Float32Array, slots: Uint32Array): Float32Array {
    return Float32Array.from(slots, (slot) => chamfer(query, this.rows[slot] as Float32Array, this.length));
  }
  compact(keep: Uint32Array): void {
    this.compaction(keep).commit();
  }
  compaction(keep: Uint32Array): Compaction {
    const commit = (): void => {
      this.rows = Array.from(keep, (slot) => this.rows[slot] as Float32Array);
    };
    return { commit, [Symbol.dispose]() {} };
  }
  truncate(n: number): void {
    this.rows.length = n;
  }
  parameters(): Uint8Array {
    return new Uint8Array(0);
  }
  codePieces(): Uint8Array[] {
    return [];
  }
  dispose(): void {}
  [Symbol.dispose](): void {}
}

/** scale — similarities are made this much larger, to tell two stores apart. */
export class FakeTokenStore implements TokenStore {
  readonly encoding = 'float32';
  readonly metric: TokenMetric;
  readonly d: number;
  readonly bytesPerToken: number;
  readonly scale: number;
  documents: Float32Array[] = [];
  /** What scores was asked for. */
  readonly asked: { readonly query: QueryTokens; readonly slots: Uint32Array }[] = [];

  constructor(d: number, metric: TokenMetric, scale = 1) {
    this.d = d;
    this.metric = metric;
    this.bytesPerToken = 4 * d;
    this.scale = scale;
  }
  get n(): number {
    return this.documents.length;
  }
  get tokenCount(): number {
    return this.documents.reduce((sum, rows) => sum + rows.length / this.d, 0);
  }
  bytesUsed(): number {
    return this.tokenCount * this.bytesPerToken;
  }
  append(tokens: TokenSet): void {
    for (let i = 0; i < tokens.n; i++) this.documents.push(rowsOf(tokens, i).slice());
  }
  lengthOf(slot: number): number {
    return (this.documents[slot] as Float32Array).length / this.d;
  }
  codesOf(slot: number): Uint8Array {
    return new Uint8Array(this.decode(slot).buffer);
  }
  decode(slot: number): Float32Array {
    return (this.documents[slot] as Float32Array).slice();
  }
  scores(query: QueryTokens, slots: Uint32Array): Float32Array {
    this.asked.push({ query, slots: slots.slice() });
    return Float32Array.from(slots, (slot) => this.explain(query, slot).similarity);
  }
  explain(
    query: QueryTokens,
    slot: number,
  ): { similarity: number; tokens: Uint32Array; similarities: Float32Array } {
    const document = this.documents[slot] as Float32Array;
    if (document.length === 0) {
      return {
        similarity: Number.NEGATIVE_INFINITY,
        tokens: new Uint32Array(0),
        similarities: new Float32Array(0),
      };
    }
    const tokens = new Uint32Array(query.n);
    const similarities = new Float32Array(query.n);
    let similarity = 0;
    for (let q = 0; q < query.n; q++) {
      const row = query.data.subarray(q * this.d, (q + 1) * this.d);
      const dots = Float64Array.from({ length: document.length / this.d }, (_, p) =>
        this.#similarity(row, document.subarray(p * this.d, (p + 1) * this.d)),
      );
      const best = dots.indexOf(Math.max(...dots));
      tokens[q] = best;
      similarities[q] = dots[best] as number;
      similarity += (query.weights?.[q] ?? 1) * (dots[best] as number);
    }
    return { similarity, tokens, similarities };
  }
  #similarity(a: Float32Array, b: Float32Array): number {
    const dot = chamfer(a, b, this.d);
    if (this.metric === 'ip') return this.scale * dot;
    return (this.scale * dot) / Math.sqrt(chamfer(a, a, this.d) * chamfer(b, b, this.d) || 1);
  }
  compact(keep: Uint32Array): void {
    this.compaction(keep).commit();
  }
  compaction(keep: Uint32Array): Compaction {
    const commit = (): void => {
      this.documents = Array.from(keep, (slot) => this.documents[slot] as Float32Array);
    };
    return { commit, [Symbol.dispose]() {} };
  }
  truncate(n: number): void {
    this.documents.length = n;
  }
  parameters(): Uint8Array {
    return new Uint8Array(0);
  }
  codePieces(): Uint8Array[] {
    return [];
  }
  dispose(): void {}
  [Symbol.dispose](): void {}
}
