/** The nearest neighbours of every vector of an index among the others: what maps and clusterings begin with. */
import { checkInteger } from '@sagitta/core-wasm';
import { paddedBatch } from '../search/batch.ts';
import { type BatchSearchResult, MAX_K } from '../search/search-result.ts';
import type { IvfIndex } from './ivf-index.ts';
import type { SearchOptions } from './search-options.ts';

/** Vectors that are taken from their codes at once. */
const RUN = 1024;

/**
 * Finds the k nearest others of every vector, row after row: those of its own vector, as kept or as its code says, by the
 * index's estimates (exact where a rerank asks for it). Fastest in a graph, where each row costs one search.
 * @param index - any index of rows
 * @param options - as IvfIndex.search takes them: ef, nprobe, rerank
 * @throws RangeError on k or options that are wrong
 * @example
 * const { ids, scores } = knnGraph(index, 15); // ids[15 * row] is the nearest of row
 */
export function knnGraph(
  index: IvfIndex,
  k: number,
  options: Omit<SearchOptions, 'statistics'> = {},
): BatchSearchResult {
  checkInteger('k', k, 1, MAX_K - 1);
  const { n, d } = index;
  const batch = paddedBatch(index.metric, n, k);
  for (let first = 0; first < n; first += RUN) {
    const rows = Uint32Array.from({ length: Math.min(RUN, n - first) }, (_, i) => first + i);
    const vectors = index.vectors(rows);
    for (const [i, row] of rows.entries()) {
      const found = index.search(vectors.subarray(i * d, (i + 1) * d), k + 1, options);
      // among many copies it may not find itself
      let at = row * k;
      for (const [j, id] of found.ids.entries()) {
        if (id === row || at === (row + 1) * k) continue;
        batch.ids[at] = id;
        batch.scores[at++] = found.scores[j] as number;
      }
    }
  }
  return batch;
}
