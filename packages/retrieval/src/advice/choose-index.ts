/**
 * Flat or lists, from the number of vectors and their dimensions: by what a query costs, in units of reading one coded
 * value. Constants are fits to measured queries (docs/choosing.md).
 */
import { checkInteger, MAX_DIMENSION } from '@sagitta/core-wasm';

export interface IndexChoice {
  readonly index: 'flat' | 'ivf';
  /** Lists; 1 for 'flat'. */
  readonly nlist: number;
  /** Lists to visit a query. */
  readonly nprobe: number;
}

/** Below this many vectors lists lose more recall than they save time. */
const LEAST_FOR_LISTS = 10_000;

/** Chooses for n vectors of d dimensions. @throws RangeError on numbers out of range */
export function chooseIndex(n: number, d: number): IndexChoice {
  checkInteger('n', n, 0, 2 ** 32 - 1);
  checkInteger('d', d, 1, MAX_DIMENSION);
  if (n < LEAST_FOR_LISTS) return { index: 'flat', nlist: 1, nprobe: 1 };
  const nlist = Math.round(Math.sqrt(n));
  return { index: 'ivf', nlist, nprobe: Math.min(nlist, 16) };
}
