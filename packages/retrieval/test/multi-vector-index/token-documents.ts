/** Seeded documents: tokens around shared topics, of unit length, some documents longer than others. */
import { normalizeRows, RandomStream, type TokenSet, tokenSet } from '@sagitta/core-wasm';
import { gaussianRows } from '@sagitta/testing';

const TOPICS = 24;

/** n sets of `least` to `most` tokens; sets of one seed share their topics whatever the stream is. */
export function tokenDocuments(
  n: number,
  d: number,
  options: { seed: number; least?: number; most?: number; stream?: string },
): TokenSet {
  const { seed, least = 1, most = 12, stream = 'documents' } = options;
  const random = new RandomStream(seed, stream);
  const topics = gaussianRows(TOPICS, d, seed);
  const offsets = new Uint32Array(n + 1);
  for (let i = 0; i < n; i++) {
    offsets[i + 1] = (offsets[i] as number) + least + random.nextBelow(most - least + 1);
  }
  const tokens = offsets[n] as number;
  const noise = gaussianRows(tokens, d, random.nextU32());
  const data = new Float32Array(tokens * d);
  for (let i = 0; i < n; i++) {
    // a document keeps to three topics
    const own = [random.nextBelow(TOPICS), random.nextBelow(TOPICS), random.nextBelow(TOPICS)];
    for (let row = offsets[i] as number; row < (offsets[i + 1] as number); row++) {
      const topic = own[random.nextBelow(3)] as number;
      for (let j = 0; j < d; j++) {
        data[row * d + j] = (topics[topic * d + j] as number) + 0.5 * (noise[row * d + j] as number);
      }
    }
  }
  return tokenSet(normalizeRows(data, d), offsets, d);
}
