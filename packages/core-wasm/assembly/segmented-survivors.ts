/** Vectors that stages of a segmented scan have left: where they are gathered, and what their scores can still become. */

/** Survivor arrays in scratch, 128 entries and 4 of padding each: position in the list, score, |o|, address | lane. */
export const SCORES: usize = 544;
export const ROOTS: usize = 1088;
export const PLACES: usize = 2560;

/** u16 with 5 exponent and 11 mantissa bits, no sign, exponent bias 15; 0 is zero. */
export function expandFour(half: v128): v128 {
  const float = i32x4.add(i32x4.shl(half, 12), i32x4.splat(112 << 23));
  return v128.and(float, i32x4.ne(half, i32x4.splat(0)));
}

/** The least each score can still become; low: slack of the low bits. */
export function boundFour(
  score: v128,
  root: v128,
  range: usize,
  base: v128,
  normWeight: v128,
  low: v128,
): v128 {
  const start = f32x4.add(f32x4.mul(f32x4.mul(root, root), normWeight), base);
  const gained = f32x4.mul(f32x4.sub(start, score), v128.load32_splat(range, 32));
  const part = f32x4.add(f32x4.mul(root, v128.load32_splat(range, 36)), gained);
  const least = f32x4.sub(score, f32x4.mul(part, v128.load32_splat(range, 28)));
  return f32x4.sub(least, f32x4.mul(root, low));
}

/** Copies of the last of m gathered vectors behind it, so that four can be read at once. */
export function padLast(scratch: usize, m: u32): void {
  const last = scratch + ((<usize>m - 1) << 2);
  for (let pad: usize = 4; pad < 16; pad += 4) {
    store<u32>(last + pad, load<u32>(last));
    store<f32>(last + pad, load<f32>(last, SCORES), SCORES);
    store<f32>(last + pad, load<f32>(last, ROOTS), ROOTS);
    store<u32>(last + pad, load<u32>(last, PLACES), PLACES);
  }
}

/** Moves those of the four gathered vectors from i on that `left` has bits of to place `kept` on; returns the place behind them. */
export function keep(scratch: usize, i: u32, left: u32, kept: u32): u32 {
  const at = scratch + ((<usize>i) << 2);
  while (left !== 0) {
    const from = at + ((<usize>ctz(left)) << 2);
    left &= left - 1;
    const to = scratch + ((<usize>kept) << 2);
    store<u32>(to, load<u32>(from));
    store<f32>(to, load<f32>(from, SCORES), SCORES);
    store<f32>(to, load<f32>(from, ROOTS), ROOTS);
    store<u32>(to, load<u32>(from, PLACES), PLACES);
    kept++;
  }
  return kept;
}
