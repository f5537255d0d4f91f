/** Token sets for tests of multi-vector indexes. */
import { RandomStream, type TokenSet } from '@sagitta/core-wasm';

/** Unit tokens around one of 30 topics a set. */
export function topicSets(n: number, name: string, d: number): TokenSet {
  const random = new RandomStream(1, name);
  const topics = new RandomStream(1, 'topics');
  const centers = Float32Array.from({ length: 30 * d }, () => topics.nextUnit() - 0.5);
  const offsets = Uint32Array.from({ length: n + 1 }, (_, i) => 5 * i);
  const data = new Float32Array(5 * n * d);
  for (let row = 0; row < 5 * n; row++) {
    const topic = Math.floor(row / 5) % 30;
    let energy = 0;
    for (let j = 0; j < d; j++) {
      const value = (centers[topic * d + j] as number) + 0.6 * (random.nextUnit() - 0.5);
      data[row * d + j] = value;
      energy += value * value;
    }
    for (let j = 0; j < d; j++) data[row * d + j] = (data[row * d + j] as number) / Math.sqrt(energy);
  }
  return { data, offsets, n, d };
}
