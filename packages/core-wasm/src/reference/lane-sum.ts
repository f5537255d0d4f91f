/** Sums as four f32 lanes make them: their order is part of what kernels of stored bytes promise. */

const { fround } = Math;

/**
 * Σ term(i), i = 0 … n - 1, of f32 terms: in `lanes` (4 or 8) partial sums, i in lane i mod lanes, eight folded to four,
 * then (l0 + l2) + (l1 + l3). Rounded after every addition.
 */
export function laneSum(n: number, lanes: 4 | 8, term: (i: number) => number): number {
  const sums = new Float32Array(lanes);
  for (let i = 0; i < n; i++) sums[i % lanes] = (sums[i % lanes] as number) + fround(term(i));
  const lane = (l: number): number =>
    lanes === 8 ? fround((sums[l] as number) + (sums[l + 4] as number)) : (sums[l] as number);
  return fround(fround(lane(0) + lane(2)) + fround(lane(1) + lane(3)));
}
