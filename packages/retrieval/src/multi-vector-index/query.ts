/** Queries: token vectors with optional weights, and FDEs that may have been made elsewhere. */
import {
  checkFinite,
  checkLength,
  metricSet,
  type Numbers,
  toFloat32,
  toFloat32Rows,
  type Vectors,
} from '@sagitta/core-wasm';
import type { QueryTokens, TokenMetric } from '../maxsim/index.ts';

/** Holds a query and its FDE. */
export interface EncodedQuery {
  /** encoder.length numbers. */
  readonly fde: Float32Array;
  /** Of the encoder that made it. */
  readonly parameterHash: string;
}

/** Is a query with weights of its tokens. */
export interface MultiVectorQuery {
  /** |Q| × d values, row-major, or |Q| arrays of d; none finds nothing; for 'cosine' they are scaled to length 1 for you. */
  readonly tokens: Vectors;
  /** |Q| factors of the tokens' terms, finite and from 0 on; default 1. */
  readonly weights?: Numbers;
  /** What index.encodeQuery, or an encoder of the same parameters elsewhere, made of these tokens and weights. */
  readonly encoded?: EncodedQuery;
}

/** @throws TypeError, RangeError on a query of another d, with values or weights out of range */
export function checkQuery(
  query: Vectors | MultiVectorQuery,
  d: number,
  metric: TokenMetric,
  label = 'query',
): { tokens: QueryTokens; encoded: EncodedQuery | undefined } {
  const given: MultiVectorQuery = isVectors(query) ? { tokens: query } : query;
  const data = toFloat32Rows(`${label}.tokens`, given?.tokens, d);
  if (data.length % d !== 0) {
    throw new RangeError(
      `"${label}.tokens" expected a length that is a multiple of d = ${d}, got ${data.length}`,
    );
  }
  const rows = metricSet(metric, data, d, `${label}.tokens`, { isSample: true }).data;
  const n = data.length / d;
  const weights = given.weights && toFloat32(`${label}.weights`, given.weights);
  if (weights !== undefined) {
    checkLength(`${label}.weights`, weights.length, n, 'tokens');
    const bad = weights.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY));
    if (bad >= 0) {
      throw new RangeError(
        `"${label}.weights" expected finite numbers from 0, got ${weights[bad]} at ${bad}`,
      );
    }
  }
  return { tokens: { data: rows, n, d, ...(weights && { weights }) }, encoded: given.encoded };
}

function isVectors(query: Vectors | MultiVectorQuery): query is Vectors {
  return ArrayBuffer.isView(query) || Array.isArray(query);
}

/** @throws RangeError on an FDE of other parameters, another length or with NaN */
export function checkEncoded(
  encoded: EncodedQuery,
  expected: { readonly parameterHash: string; readonly length: number },
): Float32Array {
  if (encoded.parameterHash !== expected.parameterHash) {
    throw new RangeError(
      `"query.encoded" expected an FDE of parameters ${expected.parameterHash}, got one of ${encoded.parameterHash}`,
    );
  }
  const fde = toFloat32('query.encoded.fde', encoded.fde);
  checkLength('query.encoded.fde', fde.length, expected.length, 'length of an FDE');
  checkFinite('query.encoded.fde', fde);
  return fde;
}
