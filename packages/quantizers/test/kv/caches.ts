/** Made caches: pairs of layers of a given likeness. */
import { RandomStream } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';
import type { KvLayer, KvShape } from '../../src/kv/index.ts';

/** n × d each; every 33rd pair has cosine .3, the others `cosine`, about. */
export function likePair(
  n: number,
  d: number,
  cosine: number,
  seed: number,
): readonly [Float32Array, Float32Array] {
  const first = gaussianRows(n, d, seed);
  const other = gaussianRows(n, d, seed + 1000);
  const second = other.map((value, at) => {
    const c = Math.floor(at / d) % 33 === 0 ? 0.3 : cosine;
    return c * (first[at] as number) + Math.sqrt(1 - c * c) * value;
  });
  return [first, second];
}

/** `layers` layers, each like the one before it. */
export function madeCache(layers: number, { heads, tokens, headDims }: KvShape, seed = 1): KvLayer[] {
  const n = heads * tokens;
  const random = new RandomStream(seed, 'made-cache');
  let [key, value] = [gaussianRows(n, headDims, seed), gaussianRows(n, headDims, seed + 1)];
  return Array.from({ length: layers }, (_, layer) => {
    const own = { key, value };
    const next = (from: Float32Array, s: number): Float32Array => {
      const noise = gaussianRows(n, headDims, s);
      return from.map((x, at) => 0.9 * x + 0.4 * (noise[at] as number));
    };
    [key, value] = [next(key, 100 * layer + seed), next(value, 100 * layer + 50 + random.nextBelow(2))];
    return own;
  });
}

/** Share of the energy that is lost. */
export function lost(exact: ArrayLike<number>, coded: ArrayLike<number>): number {
  let [off, energy] = [0, 0];
  for (let i = 0; i < exact.length; i++) {
    off += ((exact[i] as number) - (coded[i] as number)) ** 2;
    energy += (exact[i] as number) ** 2;
  }
  return off / energy;
}
