/**
 * Codes of vectors on half-integer grids by a search over the step: RaBitQ and the segments of SAQ.
 *
 * For each vector o it looks for the half-integer vector y (entries k - (2^B - 1)/2, k = 0…2^B - 1) with the largest
 * cosine to o. The best y is |o|·t rounded, clamped, for some t (the enumeration of Extended RaBitQ walks through all of
 * them); here a few dozen t at most are tried and the best kept. Compared is |y|²·sin² from sums of rounding errors
 * e = |o|·t - |y|, which do not cancel at many bits:
 *
 *   |y|²·sin² = Σe² - (Σ e·|o|t)²/Σ(|o|t)²,   |y|² = Σ(|o|t)² - 2·Σ e·|o|t + Σe²
 *
 * Dims in lanes, two t a pass. Only plain f32 SIMD, sums in a fixed order: the same bytes in every engine and build.
 */
import { packCode } from './code-pack';
import { maxF32x4, sumF32x4, wholeU16 } from './lanes';

/**
 * Encodes n vectors.
 *
 * rows    f32, vector r at rows + r·rowStride·4 (rowStride in floats), d of its entries are read, d a multiple of 16
 * starts  f32[startCount]: half ranges to try; above 0 in units of the root mean square |o|/√d, below 0 (their amount) in
 *         units of the vector's own maximum
 * centre  f32[d] or 0: crosses f32[n] = <centre, y>, untouched without
 * scratch d·2 bytes, 16-byte aligned
 * codes   n × d·bits/8 bytes, packed as bit-dot.ts says
 * factors f32[n]: |o|²/<o,y>, 0 for a zero vector          energies f32[n]: |o|²
 * spreads f32[n]: |o|²|y|²/<o,y>² - 1 = tan² of the angle, 0 for a zero vector
 */
export function encodeCodeRows(
  rows: usize,
  n: u32,
  rowStride: u32,
  d: u32,
  bits: u32,
  starts: usize,
  startCount: u32,
  centre: usize,
  scratch: usize,
  codes: usize,
  factors: usize,
  energies: usize,
  spreads: usize,
  crosses: usize,
): void {
  const codeBytes = (d * bits) >> 3;
  const half: f32 = <f32>(1 << (bits - 1));
  for (let r: u32 = 0; r < n; r++) {
    let most_f32x4 = f32x4.splat(0);
    let sum0_f32x4 = f32x4.splat(0);
    let sum1_f32x4 = f32x4.splat(0);
    for (let i: usize = 0; i < (<usize>d) << 2; i += 32) {
      const o0 = v128.load(rows + i);
      const o1 = v128.load(rows + i, 16);
      most_f32x4 = f32x4.pmax(most_f32x4, f32x4.pmax(f32x4.abs(o0), f32x4.abs(o1)));
      sum0_f32x4 = f32x4.add(sum0_f32x4, f32x4.mul(o0, o0));
      sum1_f32x4 = f32x4.add(sum1_f32x4, f32x4.mul(o1, o1));
    }
    const energy = sumF32x4(f32x4.add(sum0_f32x4, sum1_f32x4));
    const most = maxF32x4(most_f32x4);
    store<f32>(energies, energy);
    let step: f32 = 0;
    let spread: f32 = 0;
    let factor: f32 = 0;
    if (energy > 0) {
      const length = sqrt<f32>(energy);
      const rms = sqrt<f32>(energy / <f32>d);
      let best = Infinity;
      let bestNorm: f32 = 1;
      for (let c: u32 = 0; c < startCount; c += 2) {
        const isLast = c + 1 === startCount;
        const first = half / reachOf(load<f32>(starts + ((<usize>c) << 2)), rms, most);
        const second = isLast ? first : half / reachOf(load<f32>(starts + ((<usize>c) << 2), 4), rms, most);
        const sums = errorSums(rows, d, first, second, half);
        for (let lane = 0; lane < 2; lane++) {
          const t = lane === 0 ? first : second;
          const squares = lane === 0 ? f32x4.extract_lane(sums, 0) : f32x4.extract_lane(sums, 1);
          const products = lane === 0 ? f32x4.extract_lane(sums, 2) : f32x4.extract_lane(sums, 3);
          const scaled = t * length;
          const total = scaled * scaled;
          const norm = total - 2 * products + squares;
          const lost = max<f32>(0, squares - products * (products / total));
          if (<f64>lost * <f64>bestNorm < best * <f64>norm || (c | lane) === 0) {
            best = <f64>lost;
            bestNorm = norm;
            step = t;
            // <o, y> is Σ(|o|t)² - Σ e·|o|t, over t
            const ip = total - products;
            factor = ip > 0 ? (scaled / ip) * length : 0;
            spread = ip > 0 ? (total / ip) * (lost / ip) : 0;
          }
        }
      }
    }
    store<f32>(factors, factor);
    store<f32>(spreads, spread);
    roundRow(rows, d, step, half, scratch);
    if (centre !== 0) store<f32>(crosses + ((<usize>r) << 2), codeProduct(scratch, d, centre, half - 0.5));
    packCode(scratch, d, bits, codes);
    rows += (<usize>rowStride) << 2;
    codes += codeBytes;
    factors += 4;
    energies += 4;
    spreads += 4;
  }
}

