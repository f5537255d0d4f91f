/**
 * Rows of 8-bit codes against float tables: product quantization with 256 centroids; rows of packed codes of 1 to 7 bits
 * against a table for each dim; and half-precision rows against a float query. Search kernels: sums round as the engine's multiply-add does.
 */
import { madd, sumF32x4 } from './lanes';

/** out f32[n] = Σ_s luts[s][code of row i in s]; codes u8[n × m], luts f32[m × 256]. Four partial sums. */
export function tableRowsU8(codes: usize, n: usize, m: usize, luts: usize, out: usize): void {
  for (let i: usize = 0; i < n; i++) {
    let a: f32 = 0;
    let b: f32 = 0;
    let c: f32 = 0;
    let e: f32 = 0;
    let lut = luts;
    const end = codes + m;
    for (; codes + 4 <= end; codes += 4) {
      a += load<f32>(lut + ((<usize>load<u8>(codes)) << 2));
      b += load<f32>(lut + ((<usize>load<u8>(codes, 1)) << 2), 1024);
      c += load<f32>(lut + ((<usize>load<u8>(codes, 2)) << 2), 2048);
      e += load<f32>(lut + ((<usize>load<u8>(codes, 3)) << 2), 3072);
      lut += 4096;
    }
    for (; codes < end; codes++) {
      a += load<f32>(lut + ((<usize>load<u8>(codes)) << 2));
      lut += 1024;
    }
    store<f32>(out + (i << 2), a + c + (b + e));
  }
}

/** Code t of 16: the nibbles of w4 (0 … 7 low, 8 … 15 high), pairs of w2, bits of w1; planes that are not there are 0. */
function codeOf(w4: u64, w2: u32, w1: u32, t: u32, low4: u32, low2: u32): usize {
  const high = (<u32>(w4 >> <u64>(((t & 7) << 3) + ((t >> 3) << 2))) & 15) << low4;
  return <usize>(high | (((w2 >> (t << 1)) & 3) << low2) | ((w1 >> t) & 1));
}

/**
 * out f32[n] = Σ_j luts[j][code of row i in dim j]; codes in the layout of packCode, dims a multiple of 16, bits 1 … 7;
 * luts f32[dims × 2^bits]. Four partial sums.
 */
export function tableRowsPacked(
  codes: usize,
  n: usize,
  dims: usize,
  bits: u32,
  luts: usize,
  out: usize,
): void {
  assert((dims & 15) === 0 && bits >= 1 && bits <= 7);
  const step: usize = (<usize>4) << bits;
  const low4 = bits & 3;
  const low2 = bits & 1;
  for (let i: usize = 0; i < n; i++) {
    let a: f32 = 0;
    let b: f32 = 0;
    let c: f32 = 0;
    let e: f32 = 0;
    let lut = luts;
    const pairs = codes + (bits & 4 ? dims >> 1 : 0);
    const ones = pairs + (bits & 2 ? dims >> 2 : 0);
    for (let j: usize = 0; j < dims; j += 16) {
      const w4: u64 = bits & 4 ? load<u64>(codes + (j >> 1)) : 0;
      const w2: u32 = bits & 2 ? load<u32>(pairs + (j >> 2)) : 0;
      const w1: u32 = bits & 1 ? <u32>load<u16>(ones + (j >> 3)) : 0;
      for (let t: u32 = 0; t < 16; t += 4) {
        a += load<f32>(lut + (codeOf(w4, w2, w1, t, low4, low2) << 2));
        lut += step;
        b += load<f32>(lut + (codeOf(w4, w2, w1, t + 1, low4, low2) << 2));
        lut += step;
        c += load<f32>(lut + (codeOf(w4, w2, w1, t + 2, low4, low2) << 2));
        lut += step;
        e += load<f32>(lut + (codeOf(w4, w2, w1, t + 3, low4, low2) << 2));
        lut += step;
      }
    }
    store<f32>(out + (i << 2), a + c + (b + e));
    codes = ones + (bits & 1 ? dims >> 3 : 0);
  }
}

