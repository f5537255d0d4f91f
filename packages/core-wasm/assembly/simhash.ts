/**
 * Sign patterns of projections: the space partition of MUVERA (arXiv 2405.19504, section 2), one number a token.
 *
 * Bit j of a pattern is 1 where the j-th projection is above 0, strictly: exactly 0 gives 0. Projection 0 is the most
 * significant bit. Patterns end in stored bytes; comparisons are exact, and what is compared comes from matmulF32, whose
 * sums have a fixed order.
 */

/** out u16[n]: patterns of the first k (≤ 16) of each row of dots, f32, rows `stride` floats apart. */
export function simhashRows(dots: usize, n: usize, stride: usize, k: usize, out: usize): void {
  assert(k <= 16);
  for (let i: usize = 0; i < n; i++) {
    const row = dots + ((i * stride) << 2);
    let pattern: u32 = 0;
    for (let j: usize = 0; j < k; j++) {
      pattern = (pattern << 1) | (load<f32>(row + (j << 2)) > 0 ? 1 : 0);
    }
    store<u16>(out + (i << 1), <u16>pattern);
  }
}

/**
 * Nearest occupied cells of the k-cube by breadth-first search: sources u32[n × 2^k] holds, for each of n documents and
 * each pattern, the lowest token with that pattern or 0xffffffff; afterwards every pattern of a document with tokens
 * holds the lowest token among those whose patterns differ from it in the fewest bits. scratch u32[2^k].
 *
 * A pattern at distance h from its nearest tokens has them all among the nearest tokens of its neighbours at distance
 * h - 1, and no others there: one step on the way to such a token leaves h - 1 to go, and no token is nearer to that
 * neighbour. So the least over the neighbours is exact. At most k rounds of k·2^k steps a document.
 */
export function fillCubeRows(sources: usize, n: usize, k: u32, scratch: usize): void {
  assert(k <= 16);
  const count: u32 = 1 << k;
  for (let i: usize = 0; i < n; i++) {
    for (let round: u32 = 0; round < k; round++) {
      let open: u32 = 0;
      let found: u32 = 0;
      for (let cell: u32 = 0; cell < count; cell++) {
        let source = load<u32>(sources + ((<usize>cell) << 2));
        if (source === 0xffffffff) {
          open++;
          for (let bit: u32 = 0; bit < k; bit++) {
            source = min(source, load<u32>(sources + ((<usize>(cell ^ (1 << bit))) << 2)));
          }
          if (source !== 0xffffffff) found++;
        }
        store<u32>(scratch + ((<usize>cell) << 2), source);
      }
      if (found === 0) break;
      memory.copy(sources, scratch, (<usize>count) << 2);
      if (found === open) break;
    }
    sources += (<usize>count) << 2;
  }
}
