/** MaxSim in f64, the oracle of the multi-vector-index tests. */
import type { TokenSet } from '@sagitta/core-wasm';

/** Σ weight · max <q, p>; -Infinity for a document without tokens. */
export function chamfer(
  query: Float32Array,
  document: Float32Array,
  d: number,
  weights?: Float32Array,
): number {
  if (document.length === 0) return Number.NEGATIVE_INFINITY;
  let total = 0;
  for (let q = 0; q < query.length; q += d) {
    let best = Number.NEGATIVE_INFINITY;
    for (let p = 0; p < document.length; p += d) {
      let dot = 0;
      for (let j = 0; j < d; j++) dot += (query[q + j] as number) * (document[p + j] as number);
      best = Math.max(best, dot);
    }
    total += (weights?.[q / d] ?? 1) * best;
  }
  return total;
}

/** Tokens of set i, a view. */
export function rowsOf({ data, offsets, d }: TokenSet, i: number): Float32Array {
  return data.subarray((offsets[i] as number) * d, (offsets[i + 1] as number) * d);
}
