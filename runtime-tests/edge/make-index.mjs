// An index of generated vectors, made in a stream: clusters around random centres, with noise from one table.
import { createCore } from '@sagitta/core-wasm';
import { saveIndexFile } from '@sagitta/node';
import { trainIndex } from '@sagitta/retrieval';
import { fill, integers } from '../smoke/seeded.mjs';

const CENTRES = 500;
const CHUNK = 5000;
const SAMPLE = 10_000;

/** Rows that depend on the seed alone. */
export function makeRows(d, seed) {
  const noise = new Float32Array(1 << 18);
  fill(noise, seed, 1 / 100);
  const centres = new Float32Array(CENTRES * d);
  fill(centres, seed + 1, 1 / 100);
  const next = integers(seed + 2);
  return (count) => {
    const rows = new Float32Array(count * d);
    for (let i = 0; i < count; i++) {
      const centre = (next() % CENTRES) * d;
      const at = next() % (noise.length - d);
      for (let j = 0; j < d; j++) rows[i * d + j] = centres[centre + j] + noise[at + j];
    }
    return rows;
  };
}

/** @returns {Promise<{ bytes: number, bytesPerVector: number, seconds: number }>} */
export async function makeIndex(path, { n, d, bits, nlist }) {
  const start = performance.now();
  const core = createCore();
  const next = makeRows(d, 5);
  const index = trainIndex(
    core,
    { data: next(SAMPLE), n: SAMPLE, d },
    { metric: 'cosine', bits, nlist, iterations: 4, seed: 1 },
  );
  for (let done = 0; done < n; done += CHUNK) index.add(next(Math.min(CHUNK, n - done)));
  const bytes = await saveIndexFile(path, index);
  const { bytesPerVector } = index;
  index.dispose();
  return { bytes, bytesPerVector, seconds: (performance.now() - start) / 1000 };
}
