/** Token sets cut into runs of documents that fit in scratch memory, and what both encoders do with them. */
import {
  checkFinite,
  checkFloat32,
  checkLength,
  type Numbers,
  type TokenSet,
  type TokenSetInput,
  toFloat32,
  tokenSet,
  type Vectors,
  vectorSet,
} from '@sagitta/core-wasm';

/** Documents first … end - 1, whose tokens are row … row + rows - 1. */
export interface TokenChunk {
  readonly first: number;
  readonly end: number;
  readonly row: number;
  readonly rows: number;
}

/**
 * Runs of documents of at most maxRows tokens (one document of more is a run of its own) and maxSets documents.
 */
export function tokenChunks({ offsets, n }: TokenSet, maxRows: number, maxSets: number): TokenChunk[] {
  const chunks: TokenChunk[] = [];
  let first = 0;
  while (first < n) {
    const row = offsets[first] as number;
    let end = first + 1;
    while (end < n && end - first < maxSets && (offsets[end + 1] as number) - row <= maxRows) end++;
    chunks.push({ first, end, row, rows: (offsets[end] as number) - row });
    first = end;
  }
  return chunks;
}

/** The chunk's offsets, from 0 on. */
export function chunkOffsets({ offsets }: TokenSet, { first, end, row }: TokenChunk): Uint32Array {
  return offsets.subarray(first, end + 1).map((offset) => offset - row);
}

/** A token set checked against the encoder's d and its output. */
export function checkDocuments(
  tokens: TokenSetInput,
  d: number,
  length: number,
  out: Float32Array,
): TokenSet {
  if (tokens.d !== d) throw new RangeError(`"tokens" expected d = ${d}, got ${tokens.d}`);
  const checked = tokenSet(tokens.data, tokens.offsets, d);
  checkLength('out', checkFloat32('out', out).length, checked.n * length, `n*length (n=${checked.n})`);
  return checked;
}

/** A query of m tokens as a set of one, and its weights checked. */
export function checkQuery(tokens: Vectors, d: number, given: Numbers | undefined): QuerySet {
  const { data, n } = vectorSet(tokens, d, 'tokens');
  const weights = given && toFloat32('weights', given);
  if (weights) {
    checkLength('weights', weights.length, n, 'tokens');
    checkFinite('weights', weights);
  }
  return { data, offsets: Uint32Array.of(0, n), n: 1, d, weights };
}

interface QuerySet extends TokenSet {
  readonly weights: Float32Array | undefined;
}

/**
 * ln m of a count m ≥ 1 from sums, products and quotients alone, so that it is the same on every engine: m = f·2^e with f
 * in [1, 2), ln f = 2·atanh((f - 1)/(f + 1)). Within 1e-15.
 */
export function lnCount(m: number): number {
  let exponent = 0;
  let f = m;
  while (f >= 2) {
    f /= 2;
    exponent++;
  }
  const t = (f - 1) / (f + 1);
  let power = t;
  let sum = 0;
  // t ≤ 1/3: the 20th term is below 1e-19
  for (let i = 1; i < 40; i += 2) {
    sum += power / i;
    power *= t * t;
  }
  return exponent * Math.LN2 + 2 * sum;
}
