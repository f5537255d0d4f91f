/** A sample cut in two: what is searched for, and what is searched. */
import { RandomStream, type VectorSet } from '@sagitta/core-wasm';
import { gatherRows, sampleIndices } from '@sagitta/quantizers/training';

/** held — vectors of the sample, drawn with the seed, that become queries. */
export function holdOut(
  sample: VectorSet,
  held: number,
  seed: number,
  stream: string,
): { base: VectorSet; queries: VectorSet } {
  const rows = sampleIndices(sample.n, held, new RandomStream(seed, stream));
  const isHeld = new Uint8Array(sample.n);
  for (const row of rows) isHeld[row] = 1;
  const rest = Uint32Array.from({ length: sample.n }, (_, i) => i).filter((row) => isHeld[row] === 0);
  return { base: gatherRows(sample, rest), queries: gatherRows(sample, rows) };
}
