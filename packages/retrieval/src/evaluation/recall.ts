/** recall k@k: the share of the true first k ids that are among the first k found, averaged over queries. An id found twice counts once. */
import { checkInteger } from '@sagitta/core-wasm';
import { NO_ID } from '../search/search-result.ts';

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
  const hits = hitsAtK(found, foundWidth, truth, truthWidth, k);
  return hits.reduce((sum, of) => sum + of, 0) / (hits.length * k);
}

/** Of each query, how many of the true first k ids are among the first k found; arguments and errors of recallAtK. */
export function hitsAtK(
  found: Uint32Array,
  foundWidth: number,
  truth: Uint32Array,
  truthWidth: number,
  k: number,
): Uint32Array {
  checkInteger('k', k, 1, Math.min(foundWidth, truthWidth));
  const nq = found.length / foundWidth;
  if (nq !== truth.length / truthWidth || !Number.isInteger(nq)) {
    throw new RangeError(`"truth" expected ${nq} rows, got ${truth.length / truthWidth}`);
  }
  const hits = new Uint32Array(nq);
  for (let q = 0; q < nq; q++) {
    const wanted = new Set(truth.subarray(q * truthWidth, q * truthWidth + k));
    let own = 0;
    for (let i = 0; i < k; i++) if (wanted.delete(found[q * foundWidth + i] as number)) own++;
    hits[q] = own;
  }
  return hits;
}

/**
 * Computes the share of the first k ids of `wanted` that are among the first k of `found`; NO_ID is no id, and where
 * nothing is wanted the share is 1.
 */
export function overlapOf(found: ArrayLike<number>, wanted: ArrayLike<number>, k: number): number {
  const left = new Set<number>();
  for (let i = 0; i < Math.min(k, wanted.length); i++) left.add(wanted[i] as number);
  left.delete(NO_ID);
  const all = left.size;
  for (let i = 0; i < Math.min(k, found.length); i++) left.delete(found[i] as number);
  return all === 0 ? 1 : (all - left.size) / all;
}
