/**
 * Ball carving: near-equal query tokens become one vector, so that a rerank has fewer dots to make.
 *
 * Greedy, the lowest remaining token first: it takes every remaining token q with <s, q> ≥ τ along, and the group is
 * replaced by its sum. One document token then serves the whole group, so MaxSim of the carved query is at most that
 * of the full one (MUVERA, section on re-ranking).
 */
import { checkInteger, checkLength, checkNumber, normalizeRows } from '@sagitta/core-wasm';
import type { QueryTokens } from '../maxsim/index.ts';

/** Holds a query whose tokens were gathered into groups. */
export interface CarvedQuery {
  /** n × d, one row a group: the sum of its tokens, each times its weight. */
  readonly data: Float32Array;
  readonly n: number;
  readonly d: number;
  /** Group of each token of the query. */
  readonly groups: Uint32Array;
}

/**
 * tokens — |Q| × d, compared as they are: unit rows make τ a cosine; weights — one a token, from 0, default 1.
 * @throws RangeError on a length that does not fit or τ outside −1 … 2; above 1 no two unit tokens meet
 */
export function carveBalls(
  tokens: Float32Array,
  d: number,
  tau: number,
  weights?: Float32Array,
): CarvedQuery {
  checkInteger('d', d, 1, tokens.length || 1);
  checkNumber('ballCarving', tau, -1, 2);
  if (tokens.length % d !== 0) {
    throw new RangeError(`"tokens" expected a length that is a multiple of d = ${d}, got ${tokens.length}`);
  }
  const count = tokens.length / d;
  if (weights) checkLength('weights', weights.length, count, 'tokens');
  const groups = new Uint32Array(count);
  const isTaken = new Uint8Array(count);
  const sums = new Float64Array(count * d);
  let n = 0;
  for (let seed = 0; seed < count; seed++) {
    if (isTaken[seed] === 1) continue;
    for (let i = seed; i < count; i++) {
      if (isTaken[i] === 1 || (i > seed && dot(tokens, seed * d, i * d, d) < tau)) continue;
      isTaken[i] = 1;
      groups[i] = n;
      const weight = weights ? (weights[i] as number) : 1;
      for (let j = 0; j < d; j++) sums[n * d + j] += weight * (tokens[i * d + j] as number);
    }
    n++;
  }
  return { data: Float32Array.from(sums.subarray(0, n * d)), n, d, groups };
}

function dot(x: Float32Array, a: number, b: number, d: number): number {
  let sum = 0;
  for (let j = 0; j < d; j++) sum += (x[a + j] as number) * (x[b + j] as number);
  return sum;
}

/** Carves a query: unit rows and weights, as stores of cosines scale every row they are given. */
export function carveQuery(tokens: QueryTokens, tau: number): QueryTokens {
  const { data, n, d } = carveBalls(tokens.data, tokens.d, tau, tokens.weights);
  const weights = Float32Array.from({ length: n }, (_, i) => {
    let energy = 0;
    for (let j = i * d; j < (i + 1) * d; j++) energy += (data[j] as number) * (data[j] as number);
    return Math.sqrt(energy);
  });
  return { data: normalizeRows(data, d), n, d, weights };
}
