/**
 * A bounded heap of the k best (score, id) pairs, smaller score first, ties to the lower id. The worst kept pair is
 * at index 0. Layout: scores f32[k], ids u32[k], size u32, all in the caller's memory.
 */

/** Is pair a worse (larger score, or the same score and a larger id) than pair b? */
export function isWorse(scoreA: f32, idA: u32, scoreB: f32, idB: u32): bool {
  return scoreA > scoreB || (scoreA === scoreB && idA > idB);
}

/** The score a candidate must not exceed to enter: the worst kept, or +Infinity while there is room. */
export function heapWorst(scores: usize, sizePtr: usize, k: u32): f32 {
  return load<u32>(sizePtr) < k ? Infinity : load<f32>(scores);
}

export function heapPush(scores: usize, ids: usize, sizePtr: usize, k: u32, score: f32, id: u32): void {
  const size = load<u32>(sizePtr);
  let i: u32 = 0;
  if (size < k) {
    i = size;
    store<u32>(sizePtr, size + 1);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const parentScore = load<f32>(scores + ((<usize>parent) << 2));
      const parentId = load<u32>(ids + ((<usize>parent) << 2));
      if (!isWorse(score, id, parentScore, parentId)) break;
      store<f32>(scores + ((<usize>i) << 2), parentScore);
      store<u32>(ids + ((<usize>i) << 2), parentId);
      i = parent;
    }
  } else {
    if (!isWorse(load<f32>(scores), load<u32>(ids), score, id)) return;
    while (true) {
      let child = (i << 1) + 1;
      if (child >= size) break;
      let childScore = load<f32>(scores + ((<usize>child) << 2));
      let childId = load<u32>(ids + ((<usize>child) << 2));
      if (child + 1 < size) {
        const rightScore = load<f32>(scores + ((<usize>child + 1) << 2));
        const rightId = load<u32>(ids + ((<usize>child + 1) << 2));
        if (isWorse(rightScore, rightId, childScore, childId)) {
          child += 1;
          childScore = rightScore;
          childId = rightId;
        }
      }
      if (!isWorse(childScore, childId, score, id)) break;
      store<f32>(scores + ((<usize>i) << 2), childScore);
      store<u32>(ids + ((<usize>i) << 2), childId);
      i = child;
    }
  }
  store<f32>(scores + ((<usize>i) << 2), score);
  store<u32>(ids + ((<usize>i) << 2), id);
}
