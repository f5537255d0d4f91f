/** What errors of a cache mean for attention: softmax(Q·K̃ᵀ/√d)·Ṽ against softmax(Q·Kᵀ/√d)·V. For reports: nothing of it is stored. */
import { checkFinite } from '@sagitta/core-wasm';
import type { KvShape } from './shape.ts';

/** Keys and values as rows of float32. */
export interface KvRows {
  readonly key: Float32Array;
  readonly value: Float32Array;
}

/** @throws TypeError, RangeError on what are no queries of a layer */
export function checkQueries(
  label: string,
  queries: Float32Array,
  { heads, headDims }: KvShape,
): Float32Array {
  if (!(queries instanceof Float32Array)) {
    throw new TypeError(`"${label}" expected a Float32Array, got ${typeof queries}`);
  }
  const count = queries.length / headDims;
  if (count === 0 || !Number.isInteger(count / heads)) {
    throw new RangeError(
      `"${label}" expected a multiple of heads*headDims = ${heads * headDims} numbers, got ${queries.length}`,
    );
  }
  checkFinite(label, queries, headDims);
  return queries;
}

/**
 * Share of the energy of attention's output that is lost. Every query sees all tokens, as one that comes after the cache does. A
 * rotation of queries, keys and values changes nothing of it.
 * queries — query heads × m × headDims; query heads are a multiple of the heads, which share them in order. scale — 1/√d.
 */
export function attentionError(
  queries: Float32Array,
  exact: KvRows,
  coded: KvRows,
  { heads, tokens, headDims }: KvShape,
  scale: number,
): number {
  const count = queries.length / headDims;
  let [lost, energy] = [0, 0];
  for (let q = 0; q < count; q++) {
    const head = Math.floor((q * heads) / count);
    const query = queries.subarray(q * headDims, (q + 1) * headDims);
    const [a, b] = [exact, coded].map((rows) =>
      output(query, rows, head * tokens, tokens, headDims, scale),
    ) as [Float64Array, Float64Array];
    for (let j = 0; j < headDims; j++) {
      lost += ((a[j] as number) - (b[j] as number)) ** 2;
      energy += (a[j] as number) ** 2;
    }
  }
  return energy > 0 ? lost / energy : 0;
}

function output(
  query: Float32Array,
  { key, value }: KvRows,
  first: number,
  tokens: number,
  d: number,
  scale: number,
): Float64Array {
  const scores = new Float64Array(tokens);
  for (let i = 0; i < tokens; i++) {
    let product = 0;
    for (let j = 0; j < d; j++) product += (query[j] as number) * (key[(first + i) * d + j] as number);
    scores[i] = product * scale;
  }
  const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const out = new Float64Array(d);
  let sum = 0;
  for (let i = 0; i < tokens; i++) {
    const weight = exponential((scores[i] as number) - most);
    sum += weight;
    for (let j = 0; j < d; j++) out[j] = (out[j] as number) + weight * (value[(first + i) * d + j] as number);
  }
  return out.map((x) => x / sum);
}

/** Halvings of an exponent, and terms of the series of what is left, below 1/16 of one of -64. */
const HALVINGS = 10;
const TERMS = 10;
/** Below it nothing is left of a weight beside 1. */
const LEAST = -64;

/** e^x of x ≤ 0, to 1e-12: by + × ÷ alone, so that reports are the same on every engine too. */
function exponential(x: number): number {
  if (!(x > LEAST)) return 0;
  const y = x / 2 ** HALVINGS;
  let sum = 1;
  for (let i = TERMS; i > 0; i--) sum = 1 + (y * sum) / i;
  for (let i = 0; i < HALVINGS; i++) sum *= sum;
  return sum;
}
