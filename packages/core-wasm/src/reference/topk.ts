/**
 * Plain twins of assembly/topk.ts. The twin keeps its pairs sorted by (score, id) where the kernel keeps a heap: the
 * sets are equal after every push, the arrays are equal after topKSortF32.
 */
import { heapPush, isWorse } from './heap.ts';

/**
 * Keeps the k smallest (score, id) pairs; the id of scores[i] is ids[i], or baseId + i when ids is null. NaN is
 * skipped. heapScores and heapIds k values, size[0] how many are in use; all the caller's.
 */
export function topKPushF32(
  scores: Float32Array,
  ids: Uint32Array | null,
  n: number,
  baseId: number,
  k: number,
  heapScores: Float32Array,
  heapIds: Uint32Array,
  size: Uint32Array,
): void {
  for (let i = 0; i < n; i++) {
    const score = scores[i];
    const id = ids === null ? baseId + i : ids[i];
    if (Number.isNaN(score)) continue;
    heapPush(heapScores, heapIds, size, k, score, id);
  }
}

/** Sorts `size` pairs ascending by (score, id), in place. */
export function topKSortF32(heapScores: Float32Array, heapIds: Uint32Array, size: number): void {
  const pairs = Array.from({ length: size }, (_, i) => ({ score: heapScores[i], id: heapIds[i] }));
  pairs.sort((a, b) => (isWorse(a.score, a.id, b.score, b.id) ? 1 : -1));
  pairs.forEach((pair, i) => {
    heapScores[i] = pair.score;
    heapIds[i] = pair.id;
  });
}

/** Writes the positions i with scores[i] < threshold, ascending, and returns how many. */
export function selectBelowF32(
  scores: Float32Array,
  n: number,
  threshold: number,
  outIndices: Uint32Array,
): number {
  let count = 0;
  for (let i = 0; i < n; i++) if (scores[i] < threshold) outIndices[count++] = i;
  return count;
}
