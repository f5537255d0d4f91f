// From nothing to the first answer over 10,000 × 384 vectors at 4 bits, phase by phase. A work module; a fresh process or page.
// In bundles `import` is the evaluation of modules that were parsed with the page or the worker.
import { D, vectors } from './vectors.mjs';

/** @returns {Promise<Record<string, number>>} milliseconds by phase, in order */
export async function run(input) {
  // the file comes from a disk, a server or the worker's own bundle; what it takes to get is not ours
  const bytes = await input('flat-saq-4');
  const query = vectors(1).subarray(0, D);
  const phases = {};
  let at = performance.now();
  const lap = (name) => {
    const now = performance.now();
    phases[name] = now - at;
    at = now;
  };
  const { createCore } = await import('@sagitta/core-wasm');
  const { loadIndex } = await import('@sagitta/retrieval/ivf');
  lap('import');
  const core = createCore();
  lap('core');
  const index = loadIndex(core, bytes);
  lap('load');
  const { ids } = index.search(query, 10);
  lap('search');
  if (ids[0] !== 0) throw new Error(`the first answer is ${ids[0]}, expected vector 0`);
  return phases;
}
