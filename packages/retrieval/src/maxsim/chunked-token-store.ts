/** The one token store: chunks of rows, and a coder that knows what rows mean. */
import {
  ByteWriter,
  type Core,
  checkInteger,
  NO_PTR,
  Owner,
  type SnapshotPiece,
  type TokenSet,
} from '@sagitta/core-wasm';
import type { Compaction } from '../columns/compaction.ts';
import { bestTokens } from './best-tokens.ts';
import { atTheDoor, checkQuery, queryAtTheDoor } from './query-tokens.ts';
import { type Run, TokenChunks } from './token-chunks.ts';
import type { TokenCoder } from './token-coder.ts';
import {
  type MaxsimExplanation,
  type QueryTokens,
  TOKEN_ENCODINGS,
  TOKEN_METRICS,
  type TokenEncoding,
  type TokenMetric,
  type TokenStore,
} from './token-store.ts';

/** Of what parameters() writes. */
export const PARAMETERS_VERSION = 1;

/** Values coded at once. */
const BATCH_VALUES = 131_072;

export class ChunkedTokenStore extends Owner implements TokenStore {
  readonly metric: TokenMetric;
  readonly #coder: TokenCoder;
  #chunks: TokenChunks;

  constructor(core: Core, coder: TokenCoder, metric: TokenMetric) {
    super(core);
    this.#coder = coder;
    this.metric = metric;
    this.#chunks = new TokenChunks(core, coder.rowBytes);
  }

  get encoding(): TokenEncoding {
    return this.#coder.encoding;
  }
  get d(): number {
    return this.#coder.d;
  }
  get n(): number {
    return this.#chunks.n;
  }
  get tokenCount(): number {
    return this.#chunks.rows;
  }
  get bytesPerToken(): number {
    return this.#coder.rowBytes;
  }
  bytesUsed(): number {
    this.checkLive('store');
    return this.#chunks.bytesUsed();
  }

  append(tokens: TokenSet, coming = 0): void {
    this.checkLive('store');
    const { d } = this;
    if (tokens.d !== d) throw new RangeError(`"tokens" expected d = ${d}, got ${tokens.d}`);
    const lengths = new Uint32Array(tokens.n);
    for (let i = 0; i < tokens.n; i++) {
      lengths[i] = (tokens.offsets[i + 1] as number) - (tokens.offsets[i] as number);
    }
    const batch = Math.max(1, Math.floor(BATCH_VALUES / d));
    const { rowBytes } = this.#coder;
    const fill = ({ block, firstRow, rows, from }: Run): void => {
      const start = tokens.offsets[from] as number;
      for (let done = 0; done < rows; done += batch) {
        const count = Math.min(batch, rows - done);
        const values = tokens.data.subarray((start + done) * d, (start + done + count) * d);
        const coded = new Uint8Array(count * rowBytes);
        this.#coder.encode(this.core, atTheDoor('tokens', values, d, this.metric), coded);
        block.u8((firstRow + done) * rowBytes, coded.length).set(coded);
      }
    };
    this.#chunks.append(lengths, fill, coming);
  }

