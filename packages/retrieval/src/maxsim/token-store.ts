/**
 * The contract of a token store: tokens of documents as codes in the core's memory, scored against a query's tokens by
 * MaxSim, Σ over query tokens of max over document tokens of <q, p>.
 */
import type { SnapshotPiece, TokenSet } from '@sagitta/core-wasm';
import type { Compaction } from '../columns/compaction.ts';

/** How tokens are held; saved by position, so the order never changes. */
export const TOKEN_ENCODINGS = ['float32', 'float16', 'int8', 'saq', 'rabitq', 'bit1'] as const;
/** Names how token vectors are stored. */
export type TokenEncoding = (typeof TOKEN_ENCODINGS)[number];

/** Metrics of token stores: 'ip' takes tokens as they are, 'cosine' scales documents' and queries' to length 1. */
export const TOKEN_METRICS = ['ip', 'cosine'] as const;
/** Names how tokens are compared. */
export type TokenMetric = (typeof TOKEN_METRICS)[number];

/** Holds a query's token vectors. */
export interface QueryTokens {
  /** n × d values, row-major; never written to by this library. */
  readonly data: Float32Array;
  readonly n: number;
  readonly d: number;
  /** n factors of the tokens' terms, finite and from 0 on; default 1 each. */
  readonly weights?: Float32Array;
}

/** Says which token of a document matched each token of a query. */
export interface MaxsimExplanation {
  /** MaxSim: Σ weight · similarity; -Infinity for a document without tokens. */
  readonly similarity: number;
  /** Position, in its document, of the best token of each query token, ties to the lower; empty for a document without tokens. */
  readonly tokens: Uint32Array;
  /** Its similarity, without the weight. */
  readonly similarities: Float32Array;
}

/** Slots are numbered in the order of appending, and stay what they are until `compact`. */
export interface TokenStore extends Disposable {
  readonly encoding: TokenEncoding;
  readonly metric: TokenMetric;
  readonly d: number;
  /** Slots. */
  readonly n: number;
  /** Tokens of all slots. */
  readonly tokenCount: number;
  /** Code and factors of one token. */
  readonly bytesPerToken: number;
  /** Bytes of the core's memory that the store holds. */
  bytesUsed(): number;
  /**
   * Documents become the slots n … n + tokens.n - 1; all of them or, when something is thrown, none. coming — tokens that the
   * next calls will append, for which room may be made at once. Default 0.
   * @throws RangeError on another d or on values that the encoding cannot hold, CapacityError when memory ends
   */
  append(tokens: TokenSet, coming?: number): void;
  /** Tokens of a slot. @throws RangeError on a slot that is not there */
  lengthOf(slot: number): number;
  /**
   * MaxSim of the query with each of the slots, in their order, fresh; -Infinity for a document without tokens. One call
   * of the core for each run of slots in one chunk.
   * @throws RangeError on a query without tokens, of another d or with weights that do not fit, or on a slot that is not there
   */
  scores(query: QueryTokens, slots: Uint32Array): Float32Array;
  /** MaxSim with one slot, token by token. @throws RangeError as scores does */
  explain(query: QueryTokens, slot: number): MaxsimExplanation;
  /** The codes of a slot, bytesPerToken each, fresh. @throws RangeError as lengthOf does */
  codesOf(slot: number): Uint8Array;
  /** The tokens that codes of a slot stand for, lengthOf(slot) × d, fresh. @throws RangeError as lengthOf does */
  decode(slot: number): Float32Array;
  /**
   * Keeps the slots named, in that order, as slots 0 … keep.length - 1, and gives the memory of all others back.
   * @throws RangeError on slots that are not there or named twice, CapacityError when memory ends; then nothing changed
   */
  compact(keep: Uint32Array): void;
  /** compact, made ready: all memory is taken. @throws as compact does */
  compaction(keep: Uint32Array): Compaction;
  /** Takes slots n … of the last ones away again; cannot fail. */
  truncate(n: number): void;
  /** What a file needs besides the codes of the slots named (ascending; default: all): encoding, options, their lengths. */
  parameters(keep?: Uint32Array): Uint8Array;
  /** The codes of the slots named (default: all), one after the other. */
  codePieces(keep?: Uint32Array): readonly SnapshotPiece[];
  /** Gives the memory back. Twice does nothing. */
  dispose(): void;
}
