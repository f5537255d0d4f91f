/**
 * 64 Householder reflections at a time, their vectors in 8 bits: x ← x - V·z, z = M·(Vᵀ·x), where M makes the product of
 * the 64 reflections of any V whatever (compact WY form; Golub & Van Loan, Matrix Computations, 5.1.7). So rounding V to
 * 8 bits moves the axes a little and leaves the map orthonormal.
 *
 * V is read twice a row: the first time for 64 inner products, the second, from the cache, for what they take off. Both
 * are in integers, x and z rounded to 16 bits of their largest value; the diagonal, which may be a thousand times greater,
 * is in f32. A row is off by 2e-5 of its length after each 64. What this writes ends in stored bytes: no fused operation, one order of sums.
 */
import { maxF32x4 } from './lanes';

/** Reflections of a call. */
const COUNT: usize = 64;
/** Columns whose products stay in i32: 127 · 32,767 · 1,024/4 < 2³¹ a lane. */
const RUN: usize = 1024;
/** 1.5·2²³: adding it rounds to whole numbers and leaves them as i16 in the low half of each lane. */
const ROUND: f32 = 12582912;

/**
 * In place, `width` floats at the start of each of n rows that lie `stride` floats apart; width a multiple of 16, ≥ 64.
 * vectors i8[64 × width] and diagonal f32[64]: reflection r has the vector vectors[r] + diagonal[r]·e_r, vectors[r][r] = 0.
 * mix f32[64 × 64]: row i is what inner product i adds to z. scratch: 2·width + 512 bytes.
 */
export function reflectRows(
  rows: usize,
  n: usize,
  stride: usize,
  width: usize,
  vectors: usize,
  diagonal: usize,
  mix: usize,
  scratch: usize,
): void {
  assert(width >= COUNT && (width & 15) === 0);
  const dots = scratch + (width << 1);
  const z = dots + (COUNT << 2);
  for (let i: usize = 0; i < n; i++, rows += stride << 2) {
    const unit = toIntegers(rows, width, scratch);
    if (unit === 0) continue;
    for (let r: usize = 0; r < COUNT; r += 4) {
      const at = r << 2;
      const dots_f32x4 = fourDots(scratch, vectors + r * width, width);
      const own_f32x4 = f32x4.mul(v128.load(rows + at), v128.load(diagonal + at));
      v128.store(dots + at, f32x4.add(f32x4.mul(dots_f32x4, f32x4.splat(unit)), own_f32x4));
    }
    mixed(dots, mix, z);
    const zUnit = toIntegers(z, COUNT, dots);
    if (zUnit === 0) continue;
    takeOff(rows, width, vectors, dots, f32x4.splat(zUnit));
    for (let r: usize = 0; r < COUNT << 2; r += 16) {
      const own_f32x4 = f32x4.mul(v128.load(z + r), v128.load(diagonal + r));
      v128.store(rows + r, f32x4.sub(v128.load(rows + r), own_f32x4));
    }
  }
}

/** count floats as i16, a multiple of 16; the value of 1, or 0 where all are 0 (out is not written then). */
function toIntegers(values: usize, count: usize, out: usize): f32 {
  let most_f32x4 = f32x4.splat(0);
  const end = values + (count << 2);
  for (let at = values; at < end; at += 16) {
    most_f32x4 = f32x4.pmax(most_f32x4, f32x4.abs(v128.load(at)));
  }
  const most = maxF32x4(most_f32x4);
  // what has no inverse in f32 counts as 0
  if (!(most > 1e-34)) return 0;
  const scale_f32x4 = f32x4.splat(32767 / most);
  const round_f32x4 = f32x4.splat(ROUND);
  for (let at = values; at < end; at += 32, out += 16) {
    const low_f32x4 = f32x4.add(f32x4.mul(v128.load(at), scale_f32x4), round_f32x4);
    const high_f32x4 = f32x4.add(f32x4.mul(v128.load(at, 16), scale_f32x4), round_f32x4);
    v128.store(out, v128.shuffle<u16>(low_f32x4, high_f32x4, 0, 2, 4, 6, 8, 10, 12, 14));
  }
  return most / 32767;
}

/** Inner products of x i16[width] with four rows i8[width], as f32 of whole numbers, summed in runs. */
function fourDots(x: usize, row0: usize, width: usize): v128 {
  let row1 = row0 + width;
  let row2 = row1 + width;
  let row3 = row2 + width;
  let total_f32x4 = f32x4.splat(0);
  const end = x + (width << 1);
  while (x < end) {
    const stop = min(end, x + (RUN << 1));
    let sum0 = i32x4.splat(0);
    let sum1 = i32x4.splat(0);
    let sum2 = i32x4.splat(0);
    let sum3 = i32x4.splat(0);
    for (; x < stop; x += 32, row0 += 16, row1 += 16, row2 += 16, row3 += 16) {
      const low = v128.load(x);
      const high = v128.load(x, 16);
      const v0 = v128.load(row0);
      const v1 = v128.load(row1);
      const v2 = v128.load(row2);
      const v3 = v128.load(row3);
      sum0 = i32x4.add(sum0, i32x4.dot_i16x8_s(low, i16x8.extend_low_i8x16_s(v0)));
      sum1 = i32x4.add(sum1, i32x4.dot_i16x8_s(low, i16x8.extend_low_i8x16_s(v1)));
      sum2 = i32x4.add(sum2, i32x4.dot_i16x8_s(low, i16x8.extend_low_i8x16_s(v2)));
      sum3 = i32x4.add(sum3, i32x4.dot_i16x8_s(low, i16x8.extend_low_i8x16_s(v3)));
      sum0 = i32x4.add(sum0, i32x4.dot_i16x8_s(high, i16x8.extend_high_i8x16_s(v0)));
      sum1 = i32x4.add(sum1, i32x4.dot_i16x8_s(high, i16x8.extend_high_i8x16_s(v1)));
      sum2 = i32x4.add(sum2, i32x4.dot_i16x8_s(high, i16x8.extend_high_i8x16_s(v2)));
      sum3 = i32x4.add(sum3, i32x4.dot_i16x8_s(high, i16x8.extend_high_i8x16_s(v3)));
    }
    total_f32x4 = f32x4.add(total_f32x4, sumsOfFour(sum0, sum1, sum2, sum3));
  }
  return total_f32x4;
}

