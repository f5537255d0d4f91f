/** Small sets of tokens around a few topics. */
import { RandomStream, type TokenSet, tokenSet } from '@sagitta/core-wasm';
import { clusteredRows } from '@sagitta/testing';

/** n sets of 0 to `most` tokens of d dimensions, at least one where `least` is 1. */
export function documents(n: number, d: number, most: number, least = 0): TokenSet {
  const random = new RandomStream(5, `fuzz/documents/${n}`);
  const offsets = new Uint32Array(n + 1);
  for (let i = 0; i < n; i++)
    offsets[i + 1] = (offsets[i] as number) + least + random.nextBelow(most + 1 - least);
  const data = clusteredRows(offsets[n] as number, d, { seed: 5, clusters: 8, spread: 0.4 });
  return tokenSet(data, offsets, d);
}
