/** Queries at the door: shapes, weights, norms that no product can overflow, and length 1 for cosine. */
import {
  checkFinite,
  checkInteger,
  checkLength,
  MAX_DIMENSION,
  metricSet,
  type Numbers,
  toFloat32,
  toFloat32Rows,
  type Vectors,
} from '@sagitta/core-wasm';
import type { QueryTokens, TokenMetric } from './token-store.ts';

/** Most tokens of a query: what kernels and their tables are sized for. */
const MAX_QUERY_TOKENS = 65_536;

/** Weights are ratios; this one only keeps their products finite. */
const LARGEST_WEIGHT = 1e12;

/** Σ weight·|q|: with document tokens up to 2^56 sums of products, also those of FDEs over repetitions, stay below 2^127. */
const LARGEST_SUM = 2 ** 60;

/**
 * Checks the tokens of a query: data — n × d finite values or n arrays of d; weights — n factors of the tokens' terms,
 * default 1 each.
 * @throws TypeError on what holds no numbers, RangeError on a ragged length, no tokens, NaN, or weights outside 0 … 1e12
 */
export function queryTokens(data: Vectors, d: number, weights?: Numbers): QueryTokens {
  checkInteger('d', d, 1, MAX_DIMENSION);
  const values = toFloat32Rows('query', data, d);
  const factors = weights && toFloat32('weights', weights);
  const query: QueryTokens = { data: values, n: values.length / d, d, ...(factors && { weights: factors }) };
  checkQuery(query, d);
  return query;
}

/** @throws as queryTokens does, or where the query's d is another */
export function checkQuery(query: QueryTokens, d: number): void {
  const { n } = query;
  const data = toFloat32('query', query.data);
  if (query.d !== d) throw new RangeError(`"query" expected tokens of d = ${d}, got d = ${query.d}`);
  if (data.length % d !== 0) {
    throw new RangeError(`"query" expected a length that is a multiple of d = ${d}, got ${data.length}`);
  }
  checkInteger('query tokens', n, 1, MAX_QUERY_TOKENS);
  checkLength('query', data.length, n * d, `n*d (n=${n}, d=${d})`);
  checkFinite('query', data, d);
  if (query.weights === undefined) return;
  const weights = toFloat32('weights', query.weights);
  checkLength('weights', weights.length, n, 'one a query token');
  checkFinite('weights', weights);
  const outside = weights.find((weight) => weight < 0 || weight > LARGEST_WEIGHT);
  if (outside !== undefined) {
    throw new RangeError(`"weights" expected numbers from 0 to ${LARGEST_WEIGHT}, got ${outside}`);
  }
}

/**
 * A query's tokens as a store of that metric works with them: scaled to length 1 for cosine, else as they are.
 * @throws RangeError for 'ip' on tokens out of the range of vectors, or where products with them could leave float32
 */
export function queryAtTheDoor(query: QueryTokens, d: number, metric: TokenMetric): QueryTokens {
  const { data } = metricSet(metric, query.data, d, 'query', { isSample: true });
  const { n, weights } = query;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    let energy = 0;
    for (let j = i * d; j < (i + 1) * d; j++) energy += (data[j] as number) * (data[j] as number);
    sum += (weights ? (weights[i] as number) : 1) * Math.sqrt(energy);
  }
  if (!(sum <= LARGEST_SUM)) {
    throw new RangeError(`"query" expected a sum of weight·length of its tokens up to 2^60, got ${sum}`);
  }
  return { data, n, d, ...(weights && { weights: toFloat32('weights', weights) }) };
}

/** Documents' tokens: scaled to length 1 for cosine, else as they are, in the range of vectors. */
export function atTheDoor(label: string, rows: Float32Array, d: number, metric: TokenMetric): Float32Array {
  return metricSet(metric, rows, d, label).data;
}
