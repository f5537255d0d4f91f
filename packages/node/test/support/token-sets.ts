/** Token sets for tests of readers and commands. */
import { RandomStream, type TokenSet } from '@sagitta/core-wasm';
import type { TokenSetSource } from '../../src/token-sets/token-set-source.ts';

/** n sets of 0 to 6 tokens, multiples of 1/64 between -1 and 1, which every format holds exactly but int8. */
export function smallTokenSets(n: number, d: number, seed = 1): TokenSet {
  const random = new RandomStream(seed, 'token sets');
  const offsets = new Uint32Array(n + 1);
  for (let i = 0; i < n; i++) offsets[i + 1] = (offsets[i] as number) + (i === 1 ? 0 : random.nextBelow(7));
  const data = Float32Array.from(
    { length: (offsets[n] as number) * d },
    () => (random.nextBelow(129) - 64) / 64,
  );
  return { data, offsets, n, d };
}

export function setsOf({ data, offsets, n, d }: TokenSet): number[][][] {
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: (offsets[i + 1] as number) - (offsets[i] as number) }, (_, t) => {
      const at = ((offsets[i] as number) + t) * d;
      return [...data.subarray(at, at + d)];
    }),
  );
}

/** All sets of a source as nested arrays, read in small batches, and closed. */
export async function readSets(source: TokenSetSource, maximumTokens = 5): Promise<number[][][]> {
  const sets: number[][][] = [];
  try {
    for await (const { tokens, start } of source.batches(maximumTokens)) {
      if (start !== sets.length) throw new Error(`a batch begins at ${start}, not at ${sets.length}`);
      if (tokens.n > 1 && tokens.data.length > maximumTokens * tokens.d)
        throw new Error('a batch is too large');
      sets.push(...setsOf(tokens));
    }
    return sets;
  } finally {
    await source.close();
  }
}
