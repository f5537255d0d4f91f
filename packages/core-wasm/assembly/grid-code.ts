/**
 * Rows of floats to integers on uniform grids, and the sums that factors need. What comes out ends in stored bytes:
 * products and sums round one after the other, in a fixed order, on every engine.
 */

/** Least and greatest of the first `used` values of each row: out f32[2n]. used ≥ 1. */
export function rangeRows(rows: usize, n: usize, stride: usize, used: usize, out: usize): void {
  for (let i: usize = 0; i < n; i++) {
    const row = rows + i * (stride << 2);
    let least_f32x4 = f32x4.splat(load<f32>(row));
    let most_f32x4 = least_f32x4;
    let j: usize = 0;
    for (; j + 4 <= used; j += 4) {
      const values = v128.load(row + (j << 2));
      least_f32x4 = f32x4.min(least_f32x4, values);
      most_f32x4 = f32x4.max(most_f32x4, values);
    }
    let least = min(
      min(f32x4.extract_lane(least_f32x4, 0), f32x4.extract_lane(least_f32x4, 1)),
      min(f32x4.extract_lane(least_f32x4, 2), f32x4.extract_lane(least_f32x4, 3)),
    );
    let most = max(
      max(f32x4.extract_lane(most_f32x4, 0), f32x4.extract_lane(most_f32x4, 1)),
      max(f32x4.extract_lane(most_f32x4, 2), f32x4.extract_lane(most_f32x4, 3)),
    );
    for (; j < used; j++) {
      least = min(least, load<f32>(row + (j << 2)));
      most = max(most, load<f32>(row + (j << 2)));
    }
    store<f32>(out + (i << 3), least);
    store<f32>(out + (i << 3), most, 4);
  }
}

/**
 * out u16[n × stride]: min(top, ⌊max(0, (x - start_i)·inverse_i + ½)⌋) for the first `used` values of each row, 0 behind
 * them. starts and inverses f32[n]; stride a multiple of 4.
 */
export function gridCodeRows(
  rows: usize,
  n: usize,
  stride: usize,
  used: usize,
  starts: usize,
  inverses: usize,
  top: u32,
  out: usize,
): void {
  const top_i32x4 = i32x4.splat(top);
  const half_f32x4 = f32x4.splat(0.5);
  for (let i: usize = 0; i < n; i++) {
    const start_f32x4 = v128.load_splat<f32>(starts + (i << 2));
    const inverse_f32x4 = v128.load_splat<f32>(inverses + (i << 2));
    for (let j: usize = 0; j < stride; j += 4) {
      const shifted = f32x4.sub(v128.load(rows), start_f32x4);
      const place = f32x4.add(f32x4.mul(shifted, inverse_f32x4), half_f32x4);
      let codes = i32x4.min_u(i32x4.trunc_sat_f32x4_u(place), top_i32x4);
      if (j + 4 > used) codes = firstLanes(codes, used > j ? used - j : 0);
      v128.store64_lane(out, i16x8.narrow_i32x4_u(codes, codes), 0);
      rows += 16;
      out += 8;
    }
  }
}

/** The first `count` lanes, others 0. */
function firstLanes(v: v128, count: usize): v128 {
  return v128.and(v, i32x4.lt_u(i32x4(0, 1, 2, 3), i32x4.splat(<u32>count)));
}

/**
 * Magnitudes on a half-integer grid with the sign above: u = min(half - 1, ⌊scale_i·|x|⌋), out u16[n × d] is half + u where
 * x > 0 and half - 1 - u elsewhere; sums f32[2n]: Σ (u + ½)·|x| and Σ (u + ½)². d a multiple of 4, half ≤ 256.
 */
