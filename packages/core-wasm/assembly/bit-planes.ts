/**
 * One-bit codes against a query of a few bits: its bit planes and popcounts (RaBitQ, section 3.3.2; spec section 2.2).
 *
 *   Σ_i b_i·u_i = Σ_j w_j·popcount(b & plane_j),  u_i whole numbers in two's complement: w_j = 2^j, the last -2^j
 *
 * Words of 64 bits: a popcount of one is an instruction on most machines, one of 16 bytes on hardly any.
 * Overflow: a sum is below dims·2^planes ≤ 2²³ for 65,536 dims and 8 planes, so it is exact as f32 too.
 */

/**
 * out f32[n] = <code, u>; codes n × codeBytes bytes, bit i of a code in bit i & 7 of byte i >> 3; planes: planeCount (1 … 8)
 * of codeBytes bytes one after the other, the lowest first. codeBytes is even.
 */
export function dotBitPlanesRows(
  codes: usize,
  n: usize,
  codeBytes: usize,
  planes: usize,
  planeCount: usize,
  out: usize,
): void {
  const whole = codeBytes & ~15;
  for (let i: usize = 0; i < n; i++) {
    let total: i64 = 0;
    let plane = planes;
    for (let j: usize = 0; j < planeCount; j++) {
      let even: i64 = 0;
      let odd: i64 = 0;
      let at: usize = 0;
      for (; at < whole; at += 16) {
        even += popcnt<i64>(load<i64>(codes + at) & load<i64>(plane + at));
        odd += popcnt<i64>(load<i64>(codes + at, 8) & load<i64>(plane + at, 8));
      }
      for (; at < codeBytes; at += 2) {
        even += <i64>popcnt<i32>(<i32>load<u16>(codes + at) & <i32>load<u16>(plane + at));
      }
      const weighted = (even + odd) << (<i64>j);
      total += j + 1 === planeCount ? -weighted : weighted;
      plane += codeBytes;
    }
    store<f32>(out + (i << 2), <f32>total);
    codes += codeBytes;
  }
}