  /** Rows that are codes already: those of documents of these lengths, one after the other. */
  appendCodes(lengths: Uint32Array, codes: Uint8Array): void {
    this.checkLive('store');
    const { rowBytes } = this.#coder;
    let at = 0;
    this.#chunks.append(lengths, ({ block, firstRow, rows }) => {
      block.u8(firstRow * rowBytes, rows * rowBytes).set(codes.subarray(at, at + rows * rowBytes));
      at += rows * rowBytes;
    });
  }

  lengthOf(slot: number): number {
    this.checkLive('store');
    return this.#chunks.rowsOf(this.#checkSlot(slot));
  }

  scores(query: QueryTokens, slots: Uint32Array): Float32Array {
    this.checkLive('store');
    const tokens = this.#atTheDoor(query);
    for (const slot of slots) this.#checkSlot(slot);
    const n = slots.length;
    return this.core.scope((scope) => {
      const matcher = this.#coder.prepare(this.core, scope, tokens);
      const documents = scope.reserve(8 * n);
      const out = scope.reserve(4 * n);
      const records = documents.u32();
      for (const [i, slot] of slots.entries()) {
        records[2 * i] = this.#chunks.at(slot);
        records[2 * i + 1] = this.#chunks.rowsOf(slot);
      }
      matcher.run(documents.at(), n, out.at(), NO_PTR);
      return out.f32(0, n).slice();
    });
  }

  explain(query: QueryTokens, slot: number): MaxsimExplanation {
    this.checkLive('store');
    const tokens = this.#atTheDoor(query);
    const count = this.lengthOf(slot);
    return this.core.scope((scope) => {
      const matcher = this.#coder.prepare(this.core, scope, tokens);
      return bestTokens(scope, matcher, (row) => this.#chunks.at(slot, row), count);
    });
  }

  codesOf(slot: number): Uint8Array {
    this.checkLive('store');
    return this.#chunks.view(this.#checkSlot(slot)).slice();
  }

  decode(slot: number): Float32Array {
    this.checkLive('store');
    this.#checkSlot(slot);
    // a copy: decoding may take memory of the core
    return this.#coder.decode(this.core, this.#chunks.view(slot).slice());
  }

  compact(keep: Uint32Array): void {
    this.compaction(keep).commit();
  }

  compaction(keep: Uint32Array): Compaction {
    this.checkLive('store');
    const seen = new Uint8Array(this.n);
    const lengths = Uint32Array.from(keep, (slot) => {
      this.#checkSlot(slot);
      if (seen[slot] === 1) throw new RangeError(`"keep" expected each slot once, got ${slot} twice`);
      seen[slot] = 1;
      return this.#chunks.rowsOf(slot);
    });
    const { rowBytes } = this.#coder;
    const kept = new TokenChunks(this.core, rowBytes);
    kept.append(lengths, ({ block, firstRow, rows, from, to }) => {
      const target = block.u8(firstRow * rowBytes, rows * rowBytes);
      let at = 0;
      for (let i = from; i < to; i++) {
        const source = this.#chunks.view(keep[i] as number);
        target.set(source, at);
        at += source.length;
      }
    });
    return {
      commit: () => {
        this.#chunks.dispose();
        this.#chunks = kept;
      },
      [Symbol.dispose]: () => kept.dispose(),
    };
  }

  truncate(n: number): void {
    this.checkLive('store');
    this.#chunks.truncate(n);
  }

  parameters(keep: Uint32Array = this.#all()): Uint8Array {
    this.checkLive('store');
    const writer = new ByteWriter();
    writer
      .u32(PARAMETERS_VERSION)
      .u32(TOKEN_ENCODINGS.indexOf(this.encoding))
      .u32(TOKEN_METRICS.indexOf(this.metric))
      .u32(this.d);
    this.#coder.write(writer);
    writer.u32(keep.length).array(keep.map((slot) => this.#chunks.rowsOf(slot)));
    return writer.finish();
  }

  codePieces(keep: Uint32Array = this.#all()): SnapshotPiece[] {
    this.checkLive('store');
    return this.#chunks.pieces(keep);
  }

  #all(): Uint32Array {
    return Uint32Array.from({ length: this.n }, (_, slot) => slot);
  }

  override dispose(): void {
    this.#chunks.dispose();
    super.dispose();
  }

  #atTheDoor(query: QueryTokens): QueryTokens {
    checkQuery(query, this.d);
    return queryAtTheDoor(query, this.d, this.metric);
  }

  #checkSlot(slot: number): number {
    if (this.n === 0) throw new RangeError(`"slot" expected none in an empty store, got ${slot}`);
    return checkInteger('slot', slot, 0, this.n - 1);
  }
}
