// The index files that every runtime searches, built once in one Node.
import { buildFlat, buildGraph, buildIvf, saveIndex } from '@sagitta/retrieval';
import { D, N, vectors } from './vectors.mjs';

const BUILDERS = {
  'flat-saq-4': (core, rows) => buildFlat(core, rows, D, { metric: 'cosine', bits: 4, seed: 1 }),
  'ivf-saq-2': (core, rows) => buildIvf(core, rows, D, { metric: 'l2', nlist: 100, bits: 2, seed: 1 }),
  'flat-rabitq-1': (core, rows) =>
    buildFlat(core, rows, D, { metric: 'cosine', quantizer: 'rabitq', bits: 1, seed: 1 }),
  'graph-saq-4': (core, rows) => buildGraph(core, rows, D, { metric: 'cosine', bits: 4, seed: 1 }),
  'flat-float32': (core, rows) => buildFlat(core, rows, D, { metric: 'cosine', quantizer: 'float32' }),
};

/** Names of the files, for pages that fetch them. */
export const INPUT_NAMES = Object.keys(BUILDERS);

/** @returns {Generator<{ name: string, bytes: Uint8Array }>} */
export function* buildInputs(core) {
  const rows = vectors(N);
  for (const [name, build] of Object.entries(BUILDERS)) {
    const index = build(core, rows);
    yield { name, bytes: saveIndex(index) };
    index.dispose();
  }
}
