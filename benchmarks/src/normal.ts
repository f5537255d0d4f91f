import type { RandomStream } from '@sagitta/core-wasm';

/** About normal: the sum of twelve uniform numbers less six. The same on every engine. */
export function normal(random: RandomStream): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.nextUnit();
  return sum;
}
