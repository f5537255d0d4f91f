/** Token sets of random lengths, every encoding of a store, and what scores are compared with. */
import { ByteReader, type Core, type TokenSet, tokenSet } from '@sagitta/core-wasm';
import { bytesOfPieces, gaussianRows } from '@sagitta/testing';
import {
  createTokenStore,
  type QueryTokens,
  queryTokens,
  readTokenStore,
  type TokenStore,
  type TokenStoreOptions,
} from '../../src/maxsim/index.ts';

/** Lengths with none, one, and both sides of the kernels' tiles. */
export const LENGTHS: readonly number[] = [5, 0, 1, 16, 3, 17, 4, 33, 0, 8, 15, 2];

export function documentsOf(lengths: readonly number[], d: number, seed: number): TokenSet {
  const offsets = new Uint32Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) offsets[i + 1] = offsets[i] + length;
  return tokenSet(gaussianRows(offsets[lengths.length], d, seed), offsets, d);
}

export function queryOf(n: number, d: number, seed: number, isWeighted = false): QueryTokens {
  const weights = isWeighted ? Float32Array.from({ length: n }, (_, a) => 0.5 * (a % 4)) : undefined;
  return queryTokens(gaussianRows(n, d, seed), d, weights);
}

export type Encoded = Pick<TokenStoreOptions, 'encoding' | 'bits' | 'mode'>;

export const ENCODED: readonly Encoded[] = [
  { encoding: 'float32' },
  { encoding: 'float16' },
  { encoding: 'int8' },
  ...[2, 3, 4, 5, 6, 7, 8].map((bits) => ({ encoding: 'saq' as const, bits })),
  ...[1, 2, 4, 8].map((bits) => ({ encoding: 'rabitq' as const, bits })),
  { encoding: 'rabitq', bits: 3, mode: 'optimal' },
  { encoding: 'bit1' },
];

export function nameOf({ encoding, bits, mode }: Encoded): string {
  return [encoding, bits, mode].filter((part) => part !== undefined).join(' ');
}

/** What the store stands for, as a token set. */
export function decoded(store: TokenStore): TokenSet {
  const parts = Array.from({ length: store.n }, (_, slot) => store.decode(slot));
  const offsets = new Uint32Array(store.n + 1);
  for (const [i, part] of parts.entries()) offsets[i + 1] = offsets[i] + part.length / store.d;
  const data = new Float32Array(offsets[store.n] * store.d);
  for (const [i, part] of parts.entries()) data.set(part, offsets[i] * store.d);
  return tokenSet(data, offsets, store.d);
}

export function allSlots(store: TokenStore): Uint32Array {
  return Uint32Array.from({ length: store.n }, (_, slot) => slot);
}

export function reread(core: Core, store: TokenStore): TokenStore {
  return readTokenStore(core, new ByteReader(store.parameters().slice()), bytesOfPieces(store.codePieces()));
}

export function storeOf(
  core: Core,
  encoded: Encoded,
  documents: TokenSet,
  metric: 'ip' | 'cosine' = 'ip',
): TokenStore {
  const store = createTokenStore(core, { ...encoded, d: documents.d, metric, seed: 7 });
  store.append(documents);
  return store;
}