export function signedGridRows(
  rows: usize,
  n: usize,
  d: usize,
  scales: usize,
  half: u32,
  out: usize,
  sums: usize,
): void {
  const top_i32x4 = i32x4.splat(half - 1);
  const half_i32x4 = i32x4.splat(half);
  const one_f32x4 = f32x4.splat(0.5);
  for (let i: usize = 0; i < n; i++) {
    const scale_f32x4 = v128.load_splat<f32>(scales + (i << 2));
    let ip_f32x4 = f32x4.splat(0);
    let length_f32x4 = f32x4.splat(0);
    for (let j: usize = 0; j < d; j += 4) {
      const x = v128.load(rows);
      const magnitude = f32x4.abs(x);
      const u = i32x4.min_u(i32x4.trunc_sat_f32x4_u(f32x4.mul(scale_f32x4, magnitude)), top_i32x4);
      const v = f32x4.add(f32x4.convert_i32x4_u(u), one_f32x4);
      ip_f32x4 = f32x4.add(ip_f32x4, f32x4.mul(v, magnitude));
      length_f32x4 = f32x4.add(length_f32x4, f32x4.mul(v, v));
      const isPositive = f32x4.gt(x, f32x4.splat(0));
      const codes = v128.bitselect(i32x4.add(half_i32x4, u), i32x4.sub(top_i32x4, u), isPositive);
      v128.store64_lane(out, i16x8.narrow_i32x4_u(codes, codes), 0);
      rows += 16;
      out += 8;
    }
    store<f32>(sums + (i << 3), sumLanes(ip_f32x4));
    store<f32>(sums + (i << 3), sumLanes(length_f32x4), 4);
  }
}

function sumLanes(v: v128): f32 {
  const low = f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1);
  return low + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** out f64[2n]: Σ c and Σ c² of each row of values u16[n × d]; exact for d ≤ 65,536 and 16-bit values. d a multiple of 8. */
export function codeSums(values: usize, n: usize, d: usize, out: usize): void {
  for (let i: usize = 0; i < n; i++) {
    let sum_i64x2 = i64x2.splat(0);
    let square_i64x2 = i64x2.splat(0);
    for (let j: usize = 0; j < d; j += 8) {
      const c = v128.load(values);
      const pairs = i32x4.extadd_pairwise_i16x8_u(c);
      sum_i64x2 = i64x2.add(sum_i64x2, i64x2.extend_low_i32x4_u(pairs));
      sum_i64x2 = i64x2.add(sum_i64x2, i64x2.extend_high_i32x4_u(pairs));
      const low = i32x4.extmul_low_i16x8_u(c, c);
      const high = i32x4.extmul_high_i16x8_u(c, c);
      square_i64x2 = i64x2.add(square_i64x2, i64x2.extend_low_i32x4_u(low));
      square_i64x2 = i64x2.add(square_i64x2, i64x2.extend_high_i32x4_u(low));
      square_i64x2 = i64x2.add(square_i64x2, i64x2.extend_low_i32x4_u(high));
      square_i64x2 = i64x2.add(square_i64x2, i64x2.extend_high_i32x4_u(high));
      values += 16;
    }
    const sum = i64x2.extract_lane(sum_i64x2, 0) + i64x2.extract_lane(sum_i64x2, 1);
    const squares = i64x2.extract_lane(square_i64x2, 0) + i64x2.extract_lane(square_i64x2, 1);
    store<f64>(out + (i << 4), <f64>sum);
    store<f64>(out + (i << 4), <f64>squares, 8);
  }
}

/**
 * A grid for each column: out u16[n × d] = min(top, ⌊max(0, (x - minimum_j)·inverse_j + ½)⌋), and norms f32[n] of what the
 * codes stand for, Σ (minimum_j + step_j·c)², NaN where a value is not finite. minima, inverses and steps f32[d], d a multiple of 4.
 */
export function gridCodeColumns(
  rows: usize,
  n: usize,
  d: usize,
  minima: usize,
  inverses: usize,
  steps: usize,
  top: u32,
  out: usize,
  norms: usize,
): void {
  const top_i32x4 = i32x4.splat(top);
  const half_f32x4 = f32x4.splat(0.5);
  for (let i: usize = 0; i < n; i++) {
    let norm_f32x4 = f32x4.splat(0);
    for (let j: usize = 0; j < d << 2; j += 16) {
      const minimum = v128.load(minima + j);
      const x = v128.load(rows);
      const shifted = f32x4.sub(x, minimum);
      const place = f32x4.add(f32x4.mul(shifted, v128.load(inverses + j)), half_f32x4);
      const codes = i32x4.min_u(i32x4.trunc_sat_f32x4_u(place), top_i32x4);
      const value = f32x4.add(minimum, f32x4.mul(v128.load(steps + j), f32x4.convert_i32x4_u(codes)));
      // x - x is 0, or NaN where x is not finite
      norm_f32x4 = f32x4.add(norm_f32x4, f32x4.add(f32x4.mul(value, value), f32x4.sub(x, x)));
      v128.store64_lane(out, i16x8.narrow_i32x4_u(codes, codes), 0);
      rows += 16;
      out += 8;
    }
    store<f32>(norms + (i << 2), sumLanes(norm_f32x4));
  }
}
