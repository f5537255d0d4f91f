/**
 * Code adjustment (CAQ) of one segment, four vectors in the four lanes of a v128.
 *
 * For each vector o it looks for the half-integer vector y (entries k - (2^B - 1)/2, k = 0…2^B - 1) with the largest
 * cosine to o, by coordinate ascent on ip²/n2, ip = <o,y>, n2 = |y|²: with s = ip - y_i o_i and m = n2 - y_i² the best
 * value of coordinate i is m·o_i/s (SAQ, section 4.2, in closed form instead of unit steps). It starts from the better
 * of two grids: the vector's own maximum, and the half range that suits a normal variable (a third, between them,
 * costs one more pass and wins often enough at 5 to 7 bits).
 *
 * Only plain f32 SIMD: the same bytes in every engine and build.
 */
import { packCode } from './code-pack';

/** o/t on the half-integer grid, clamped to ±limit. */
function toGrid(o: v128, inverse: v128, limit: v128): v128 {
  const y = f32x4.add(f32x4.floor(f32x4.mul(o, inverse)), f32x4.splat(0.5));
  return f32x4.max(f32x4.min(y, limit), f32x4.neg(limit));
}

/** The inverse step with the largest cosine among the given starts; ties keep the first. */
function bestStart(lanes: usize, d: u32, inverses: usize, count: u32, limit: v128): v128 {
  let best = v128.load(inverses);
  let bestIp = f32x4.splat(0);
  let bestNorm = f32x4.splat(1);
  for (let c: u32 = 0; c < count; c++) {
    const inverse = v128.load(inverses + ((<usize>c) << 4));
    let ip = f32x4.splat(0);
    let norm = f32x4.splat(0);
    for (let i: u32 = 0; i < d; i++) {
      const o = v128.load(lanes + ((<usize>i) << 4));
      const y = toGrid(o, inverse, limit);
      ip = f32x4.add(ip, f32x4.mul(o, y));
      norm = f32x4.add(norm, f32x4.mul(y, y));
    }
    const wins = f32x4.gt(f32x4.mul(f32x4.mul(ip, ip), bestNorm), f32x4.mul(f32x4.mul(bestIp, bestIp), norm));
    best = v128.bitselect(inverse, best, wins);
    bestIp = v128.bitselect(ip, bestIp, wins);
    bestNorm = v128.bitselect(norm, bestNorm, wins);
  }
  return best;
}

/** One round over all coordinates; returns whether any lane moved. Sums are made anew first (drift). */
function adjustRound(lanes: usize, levels: usize, d: u32, limit: v128): bool {
  let ip = f32x4.splat(0);
  let norm = f32x4.splat(0);
  for (let i: u32 = 0; i < d; i++) {
    const o = v128.load(lanes + ((<usize>i) << 4));
    const y = v128.load(levels + ((<usize>i) << 4));
    ip = f32x4.add(ip, f32x4.mul(o, y));
    norm = f32x4.add(norm, f32x4.mul(y, y));
  }
  let moved = i32x4.splat(0);
  const zero = f32x4.splat(0);
  // the step is the best in exact arithmetic; at 7 bits and more its gain drowns in f32 rounding, so only a clear loss stops it
  const margin = f32x4.splat(0.999999);
  for (let i: u32 = 0; i < d; i++) {
    const o = v128.load(lanes + ((<usize>i) << 4));
    const y = v128.load(levels + ((<usize>i) << 4));
    const s = f32x4.sub(ip, f32x4.mul(y, o));
    const m = f32x4.sub(norm, f32x4.mul(y, y));
    const target = f32x4.div(f32x4.mul(m, o), s);
    const rounded = f32x4.add(f32x4.floor(target), f32x4.splat(0.5));
    const y2 = f32x4.max(f32x4.min(rounded, limit), f32x4.neg(limit));
    const ip2 = f32x4.add(s, f32x4.mul(y2, o));
    const norm2 = f32x4.add(m, f32x4.mul(y2, y2));
    const gain = f32x4.gt(
      f32x4.mul(f32x4.mul(ip2, ip2), norm),
      f32x4.mul(f32x4.mul(f32x4.mul(ip, ip), norm2), margin),
    );
    const accept = v128.and(
      v128.and(v128.and(gain, f32x4.ne(y2, y)), f32x4.gt(s, zero)),
      f32x4.gt(ip2, zero),
    );
    ip = v128.bitselect(ip2, ip, accept);
    norm = v128.bitselect(norm2, norm, accept);
    v128.store(levels + ((<usize>i) << 4), v128.bitselect(y2, y, accept));
    moved = v128.or(moved, accept);
  }
  return v128.any_true(moved);
}

