/**
 * Plain twins of assembly/heap.ts. The twin keeps its pairs sorted by (score, id), worst last, where the kernel keeps a
 * heap, worst first: the sets are equal after every push.
 */

/** Is pair a worse (larger score, or the same score and a larger id) than pair b? */
export function isWorse(scoreA: number, idA: number, scoreB: number, idB: number): boolean {
  return scoreA > scoreB || (scoreA === scoreB && idA > idB);
}

/** The score a candidate must not exceed to enter: the worst of `size` kept pairs, or Infinity while there is room. */
export function heapWorst(scores: Float32Array, size: number, k: number): number {
  return size < k ? Number.POSITIVE_INFINITY : scores[k - 1];
}

/** Keeps the k ≥ 1 best pairs: scores and ids k values, size[0] how many are in use; all the caller's. */
export function heapPush(
  scores: Float32Array,
  ids: Uint32Array,
  size: Uint32Array,
  k: number,
  score: number,
  id: number,
): void {
  let place = size[0];
  while (place > 0 && isWorse(scores[place - 1], ids[place - 1], score, id)) place--;
  if (place === k) return;
  if (size[0] < k) size[0]++;
  scores.copyWithin(place + 1, place, size[0] - 1);
  ids.copyWithin(place + 1, place, size[0] - 1);
  scores[place] = score;
  ids[place] = id;
}
