/** Case `number` of a reader: a file and what is done to it, the same for the same seed. */
import { RandomStream } from '@sagitta/core-wasm';
import { applyMutations, drawMutations, type Mutated } from '@sagitta/testing';
import type { FuzzReader, Seed } from './reader.ts';

export interface Case {
  readonly file: Seed;
  readonly mutated: Mutated;
}

export function drawCase(reader: FuzzReader, files: readonly Seed[], seed: number, number: number): Case {
  const random = new RandomStream(seed, `fuzz/${reader.name}/${number}`);
  const file = files[random.nextBelow(files.length)] as Seed;
  const words = (reader.words ?? []).map((word) => new TextEncoder().encode(word));
  return { file, mutated: drawMutations(random, file.bytes, words) };
}

export function bytesOfCase({ file, mutated }: Case): Uint8Array {
  return applyMutations(file.bytes, mutated);
}
