/**
 * The contract of Fixed Dimensional Encodings: a set of token vectors becomes one flat vector so that the inner product
 * of a query's and a document's ranks documents as MaxSim does.
 *
 * Four kinds meet it: MuveraFde, the paper's, which looks at no data; LearnedFde, trained on a sample; SplitFde, two of
 * those beside each other; and RegressionFde, which fits MaxSim itself over features of one token.
 * Scores are <query FDE, document FDE>, larger is better, up to a constant per query; they are not MaxSim and rank
 * candidates only.
 */
import type { Core, Numbers, TokenSetInput, Vectors } from '@sagitta/core-wasm';

/** Lists the kinds of encoders; the position is the number that files store. */
export const FDE_KINDS = ['muvera', 'learned', 'split', 'regression'] as const;
/** Names a kind of encoder. */
export type FdeKind = (typeof FDE_KINDS)[number];

/** Longest FDE that an encoder may be made for. */
export const MAX_FDE_LENGTH: number = 1 << 20;

/** Immutable; holds no memory of a core. */
export interface FdeEncoder {
  readonly kind: FdeKind;
  /** Dimension of a token. */
  readonly d: number;
  /** Numbers of an FDE. */
  readonly length: number;
  /**
   * An FDE is length / blockLength blocks; a query leaves whole blocks zero. The length itself where a final projection
   * mixes the blocks.
   */
  readonly blockLength: number;
  /** Hash of everything that FDEs depend on, 16 hexadecimal digits; indexes refuse queries of another. */
  readonly parameterHash: string;
  createSession(core: Core): FdeSession;
}

/** Encodes token sets: an encoder with its matrices in a core's memory. */
export interface FdeSession extends Disposable {
  readonly encoder: FdeEncoder;
  /**
   * FDEs of every set: out f32[n × length], the caller's, overwritten. An empty set gives zeros.
   * @throws RangeError on another d, a ragged set, values that are not finite, or an out of another length
   */
  encodeDocuments(tokens: TokenSetInput, out: Float32Array): void;
  /**
   * One query's FDE, fresh. tokens — m × d numbers or m arrays of d, m from 0 on; weights — one a token, finite, default 1.
   * @throws RangeError as above
   */
  encodeQuery(tokens: Vectors, weights?: Numbers): Float32Array;
  dispose(): void;
}
