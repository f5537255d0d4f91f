/** Exact neighbours in f64, the oracle of the index tests. */
import type { Metric } from '@sagitta/core-wasm';

export interface Neighbors {
  readonly ids: Uint32Array;
  /** As an index gives them: squared distances for l2, else similarities. */
  readonly scores: Float64Array;
}

export function exactScore(metric: Metric, a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  let l2 = 0;
  for (let j = 0; j < a.length; j++) {
    const [x, y] = [a[j] as number, b[j] as number];
    dot += x * y;
    aa += x * x;
    bb += y * y;
    l2 += (x - y) ** 2;
  }
  if (metric === 'l2') return l2;
  if (metric === 'ip') return dot;
  return aa > 0 && bb > 0 ? dot / Math.sqrt(aa * bb) : 0;
}

/** The k best rows, ties to the lower id. */
export function exactNeighbors(
  metric: Metric,
  rows: Float32Array,
  d: number,
  query: Float32Array,
  k: number,
): Neighbors {
  const n = rows.length / d;
  const all = Float64Array.from({ length: n }, (_, i) =>
    exactScore(metric, query, rows.subarray(i * d, (i + 1) * d)),
  );
  const sign = metric === 'l2' ? 1 : -1;
  const ids = Uint32Array.from({ length: n }, (_, i) => i)
    .sort((a, b) => sign * ((all[a] as number) - (all[b] as number)) || a - b)
    .slice(0, k);
  return { ids, scores: Float64Array.from(ids, (id) => all[id] as number) };
}

/** nq × k ids. */
export function exactTable(
  metric: Metric,
  rows: Float32Array,
  d: number,
  queries: Float32Array,
  k: number,
): Uint32Array {
  const nq = queries.length / d;
  const out = new Uint32Array(nq * k);
  for (let q = 0; q < nq; q++) {
    out.set(exactNeighbors(metric, rows, d, queries.subarray(q * d, (q + 1) * d), k).ids, q * k);
  }
  return out;
}
