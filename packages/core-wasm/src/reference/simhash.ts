/** Plain twins of assembly/simhash.ts, exact. */

/** Patterns of the first k values of each of n rows `stride` values apart; value 0 is the top bit. */
export function simhashRows(
  dots: Float32Array,
  n: number,
  stride: number,
  k: number,
  out: Uint16Array,
): void {
  for (let i = 0; i < n; i++) {
    let pattern = 0;
    for (let j = 0; j < k; j++) pattern = 2 * pattern + (dots[i * stride + j] > 0 ? 1 : 0);
    out[i] = pattern;
  }
}

/**
 * sources n × 2^k: the lowest token of each pattern or 0xffffffff → the lowest token among those whose patterns differ in
 * the fewest bits, by comparing every pattern with every occupied one.
 */
export function fillCubeRows(sources: Uint32Array, n: number, k: number): void {
  const count = 1 << k;
  for (let i = 0; i < n; i++) {
    const occupied = sources.slice(i * count, (i + 1) * count);
    for (let cell = 0; cell < count; cell++) {
      let best = 0xffffffff;
      let fewest = Infinity;
      for (let other = 0; other < count; other++) {
        if (occupied[other] === 0xffffffff) continue;
        const differing = bitCount(cell ^ other);
        if (differing > fewest) continue;
        best = differing < fewest ? occupied[other] : Math.min(best, occupied[other]);
        fewest = differing;
      }
      sources[i * count + cell] = best;
    }
  }
}

function bitCount(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}
