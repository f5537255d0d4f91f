/**
 * Codes on uniform grids, one range a row (LVQ) or one a column (int8, int4), with the sums that factors need, in one
 * pass over a row that stays in the cache. What comes out is stored: products and sums round one after the other, in a
 * fixed order, on every engine.
 */
import { packCode } from './code-pack';
import { codeProduct } from './code-search';
import { maxF32x4, sumF32x4, wholeU16 } from './lanes';

/** f32 of a record of encodeRangeRows. */
const RECORD: usize = 6;

/**
 * Each row on the grid from its least to its greatest value, both on the grid.
 *
 * rows    f32[n × d], of which the first `used` (≥ 1) of each row count; codes of the others are 0. d a multiple of 16
 * centre  f32[d] or 0
 * scratch u16[d], 16-byte aligned; codes n × d·bits/8 bytes, packed as bit-dot.ts says
 * records f32[6n]: least, step, |x̂|², <x, x̂>, |x|², <centre, x̂> (0 without centre; centre is 0 where rows do not count),
 *         x̂ = least + step·c. A constant row has step 0. |x|² tells a row that is not finite or whose squares overflow.
 */
export function encodeRangeRows(
  rows: usize,
  n: u32,
  d: u32,
  used: u32,
  bits: u32,
  centre: usize,
  scratch: usize,
  codes: usize,
  records: usize,
): void {
  const top: u32 = (1 << bits) - 1;
  const centreSum = centre !== 0 ? rowSum(centre, d) : <f32>0;
  for (; n > 0; n--) {
    const range_f32x4 = rangeOf(rows, used);
    const least = <f32>0 - f32x4.extract_lane(range_f32x4, 0);
    const step = (f32x4.extract_lane(range_f32x4, 1) - least) / <f32>top;
    gridRow(rows, d, used, least, step, top, scratch, records);
    let cross: f32 = 0;
    if (centre !== 0) cross = least * centreSum + step * codeProduct(scratch, d, centre, 0);
    store<f32>(records, cross, 20);
    packCode(scratch, d, bits, codes);
    rows += (<usize>d) << 2;
    codes += (d * bits) >> 3;
    records += RECORD << 2;
  }
}

function rowSum(row: usize, d: u32): f32 {
  let sum_f32x4 = f32x4.splat(0);
  for (const end = row + ((<usize>d) << 2); row < end; row += 16) {
    sum_f32x4 = f32x4.add(sum_f32x4, v128.load(row));
  }
  return sumF32x4(sum_f32x4);
}

/** { -least, greatest } of `used` values. */
function rangeOf(row: usize, used: u32): v128 {
  let least_f32x4 = f32x4.neg(v128.load_splat<f32>(row));
  let most_f32x4 = v128.load_splat<f32>(row);
  const end4 = row + ((<usize>(used & ~3)) << 2);
  const end = row + ((<usize>used) << 2);
  for (; row < end4; row += 16) {
    const values = v128.load(row);
    least_f32x4 = f32x4.pmax(least_f32x4, f32x4.neg(values));
    most_f32x4 = f32x4.pmax(most_f32x4, values);
  }
  for (; row < end; row += 4) {
    const value = v128.load_splat<f32>(row);
    least_f32x4 = f32x4.pmax(least_f32x4, f32x4.neg(value));
    most_f32x4 = f32x4.pmax(most_f32x4, value);
  }
  return f32x4(maxF32x4(least_f32x4), maxF32x4(most_f32x4), 0, 0);
}

