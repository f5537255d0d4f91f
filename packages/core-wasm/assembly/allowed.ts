/**
 * Bit sets over ids, bit id mod 32 of word ⌊id / 32⌋, asked for blocks of 32 vectors: which of them may be found.
 */

/** Is the bit of an id set? */
export function isAllowed(allowed: usize, id: u32): bool {
  return ((load<u32>(allowed + ((<usize>(id >> 5)) << 2)) >> (id & 31)) & 1) !== 0;
}

/**
 * Of `lanes`, a bit for each of the block's vectors, those whose id is allowed. ids u32[32] ascend, as far as lanes go;
 * where 32 of them follow one another from a multiple of 32 on, their word is the answer.
 */
export function allowedLanes(lanes: u32, ids: usize, allowed: usize): u32 {
  if (lanes === 0xffffffff) {
    const first = load<u32>(ids);
    if ((first & 31) === 0 && load<u32>(ids, 124) - first === 31) {
      return load<u32>(allowed + ((<usize>(first >> 5)) << 2));
    }
  }
  let out: u32 = 0;
  for (let rest = lanes; rest !== 0; rest &= rest - 1) {
    const lane = ctz(rest);
    out |= (<u32>isAllowed(allowed, load<u32>(ids + ((<usize>lane) << 2)))) << lane;
  }
  return out;
}

/**
 * The masks u32[⌈n/32⌉] of n vectors, a word for each block of 32, and how many of them are allowed. ids u32[n], ascending
 * inside a block.
 */
export function allowedMasks(ids: usize, n: u32, allowed: usize, masks: usize): u32 {
  let count: u32 = 0;
  for (let first: u32 = 0; first < n; first += 32) {
    const lanes: u32 = n - first < 32 ? (1 << (n - first)) - 1 : 0xffffffff;
    const mask = allowedLanes(lanes, ids + ((<usize>first) << 2), allowed);
    store<u32>(masks + ((<usize>(first >> 5)) << 2), mask);
    count += <u32>popcnt(mask);
  }
  return count;
}

/** scores f32[n] become NaN, which no heap keeps, where the bit of masks u32[⌈n/32⌉] is not set. */
export function maskScores(scores: usize, n: u32, masks: usize): void {
  for (let first: u32 = 0; first < n; first += 32) {
    let mask = ~load<u32>(masks + ((<usize>(first >> 5)) << 2));
    if (n - first < 32) mask &= (1 << (n - first)) - 1;
    for (; mask !== 0; mask &= mask - 1) {
      store<f32>(scores + ((<usize>(first + <u32>ctz(mask))) << 2), NaN);
    }
  }
}
