/**
 * Helpers on v128 lanes shared by the kernels: multiply-add, lane sums, masked tail loads.
 *
 * None is decorated: at -O3 Binaryen inlines them, so no call is left in a loop (the build checks that).
 * `madd` is the only place where the two builds differ. It rounds once (fused) or twice according to the engine in the
 * relaxed build, so it belongs to search kernels only; whatever ends in stored bytes uses `maddExact`.
 */

/** a·b + c in each f32 lane; one rounding or two, as the engine likes, in the relaxed build. Search kernels only. */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** a·b + c in each f32 lane, rounded after the product and after the sum: the same bits on every engine. */
export function maddExact(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

/** (v0 + v2) + (v1 + v3) of four f32 lanes. */
export function sumF32x4(v: v128): f32 {
  const halves_f32x4 = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(halves_f32x4, 0) + f32x4.extract_lane(halves_f32x4, 1);
}

/** Sums of four vectors at once: lane i of the result is the (v0 + v2) + (v1 + v3) of the i-th argument. */
export function sumFourF32x4(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab_f32x4 = f32x4.add(v128.shuffle<f32>(a, b, 0, 1, 4, 5), v128.shuffle<f32>(a, b, 2, 3, 6, 7));
  const cd_f32x4 = f32x4.add(v128.shuffle<f32>(c, d, 0, 1, 4, 5), v128.shuffle<f32>(c, d, 2, 3, 6, 7));
  return f32x4.add(
    v128.shuffle<f32>(ab_f32x4, cd_f32x4, 0, 2, 4, 6),
    v128.shuffle<f32>(ab_f32x4, cd_f32x4, 1, 3, 5, 7),
  );
}

/** Sum of four i32 lanes (modulo 2^32). */
export function sumI32x4(v: v128): i32 {
  const halves_i32x4 = i32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return i32x4.extract_lane(halves_i32x4, 0) + i32x4.extract_lane(halves_i32x4, 1);
}

/**
 * The last `count` floats of a row (1, 2 or 3), other lanes zero. Reads exactly 4·count bytes, so it never leaves the
 * row: rows end where memory ends, now and then.
 */
export function loadTailF32(ptr: usize, count: usize): v128 {
  if (count === 1) return v128.load32_zero(ptr);
  const pair_f32x4 = v128.load64_zero(ptr);
  if (count === 2) return pair_f32x4;
  return v128.load_lane<f32>(ptr + 8, pair_f32x4, 2);
}

/** Adding it to whole numbers from 0 to 2²³ leaves them in the low bits of each lane. */
const WHOLE: f32 = 8388608;

/** u16 of eight whole numbers, 0 … 65,535, that are f32. */
export function wholeU16(low_f32x4: v128, high_f32x4: v128): v128 {
  const whole_f32x4 = f32x4.splat(WHOLE);
  return v128.shuffle<u16>(
    f32x4.add(low_f32x4, whole_f32x4),
    f32x4.add(high_f32x4, whole_f32x4),
    0,
    2,
    4,
    6,
    8,
    10,
    12,
    14,
  );
}

/** The greatest of four lanes without NaN. */
export function maxF32x4(v: v128): f32 {
  const halves_f32x4 = f32x4.pmax(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return max(f32x4.extract_lane(halves_f32x4, 0), f32x4.extract_lane(halves_f32x4, 1));
}