function reachOf(start: f32, rms: f32, most: f32): f32 {
  return start < 0 ? -start * most : start * rms;
}

/** { Σe² of t = first, of second, Σ e·|o|t of first, of second } over a row of d floats. */
function errorSums(row: usize, d: u32, first: f32, second: f32, half: f32): v128 {
  const first_f32x4 = f32x4.splat(first);
  const second_f32x4 = f32x4.splat(second);
  const middle_f32x4 = f32x4.splat(0.5);
  const top_f32x4 = f32x4.splat(half - 1);
  let squares0 = f32x4.splat(0);
  let squares1 = f32x4.splat(0);
  let products0 = f32x4.splat(0);
  let products1 = f32x4.splat(0);
  for (const end = row + ((<usize>d) << 2); row < end; row += 16) {
    const o = f32x4.abs(v128.load(row));
    const x0 = f32x4.mul(o, first_f32x4);
    const x1 = f32x4.mul(o, second_f32x4);
    const e0 = f32x4.sub(x0, f32x4.add(f32x4.pmin(f32x4.floor(x0), top_f32x4), middle_f32x4));
    const e1 = f32x4.sub(x1, f32x4.add(f32x4.pmin(f32x4.floor(x1), top_f32x4), middle_f32x4));
    squares0 = f32x4.add(squares0, f32x4.mul(e0, e0));
    squares1 = f32x4.add(squares1, f32x4.mul(e1, e1));
    products0 = f32x4.add(products0, f32x4.mul(e0, x0));
    products1 = f32x4.add(products1, f32x4.mul(e1, x1));
  }
  return f32x4(sumF32x4(squares0), sumF32x4(squares1), sumF32x4(products0), sumF32x4(products1));
}

/** out u16[d]: half + u where o has no sign, half - 1 - u elsewhere, u = min(half - 1, ⌊step·|o|⌋). */
function roundRow(row: usize, d: u32, step: f32, half: f32, out: usize): void {
  const step_f32x4 = f32x4.splat(step);
  const top_f32x4 = f32x4.splat(half - 1);
  for (const end = row + ((<usize>d) << 2); row < end; row += 32, out += 16) {
    const low_f32x4 = codesOf(v128.load(row), step_f32x4, top_f32x4);
    const high_f32x4 = codesOf(v128.load(row, 16), step_f32x4, top_f32x4);
    v128.store(out, wholeU16(low_f32x4, high_f32x4));
  }
}

function codesOf(o: v128, step_f32x4: v128, top_f32x4: v128): v128 {
  const middle_f32x4 = f32x4.splat(0.5);
  const u = f32x4.pmin(f32x4.floor(f32x4.mul(f32x4.abs(o), step_f32x4)), top_f32x4);
  const signs = v128.and(o, i32x4.splat(i32.MIN_VALUE));
  const y = v128.or(f32x4.add(u, middle_f32x4), signs);
  return f32x4.add(y, f32x4.add(top_f32x4, middle_f32x4));
}

/** Σ centre_j·(code_j - middle), codes u16[d], d a multiple of 8. */
export function codeProduct(values: usize, d: u32, centre: usize, middle: f32): f32 {
  const middle_f32x4 = f32x4.splat(middle);
  let low = f32x4.splat(0);
  let high = f32x4.splat(0);
  for (const end = values + ((<usize>d) << 1); values < end; values += 16, centre += 32) {
    const codes = v128.load(values);
    const v0 = f32x4.sub(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(codes)), middle_f32x4);
    const v1 = f32x4.sub(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(codes)), middle_f32x4);
    low = f32x4.add(low, f32x4.mul(v0, v128.load(centre)));
    high = f32x4.add(high, f32x4.mul(v1, v128.load(centre, 16)));
  }
  return sumF32x4(f32x4.add(low, high));
}
