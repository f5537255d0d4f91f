/** recall k@k: the share of the true first k ids that are among the first k found, averaged over queries. An id found twice counts once. */
import { checkInteger } from '@sagitta/core-wasm';

/**
 * found — nq rows of foundWidth ids; truth — nq rows of truthWidth ids, best first; only the first k of each count.
 * @throws RangeError if a width is below k or the row counts differ
 */
export function recallAtK(
  found: Uint32Array,
  foundWidth: number,
  truth: Uint32Array,
  truthWidth: number,
  k: number,
): number {
  checkInteger('k', k, 1, Math.min(foundWidth, truthWidth));
  const nq = found.length / foundWidth;
  if (nq !== truth.length / truthWidth || !Number.isInteger(nq)) {
    throw new RangeError(`"truth" expected ${nq} rows, got ${truth.length / truthWidth}`);
  }
  let hits = 0;
  for (let q = 0; q < nq; q++) {
    const wanted = new Set(truth.subarray(q * truthWidth, q * truthWidth + k));
    for (let i = 0; i < k; i++) if (wanted.delete(found[q * foundWidth + i] as number)) hits++;
  }
  return hits / (nq * k);
}
