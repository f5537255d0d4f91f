/** Queries at the door: shapes, weights, norms that no product can overflow, and length 1 for cosine. */
import {
  checkFinite,
  checkFloat32,
  checkInteger,
  checkLength,
  MAX_DIMENSION,
  normalizeRows,
} from '@sagitta/core-wasm';
import type { QueryTokens, TokenMetric } from './token-store.ts';

/** Most tokens of a query: what kernels and their tables are sized for. */
const MAX_QUERY_TOKENS = 65_536;

/** |x|² of any token: with both sides below it no product of two tokens leaves f32 (|<q, p>| ≤ |q|·|p|). */
const LARGEST_ENERGY = 1e38;

/** Weights are ratios; this one only keeps their products finite. */
const LARGEST_WEIGHT = 1e12;

/**
 * The tokens of a query: data — n × d finite values; weights — n factors of the tokens' terms, default 1 each.
 * @throws TypeError on other kinds of arrays, RangeError on a ragged length, no tokens, NaN, or weights outside 0 … 1e12
 */
export function queryTokens(data: Float32Array, d: number, weights?: Float32Array): QueryTokens {
  checkFloat32('query', data);
  checkInteger('d', d, 1, MAX_DIMENSION);
  const query: QueryTokens = { data, n: data.length / d, d, ...(weights && { weights }) };
  checkQuery(query, d);
  return query;
}

/** @throws as queryTokens does, or where the query's d is another */
export function checkQuery(query: QueryTokens, d: number): void {
  const { data, n, weights } = query;
  checkFloat32('query', data);
  if (query.d !== d) throw new RangeError(`"query" expected tokens of d = ${d}, got d = ${query.d}`);
  if (data.length % d !== 0) {
    throw new RangeError(`"query" expected a length that is a multiple of d = ${d}, got ${data.length}`);
  }
  checkInteger('query tokens', n, 1, MAX_QUERY_TOKENS);
  checkLength('query', data.length, n * d, `n*d (n=${n}, d=${d})`);
  checkFinite('query', data, d);
  if (weights === undefined) return;
  checkFloat32('weights', weights);
  checkLength('weights', weights.length, n, 'one a query token');
  checkFinite('weights', weights);
  const outside = weights.find((weight) => weight < 0 || weight > LARGEST_WEIGHT);
  if (outside !== undefined) {
    throw new RangeError(`"weights" expected numbers from 0 to ${LARGEST_WEIGHT}, got ${outside}`);
  }
}

/**
 * Rows as a store works with them: scaled to length 1 for cosine, else as they are.
 * @throws RangeError on a row whose squares add up to more than 1e38
 */
export function atTheDoor(label: string, rows: Float32Array, d: number, metric: TokenMetric): Float32Array {
  if (metric === 'cosine') return normalizeRows(rows, d);
  for (let start = 0; start < rows.length; start += d) {
    let energy = 0;
    for (let j = start; j < start + d; j++) energy += (rows[j] as number) * (rows[j] as number);
    if (!(energy <= LARGEST_ENERGY)) {
      throw new RangeError(
        `"${label}" expected squared norms up to ${LARGEST_ENERGY}, got ${energy} in row ${start / d}`,
      );
    }
  }
  return rows;
}
