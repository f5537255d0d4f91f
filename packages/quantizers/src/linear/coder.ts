/**
 * What a linear method adds to the shared machinery: codes of rows in the frame, and their products with a query.
 *
 * "Linear": what a code stands for is r̂ = scale·v(code) + offset·1, so <q, r̂> = scale·<q, v> + offset·Σq, and <q, v>
 * comes from an integer product or from tables. Everything else (factors, scores, lists, files) is shared.
 */
import type { Block, ByteWriter, Core, Ptr } from '@sagitta/core-wasm';

/** Factors at the head of a block, f32[32] each, in this order; the bits that affineScores knows, and one of our own. */
export const FACTOR_ADD = 1;
export const FACTOR_SCALE = 2;
export const FACTOR_OFFSET = 4;
export const FACTOR_ERROR = 8;
/** The scale of a part that has its own. */
export const FACTOR_PART = 16;

/** Holds coded rows, one after the other; the caller's arrays, overwritten. */
export interface CodedRows {
  /** n × codeBytes. */
  readonly codes: Uint8Array;
  /** n each; read only where the coder has them. */
  readonly scales: Float32Array;
  readonly offsets: Float32Array;
  /** The N of each (see Coder.norm), where the coder says that it writes them. */
  readonly norms: Float32Array;
  /** The own scale of a part, where a coder has one. */
  readonly partScales: Float32Array;
  /** Half-widths of the estimate of <q, r> for |q| = 1. */
  readonly errors: Float32Array;
}

/**
 * A further code of each vector, in rows behind the first code: <q, r̂> gains weight·s·<q, v>, s by `scale`: 'shared' the
 * vector's own scale, 'own' a factor of the part (one part at most), 'none' 1.
 */
export interface CodePart {
  readonly bytes: number;
  readonly scale: 'shared' | 'own' | 'none';
  readonly weight: number;
  /** What each coordinate of v is on average: stands for a part with the shared scale that is not read. */
  readonly expected?: number;
  /** The greatest amount of a coordinate of v; NaN or Infinity where a file says so. */
  readonly reach: number;
  createDots(core: Core): Dots;
}

/** Encodes rows that were turned into a frame, and scores such codes: what one linear method differs from another by. */
export interface Coder {
  readonly dims: number;
  /** Bytes of one code, its parts with it: the first code, then each part. */
  readonly codeBytes: number;
  readonly parts?: readonly CodePart[];
  /** FACTOR_SCALE, FACTOR_OFFSET, FACTOR_ERROR, FACTOR_PART. */
  readonly factors: number;
  /** Whether l2 scores take |r|² from the vector (the estimate is of <q, r>) or from its code (the distance to r̂). */
  readonly norm: 'exact' | 'decoded';
  /** encode fills `norms`. */
  readonly writesNorms: boolean;
  /** The greatest amount of a coordinate of v(code), without the parts; NaN or Infinity where a file says so. */
  readonly reach: number;
  /** What is wrong with the codes of a block that was read from a file, or undefined; without it any bits are a code. */
  codesDefect?(codes: Uint8Array): string | undefined;
  /** Codes lie in blocks of the fast scan (4-bit tables) instead of one after the other. */
  readonly isBlocked: boolean;
  /** rows — n × dims. */
  encode(core: Core, rows: Float32Array, n: number, out: CodedRows): void;
  /** Where kernels code rows straight into blocks; encode is not called then. undefined: they do not with these options. */
  createBlockEncoder?(core: Core): BlockEncoder | undefined;
  /** out — n × dims: r̂ of each. */
  decode(coded: CodedRows, n: number, out: Float32Array): void;
  createDots(core: Core): Dots;
  /** Parameters for a file. */
  write(writer: ByteWriter): void;
}

/** Codes rows that lie in the core to where they stay. Holds its scratch there until disposed. */
export interface BlockEncoder extends Disposable {
  /**
   * rows — n × dims, n ≤ 32, in the frame. centre — c' (dims) or NO_PTR. codes — n codes one after the other, overwritten.
   * out.norms is NaN or Infinity for rows that are not finite or whose squares overflow.
   */
  encode(rows: Ptr, n: number, centre: Ptr, codes: Ptr, out: BlockFactors): void;
}

/**
 * Holds the factors of up to 32 vectors; the caller's arrays, overwritten. What a coder has no factor for is left
 * alone.
 */
export interface BlockFactors {
  /** N, see Coder.norm; |row|² where that is exact. */
  readonly norms: Float32Array;
  readonly scales: Float32Array;
  readonly offsets: Float32Array;
  readonly errors: Float32Array;
  /** <c', r̂>; only with a centre. */
  readonly crosses: Float32Array;
}

/** Products of a prepared query with the codes of a block: <q, v> = a·dot + b. */
export interface Dots extends Disposable {
  readonly a: number;
  readonly b: number;
  /** Dots are u32, else f32. */
  readonly isInteger: boolean;
  /** query — dims values in the frame. */
  setQuery(query: Float32Array): void;
  /** Dots of the first n of one block's 32 codes; may write those of all. */
  compute(codes: Ptr, out: Ptr, n: number): void;
}

/** A block of the core with its views' shorthand, for Dots. */
export type { Block };