/** Eight halves as floats, low four and high four; no infinity and no NaN among them. */
function lowHalves(bits_u16x8: v128): v128 {
  return widenHalves(i32x4.extend_low_i16x8_u(bits_u16x8));
}

function highHalves(bits_u16x8: v128): v128 {
  return widenHalves(i32x4.extend_high_i16x8_u(bits_u16x8));
}

/** Sign, exponent and mantissa move up; the product with 2^112 mends the exponent, and subnormals with it. */
export function widenHalves(bits_u32x4: v128): v128 {
  const sign = i32x4.shl(v128.and(bits_u32x4, i32x4.splat(0x8000)), 16);
  const rest = i32x4.shl(v128.and(bits_u32x4, i32x4.splat(0x7fff)), 13);
  return v128.or(sign, f32x4.mul(rest, f32x4.splat(5.192296858534828e33)));
}

/** out f32[n] = <q, row>; q f32[d], rows u16[n × d] of half precision, d a multiple of 8. */
export function dotF16Rows(q: usize, rows: usize, n: usize, d: usize, out: usize): void {
  assert((d & 7) === 0);
  for (let i: usize = 0; i < n; i++) {
    let low = f32x4.splat(0);
    let high = f32x4.splat(0);
    for (let j: usize = 0; j < d; j += 8) {
      const bits = v128.load(rows);
      low = madd(lowHalves(bits), v128.load(q + (j << 2)), low);
      high = madd(highHalves(bits), v128.load(q + (j << 2), 16), high);
      rows += 16;
    }
    store<f32>(out + (i << 2), sumF32x4(f32x4.add(low, high)));
  }
}

/** out f32[n] += weight·values f32[n], n a multiple of 4. */
export function addScaledF32(values: usize, n: usize, weight: f32, out: usize): void {
  assert((n & 3) === 0);
  const weight_f32x4 = f32x4.splat(weight);
  for (let i: usize = 0; i < n << 2; i += 16) {
    const sum = f32x4.add(v128.load(out + i), f32x4.mul(v128.load(values + i), weight_f32x4));
    v128.store(out + i, sum);
  }
}

/**
 * Scores of vectors in blocks of 32: out[i] = base + add_i + weight·(scale_i·(a·dot_i + b) + offset_i·sum).
 *
 * A block begins with f32[32] of add, scale and offset, each only where its bit (1, 2, 4) is in `factors`; without them
 * add and offset are 0 and scale is 1. dots: f32 or, with bit 8, u32, 32 a block. out f32[⌈n/32⌉ × 32], its end undefined.
 */
export function affineScores(
  blocks: usize,
  blockBytes: usize,
  n: usize,
  factors: u32,
  dots: usize,
  a: f32,
  b: f32,
  sum: f32,
  weight: f32,
  base: f32,
  out: usize,
): void {
  for (let first: usize = 0; first < n; first += 32) {
    for (let lane: usize = 0; lane < 128; lane += 16) {
      let at = blocks + lane;
      let score = f32x4.splat(base);
      if (factors & 1) {
        score = f32x4.add(score, v128.load(at));
        at += 128;
      }
      const dot = v128.load(dots + lane);
      let product = factors & 8 ? f32x4.convert_i32x4_u(dot) : dot;
      product = f32x4.add(f32x4.mul(product, f32x4.splat(a)), f32x4.splat(b));
      if (factors & 2) {
        product = f32x4.mul(product, v128.load(at));
        at += 128;
      }
      if (factors & 4) product = f32x4.add(product, f32x4.mul(v128.load(at), f32x4.splat(sum)));
      v128.store(out + lane, f32x4.add(score, f32x4.mul(product, f32x4.splat(weight))));
    }
    blocks += blockBytes;
    dots += 128;
    out += 128;
  }
}
