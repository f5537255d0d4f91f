/**
 * Selection over arrays of scores, smaller is better.
 *
 * The k best pairs (score, id) live in the bounded heap of heap.ts, in the caller's memory: scores f32[k], ids u32[k],
 * size u32. Pairs are ordered by score, then by id, a total order when ids differ, so the kept set does not depend on
 * the order of the pushes or on how they are cut into calls. NaN scores are never kept.
 */
import { heapPush, heapWorst, isWorse } from './heap';

/**
 * Pushes n scores; the id of scores[i] is ids[i], or baseId + i when ids = 0.
 * scores f32[n], ids u32[n] or 0, heapScores f32[k], heapIds u32[k], sizePtr u32[1] (0 ≤ size ≤ k, zeroed before the
 * first call). Sixteen scores at a time are compared with the worst kept one: in a long scan nearly all stop there.
 */
export function topKPushF32(
  scores: usize,
  ids: usize,
  n: usize,
  baseId: u32,
  k: u32,
  heapScores: usize,
  heapIds: usize,
  sizePtr: usize,
): void {
  if (k === 0) return;
  assert(load<u32>(sizePtr) <= k);
  const end16 = n & ~15;
  let i: usize = 0;
  while (i < end16) {
    const ptr = scores + (i << 2);
    const worst_f32x4 = f32x4.splat(heapWorst(heapScores, sizePtr, k));
    const first = v128.or(f32x4.le(v128.load(ptr), worst_f32x4), f32x4.le(v128.load(ptr, 16), worst_f32x4));
    const second = v128.or(
      f32x4.le(v128.load(ptr, 32), worst_f32x4),
      f32x4.le(v128.load(ptr, 48), worst_f32x4),
    );
    if (v128.any_true(v128.or(first, second))) {
      pushRange(scores, ids, i, i + 16, baseId, k, heapScores, heapIds, sizePtr);
    }
    i += 16;
  }
  pushRange(scores, ids, i, n, baseId, k, heapScores, heapIds, sizePtr);
}

function pushRange(
  scores: usize,
  ids: usize,
  start: usize,
  stop: usize,
  baseId: u32,
  k: u32,
  heapScores: usize,
  heapIds: usize,
  sizePtr: usize,
): void {
  for (let i = start; i < stop; i++) {
    const score = load<f32>(scores + (i << 2));
    // False for NaN as well.
    if (score <= heapWorst(heapScores, sizePtr, k)) {
      const id = ids ? load<u32>(ids + (i << 2)) : baseId + <u32>i;
      heapPush(heapScores, heapIds, sizePtr, k, score, id);
    }
  }
}

/** Sorts a heap of `size` pairs in place, ascending by (score, id). What is left is an array, no longer a heap. */
export function topKSortF32(heapScores: usize, heapIds: usize, size: usize): void {
  for (let last = size; last > 1; ) {
    last--;
    // The worst pair goes behind the heap; the pair it displaces sinks from the root.
    const score = load<f32>(heapScores + (last << 2));
    const id = load<u32>(heapIds + (last << 2));
    store<f32>(heapScores + (last << 2), load<f32>(heapScores));
    store<u32>(heapIds + (last << 2), load<u32>(heapIds));
    let i: usize = 0;
    while (true) {
      let child = (i << 1) + 1;
      if (child >= last) break;
      let childScore = load<f32>(heapScores + (child << 2));
      let childId = load<u32>(heapIds + (child << 2));
      if (child + 1 < last) {
        const rightScore = load<f32>(heapScores + ((child + 1) << 2));
        const rightId = load<u32>(heapIds + ((child + 1) << 2));
        if (isWorse(rightScore, rightId, childScore, childId)) {
          child++;
          childScore = rightScore;
          childId = rightId;
        }
      }
      if (!isWorse(childScore, childId, score, id)) break;
      store<f32>(heapScores + (i << 2), childScore);
      store<u32>(heapIds + (i << 2), childId);
      i = child;
    }
    store<f32>(heapScores + (i << 2), score);
    store<u32>(heapIds + (i << 2), id);
  }
}

/**
 * Writes the positions i with scores[i] < threshold, ascending, and returns how many.
 * scores f32[n], outIndices u32[n] (only the first `count` are written). NaN is below nothing.
 */
export function selectBelowF32(scores: usize, n: usize, threshold: f32, outIndices: usize): u32 {
  const threshold_f32x4 = f32x4.splat(threshold);
  const end16 = n & ~15;
  let outPtr = outIndices;
  let i: usize = 0;
  for (; i < end16; i += 16) {
    const ptr = scores + (i << 2);
    // Comparisons are 0 or −1 in each lane, which narrowing keeps: sixteen answers in one mask.
    const first_i16x8 = i16x8.narrow_i32x4_s(
      f32x4.lt(v128.load(ptr), threshold_f32x4),
      f32x4.lt(v128.load(ptr, 16), threshold_f32x4),
    );
    const second_i16x8 = i16x8.narrow_i32x4_s(
      f32x4.lt(v128.load(ptr, 32), threshold_f32x4),
      f32x4.lt(v128.load(ptr, 48), threshold_f32x4),
    );
    let mask = i8x16.bitmask(i8x16.narrow_i16x8_s(first_i16x8, second_i16x8));
    while (mask) {
      store<u32>(outPtr, <u32>i + ctz<u32>(<u32>mask));
      outPtr += 4;
      mask &= mask - 1;
    }
  }
  for (; i < n; i++) {
    if (load<f32>(scores + (i << 2)) < threshold) {
      store<u32>(outPtr, <u32>i);
      outPtr += 4;
    }
  }
  return <u32>((outPtr - outIndices) >> 2);
}
