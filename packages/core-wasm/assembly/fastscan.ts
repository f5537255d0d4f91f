/**
 * Sums of lookup tables over 4-bit codes, 32 vectors at a time: product quantization with 16 centroids, and 1-bit codes
 * taken four dims at a time (André et al., Quicker ADC, 2019, section 3; layout of our own).
 *
 * A block of 32 vectors holds 16 bytes for each of `m` sub-quantizers: byte t has the code of vector t in its low half
 * and that of vector t + 16 in its high half. One swizzle looks 16 codes up in the table of a sub-quantizer.
 *
 * Widening. Swizzled bytes are added as u16 lanes twice: as they are (even + 256·odd, modulo 2^16) and shifted right by
 * 8 (odd alone). After at most 256 sub-quantizers both sums are below 255·256 < 2^16, so even = first − 256·odd is exact
 * modulo 2^16; they are then added to u32 totals. The greatest total of u8 tables is 255·m, of u16 tables 65,535·m:
 * below 2^32 for every m ≤ 65,536.
 *
 * The relaxed swizzle agrees with the plain one for indices below 16, and no other occurs.
 */

/** Sub-quantizers between two widenings: 255·256 = 65,280 fits in 16 bits. */
const GROUPS_BEFORE_WIDENING: usize = 256;

function lookUp(lut: v128, indices: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(lut, indices);
  return i8x16.swizzle(lut, indices);
}

/** Adds 16 sums to u32[16] at `at`: vector 2j is first − 256·odd, vector 2j + 1 is odd. */
function widen(first: v128, odd: v128, at: usize): void {
  const even = i16x8.sub(first, i16x8.shl(odd, 8));
  const low = v128.shuffle<u16>(even, odd, 0, 8, 1, 9, 2, 10, 3, 11);
  const high = v128.shuffle<u16>(even, odd, 4, 12, 5, 13, 6, 14, 7, 15);
  v128.store(at, i32x4.add(v128.load(at), i32x4.extend_low_i16x8_u(low)));
  v128.store(at, i32x4.add(v128.load(at, 16), i32x4.extend_high_i16x8_u(low)), 16);
  v128.store(at, i32x4.add(v128.load(at, 32), i32x4.extend_low_i16x8_u(high)), 32);
  v128.store(at, i32x4.add(v128.load(at, 48), i32x4.extend_high_i16x8_u(high)), 48);
}

/** Adds one byte plane of a block's tables to totals; tables lie `stride` bytes apart. */
function sumBlock(block: usize, m: usize, luts: usize, stride: usize, out: usize): void {
  const nibble = i8x16.splat(15);
  for (let begin: usize = 0; begin < m; begin += GROUPS_BEFORE_WIDENING) {
    const end = block + (min(m, begin + GROUPS_BEFORE_WIDENING) << 4);
    let lut = luts + begin * stride;
    let low_u16x8 = i16x8.splat(0);
    let lowOdd_u16x8 = i16x8.splat(0);
    let high_u16x8 = i16x8.splat(0);
    let highOdd_u16x8 = i16x8.splat(0);
    for (let at = block + (begin << 4); at < end; at += 16) {
      const codes = v128.load(at);
      const table = v128.load(lut);
      const low = lookUp(table, v128.and(codes, nibble));
      const high = lookUp(table, i8x16.shr_u(codes, 4));
      low_u16x8 = i16x8.add(low_u16x8, low);
      lowOdd_u16x8 = i16x8.add(lowOdd_u16x8, i16x8.shr_u(low, 8));
      high_u16x8 = i16x8.add(high_u16x8, high);
      highOdd_u16x8 = i16x8.add(highOdd_u16x8, i16x8.shr_u(high, 8));
      lut += stride;
    }
    widen(low_u16x8, lowOdd_u16x8, out);
    widen(high_u16x8, highOdd_u16x8, out + 64);
  }
}

/** out[i] = Σ_s luts[s][code of vector i in s]; codes in blocks, luts u8[m × 16], out u32[⌈n/32⌉ × 32], its end undefined. */
export function fastscanU8(codes: usize, n: usize, m: usize, luts: usize, out: usize): void {
  for (let first: usize = 0; first < n; first += 32) {
    memory.fill(out, 0, 128);
    sumBlock(codes, m, luts, 16, out);
    codes += m << 4;
    out += 128;
  }
}

/** The same with 16-bit tables: luts holds m × { low bytes u8[16], high bytes u8[16] }. */
export function fastscanU16(codes: usize, n: usize, m: usize, luts: usize, out: usize): void {
  for (let first: usize = 0; first < n; first += 32) {
    memory.fill(out, 0, 128);
    sumBlock(codes, m, luts + 16, 32, out);
    for (let at = out; at < out + 128; at += 16) v128.store(at, i32x4.shl(v128.load(at), 8));
    sumBlock(codes, m, luts, 32, out);
    codes += m << 4;
    out += 128;
  }
}