/**
 * Encodes n ≤ 2^20 vectors of one segment.
 *
 * rows    f32, vector r at rows + r·rowStride·4 (rowStride in floats), d of its entries are read
 * starts  f32[startCount]: half ranges in units of the root mean square |o|/√d; 0 stands for the vector's own maximum
 * scratch d·40 + 16·startCount bytes, 16-byte aligned
 * codes   n × d·bits/8 bytes, packed as bit-dot.ts says      factors f32[n]: |o|²/<o,y>, 0 for a zero vector
 */
export function encodeCodeRows(
  rows: usize,
  n: u32,
  rowStride: u32,
  d: u32,
  bits: u32,
  rounds: u32,
  starts: usize,
  startCount: u32,
  scratch: usize,
  codes: usize,
  factors: usize,
): void {
  const lanes = scratch;
  const levels = scratch + ((<usize>d) << 4);
  const values = scratch + ((<usize>d) << 5);
  const inverses = values + ((<usize>d) << 3);
  const codeBytes = (d * bits) >> 3;
  const half: f32 = <f32>(1 << (bits - 1));
  const limit = f32x4.splat(half - 0.5);
  const zero = f32x4.splat(0);
  for (let r: u32 = 0; r < n; r += 4) {
    const used = min<u32>(4, n - r);
    const p0 = rows + ((<usize>r * rowStride) << 2);
    const p1 = used > 1 ? p0 + ((<usize>rowStride) << 2) : p0;
    const p2 = used > 2 ? p0 + ((<usize>rowStride) << 3) : p0;
    const p3 = used > 3 ? p0 + <usize>rowStride * 12 : p0;
    let maximum = zero;
    let energy = zero;
    for (let i: usize = 0; i < (<usize>d) << 2; i += 4) {
      let o = f32x4.splat(load<f32>(p0 + i));
      o = f32x4.replace_lane(o, 1, load<f32>(p1 + i));
      o = f32x4.replace_lane(o, 2, load<f32>(p2 + i));
      o = f32x4.replace_lane(o, 3, load<f32>(p3 + i));
      v128.store(lanes + (i << 2), o);
      maximum = f32x4.max(maximum, f32x4.abs(o));
      energy = f32x4.add(energy, f32x4.mul(o, o));
    }
    // a zero vector divides 0 by 0 nowhere: its inverse step is 0 and its factor is set to 0 at the end
    const isZero = f32x4.eq(energy, zero);
    const rms = f32x4.sqrt(f32x4.div(energy, f32x4.splat(<f32>d)));
    for (let c: u32 = 0; c < startCount; c++) {
      const range = load<f32>(starts + ((<usize>c) << 2));
      const reach = range === 0 ? maximum : f32x4.min(f32x4.mul(rms, f32x4.splat(range)), maximum);
      v128.store(inverses + ((<usize>c) << 4), v128.andnot(f32x4.div(f32x4.splat(half), reach), isZero));
    }
    const inverse = bits === 1 ? v128.load(inverses) : bestStart(lanes, d, inverses, startCount, limit);
    for (let i: u32 = 0; i < d; i++) {
      const at = (<usize>i) << 4;
      v128.store(levels + at, toGrid(v128.load(lanes + at), inverse, limit));
    }
    if (bits > 1) {
      for (let round: u32 = 0; round < rounds; round++) {
        if (!adjustRound(lanes, levels, d, limit)) break;
      }
    }
    let ip = zero;
    const offset = f32x4.splat(half - 0.5);
    for (let i: u32 = 0; i < d; i++) {
      const at = (<usize>i) << 4;
      const y = v128.load(levels + at);
      ip = f32x4.add(ip, f32x4.mul(v128.load(lanes + at), y));
      const k = i32x4.trunc_sat_f32x4_s(f32x4.add(y, offset));
      const column = values + ((<usize>i) << 1);
      store<u16>(column, <u16>i32x4.extract_lane(k, 0));
      store<u16>(column + ((<usize>d) << 1), <u16>i32x4.extract_lane(k, 1));
      store<u16>(column + ((<usize>d) << 2), <u16>i32x4.extract_lane(k, 2));
      store<u16>(column + <usize>d * 6, <u16>i32x4.extract_lane(k, 3));
    }
    const factor = v128.and(f32x4.div(energy, ip), f32x4.gt(ip, zero));
    for (let lane: u32 = 0; lane < used; lane++) {
      packCode(values + ((<usize>d * lane) << 1), d, bits, codes + <usize>(r + lane) * codeBytes);
    }
    store<f32>(factors + ((<usize>r) << 2), f32x4.extract_lane(factor, 0));
    if (used > 1) store<f32>(factors + ((<usize>r) << 2), f32x4.extract_lane(factor, 1), 4);
    if (used > 2) store<f32>(factors + ((<usize>r) << 2), f32x4.extract_lane(factor, 2), 8);
    if (used > 3) store<f32>(factors + ((<usize>r) << 2), f32x4.extract_lane(factor, 3), 12);
  }
}
