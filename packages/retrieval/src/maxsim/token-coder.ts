/** What one encoding of tokens adds to the shared store: rows of bytes, and a query prepared for its kernel. */
import { type ByteWriter, type Core, MAX_MAGNITUDE, type Ptr, type Scope } from '@sagitta/core-wasm';
import type { QueryTokens, TokenEncoding } from './token-store.ts';

export interface TokenCoder {
  readonly encoding: TokenEncoding;
  readonly d: number;
  /** Bytes of one token. */
  readonly rowBytes: number;
  /** tokens — m × d, finite → out, m × rowBytes, overwritten. @throws RangeError on values that it cannot hold */
  encode(core: Core, tokens: Float32Array, out: Uint8Array): void;
  /** What m rows stand for: m × d, fresh. */
  decode(core: Core, rows: Uint8Array): Float32Array;
  /** tokens of the query are at the door already (query-tokens.ts); scratch lives in scope. */
  prepare(core: Core, scope: Scope, query: QueryTokens): Matcher;
  /** What is wrong with rows that were read from a file, or undefined. */
  defect(rows: Uint8Array): string | undefined;
  /** Options, for a file. */
  write(writer: ByteWriter): void;
}

/** A prepared query. */
export interface Matcher {
  /** documents — n records { u32 pointer to rows, u32 rows }; out f32[n]; bests f32[n × paddedTokens] or NO_PTR. */
  run(documents: Ptr, n: number, out: Ptr, bests: Ptr): void;
  /** Query tokens up to a multiple of 4. */
  readonly paddedTokens: number;
  /** A similarity is bests[a]·steps[a]; one a query token. */
  readonly steps: Float64Array;
}

export function paddedCount(n: number): number {
  return 4 * Math.ceil(n / 4);
}

/** Weight times step of each token, 0 for padding. */
export function factorsOf({ n, weights }: QueryTokens, steps: Float64Array): Float32Array {
  const out = new Float32Array(paddedCount(n));
  for (let a = 0; a < n; a++) out[a] = (weights?.[a] ?? 1) * (steps[a] as number);
  return out;
}

/** Copies values into scratch memory. */
export function place(scope: Scope, values: Float32Array | Int16Array): Ptr {
  const block = scope.reserve(values.byteLength);
  block.u8().set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return block.at();
}

/**
 * Rows that end in an f32 scale: what is wrong with the first that no encoder writes, or undefined. reach — the greatest amount of a
 * code, which scales are multiplied by.
 */
export function scaleDefect(rows: Uint8Array, rowBytes: number, reach: number): string | undefined {
  const most = LARGEST_COORDINATE / reach;
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  for (let at = rowBytes - 4; at < rows.length; at += rowBytes) {
    const scale = view.getFloat32(at, true);
    if (!(scale >= 0 && scale <= most)) {
      return `"scale" of token ${Math.floor(at / rowBytes)} expected 0 to ${most}, got ${scale}`;
    }
  }
  return undefined;
}

/**
 * Of what a code of a token within MAX_MAGNITUDE stands for: scales of codes are |p|²/<p, v>, which with |v_j| from ½ to 2^bits
 * makes coordinates of at most 2^9·|p|. Sums of 2^16 products with a query stay below 2^127.
 */
const LARGEST_COORDINATE = 2 ** 10 * MAX_MAGNITUDE;