/** Lane sums of four vectors of i32, each lane first as f32: ((s0 + s2) + (s1 + s3)). */
function sumsOfFour(a: v128, b: v128, c: v128, d: v128): v128 {
  const a_f32x4 = f32x4.convert_i32x4_s(a);
  const b_f32x4 = f32x4.convert_i32x4_s(b);
  const c_f32x4 = f32x4.convert_i32x4_s(c);
  const d_f32x4 = f32x4.convert_i32x4_s(d);
  const ab_f32x4 = f32x4.add(
    v128.shuffle<f32>(a_f32x4, b_f32x4, 0, 1, 4, 5),
    v128.shuffle<f32>(a_f32x4, b_f32x4, 2, 3, 6, 7),
  );
  const cd_f32x4 = f32x4.add(
    v128.shuffle<f32>(c_f32x4, d_f32x4, 0, 1, 4, 5),
    v128.shuffle<f32>(c_f32x4, d_f32x4, 2, 3, 6, 7),
  );
  return f32x4.add(
    v128.shuffle<f32>(ab_f32x4, cd_f32x4, 0, 2, 4, 6),
    v128.shuffle<f32>(ab_f32x4, cd_f32x4, 1, 3, 5, 7),
  );
}

/** z f32[64] = Σ_i dots[i]·mix[i], i ascending. */
function mixed(dots: usize, mix: usize, z: usize): void {
  for (let j: usize = 0; j < COUNT << 2; j += 64) {
    let sum0 = f32x4.splat(0);
    let sum1 = f32x4.splat(0);
    let sum2 = f32x4.splat(0);
    let sum3 = f32x4.splat(0);
    let row = mix + j;
    for (let i: usize = 0; i < COUNT << 2; i += 4, row += COUNT << 2) {
      const dot_f32x4 = v128.load32_splat(dots + i);
      sum0 = f32x4.add(sum0, f32x4.mul(dot_f32x4, v128.load(row)));
      sum1 = f32x4.add(sum1, f32x4.mul(dot_f32x4, v128.load(row, 16)));
      sum2 = f32x4.add(sum2, f32x4.mul(dot_f32x4, v128.load(row, 32)));
      sum3 = f32x4.add(sum3, f32x4.mul(dot_f32x4, v128.load(row, 48)));
    }
    v128.store(z + j, sum0);
    v128.store(z + j, sum1, 16);
    v128.store(z + j, sum2, 32);
    v128.store(z + j, sum3, 48);
  }
}

/** rows[j] -= unit·Σ_r vectors[r][j]·z[r], z i16[64], exact in i32: 64 · 127 · 32,767 < 2³¹. */
function takeOff(row: usize, width: usize, vectors: usize, z: usize, unit_f32x4: v128): void {
  for (const end = row + (width << 2); row < end; row += 64, vectors += 16) {
    let sum0 = i32x4.splat(0);
    let sum1 = i32x4.splat(0);
    let sum2 = i32x4.splat(0);
    let sum3 = i32x4.splat(0);
    let vector = vectors;
    for (let r: usize = 0; r < COUNT << 1; r += 4) {
      const even = v128.load(vector);
      const odd = v128.load(vector + width);
      vector += width << 1;
      const pair = v128.load32_splat(z + r);
      const low = v128.shuffle<u8>(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const high = v128.shuffle<u8>(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      sum0 = i32x4.add(sum0, i32x4.dot_i16x8_s(pair, i16x8.extend_low_i8x16_s(low)));
      sum1 = i32x4.add(sum1, i32x4.dot_i16x8_s(pair, i16x8.extend_high_i8x16_s(low)));
      sum2 = i32x4.add(sum2, i32x4.dot_i16x8_s(pair, i16x8.extend_low_i8x16_s(high)));
      sum3 = i32x4.add(sum3, i32x4.dot_i16x8_s(pair, i16x8.extend_high_i8x16_s(high)));
    }
    lessScaled(row, sum0, unit_f32x4);
    lessScaled(row + 16, sum1, unit_f32x4);
    lessScaled(row + 32, sum2, unit_f32x4);
    lessScaled(row + 48, sum3, unit_f32x4);
  }
}

function lessScaled(at: usize, sum: v128, unit_f32x4: v128): void {
  v128.store(at, f32x4.sub(v128.load(at), f32x4.mul(f32x4.convert_i32x4_s(sum), unit_f32x4)));
}