/** Codes u16[d] = min(top, ⌊(x - least)/step + ½⌋), 0 behind the first `used`, and the sums of a record. */
function gridRow(
  row: usize,
  d: u32,
  used: u32,
  least: f32,
  step: f32,
  top: u32,
  out: usize,
  record: usize,
): void {
  const least_f32x4 = f32x4.splat(least);
  const step_f32x4 = f32x4.splat(step);
  const inverse_f32x4 = f32x4.splat(step > 0 ? 1 / step : 0);
  const top_f32x4 = f32x4.splat(<f32>top);
  let decoded_f32x4 = f32x4.splat(0);
  let products_f32x4 = f32x4.splat(0);
  let norm_f32x4 = f32x4.splat(0);
  let even_f32x4 = f32x4.splat(0);
  for (let j: u32 = 0; j < d; j += 4, row += 16) {
    let x = v128.load(row);
    let code = gridCode(x, least_f32x4, inverse_f32x4, top_f32x4);
    let value = f32x4.add(least_f32x4, f32x4.mul(step_f32x4, code));
    if (j + 4 > used) {
      const isUsed = i32x4.lt_u(i32x4(0, 1, 2, 3), i32x4.splat(used > j ? used - j : 0));
      code = v128.and(code, isUsed);
      x = v128.and(x, isUsed);
      value = v128.and(value, isUsed);
    }
    decoded_f32x4 = f32x4.add(decoded_f32x4, f32x4.mul(value, value));
    products_f32x4 = f32x4.add(products_f32x4, f32x4.mul(x, value));
    norm_f32x4 = f32x4.add(norm_f32x4, f32x4.mul(x, x));
    if (j & 4) {
      v128.store(out, wholeU16(even_f32x4, code));
      out += 16;
    }
    even_f32x4 = code;
  }
  store<f32>(record, least);
  store<f32>(record, step, 4);
  store<f32>(record, sumF32x4(decoded_f32x4), 8);
  store<f32>(record, sumF32x4(products_f32x4), 12);
  store<f32>(record, sumF32x4(norm_f32x4), 16);
}

/** min(top, ⌊max(0, (x - start)·inverse + ½)⌋), whole numbers as f32; 0 for NaN. */
function gridCode(x: v128, start_f32x4: v128, inverse_f32x4: v128, top_f32x4: v128): v128 {
  const place = f32x4.add(f32x4.mul(f32x4.sub(x, start_f32x4), inverse_f32x4), f32x4.splat(0.5));
  return f32x4.pmin(top_f32x4, f32x4.floor(f32x4.pmax(f32x4.splat(0), place)));
}

/**
 * Each column on a grid of its own: c = min(top, ⌊max(0, (x - minimum_j)·inverse_j + ½)⌋), top = 2^bits - 1.
 *
 * grids   f32[3d]: minima, inverses, steps; centre f32[d] or 0
 * scratch, codes: as encodeRangeRows; d a multiple of 16
 * norms   f32[n]: |x̂|², x̂_j = minimum_j + step_j·c; NaN where a value is not finite
 * crosses f32[n]: <centre, x̂>, untouched without centre
 */
export function encodeColumnRows(
  rows: usize,
  n: u32,
  d: u32,
  bits: u32,
  grids: usize,
  centre: usize,
  scratch: usize,
  codes: usize,
  norms: usize,
  crosses: usize,
): void {
  const top_f32x4 = f32x4.splat(<f32>((1 << bits) - 1));
  const bytes = (<usize>d) << 2;
  const inverses = grids + bytes;
  const steps = inverses + bytes;
  for (; n > 0; n--) {
    let norm_f32x4 = f32x4.splat(0);
    let even_f32x4 = f32x4.splat(0);
    let out = scratch;
    for (let j: usize = 0; j < bytes; j += 16) {
      const minimum = v128.load(grids + j);
      const x = v128.load(rows + j);
      const code = gridCode(x, minimum, v128.load(inverses + j), top_f32x4);
      const value = f32x4.add(minimum, f32x4.mul(v128.load(steps + j), code));
      // x - x is 0, or NaN where x is not finite
      norm_f32x4 = f32x4.add(norm_f32x4, f32x4.add(f32x4.mul(value, value), f32x4.sub(x, x)));
      if (j & 16) {
        v128.store(out, wholeU16(even_f32x4, code));
        out += 16;
      }
      even_f32x4 = code;
    }
    store<f32>(norms, sumF32x4(norm_f32x4));
    if (centre !== 0) {
      store<f32>(crosses, decodedProduct(scratch, d, grids, steps, centre));
      crosses += 4;
    }
    packCode(scratch, d, bits, codes);
    rows += bytes;
    codes += (d * bits) >> 3;
    norms += 4;
  }
}

/** Σ (minimum_j + step_j·c_j)·centre_j. */
function decodedProduct(codes: usize, d: u32, minima: usize, steps: usize, centre: usize): f32 {
  let sum_f32x4 = f32x4.splat(0);
  for (let j: usize = 0; j < (<usize>d) << 2; j += 16, codes += 8) {
    const code = f32x4.convert_i32x4_u(v128.load16x4_u(codes));
    const value = f32x4.add(v128.load(minima + j), f32x4.mul(v128.load(steps + j), code));
    sum_f32x4 = f32x4.add(sum_f32x4, f32x4.mul(value, v128.load(centre + j)));
  }
  return sumF32x4(sum_f32x4);
}
