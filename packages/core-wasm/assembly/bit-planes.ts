/**
 * One-bit codes against a query of a few bits: its bit planes and popcounts (RaBitQ, section 3.3.2; spec section 2.2).
 *
 *   Σ_i b_i·u_i = Σ_j w_j·popcount(b & plane_j),  u_i whole numbers in two's complement: w_j = 2^j, the last -2^j
 *
 * Overflow: a byte lane gathers at most 8 a step and 16 steps; a sum is below dims·2^planes ≤ 2²³ for 65,536 dims and 8
 * planes, so it is exact as f32 too.
 */
import { sumI32x4 } from './lanes';

/** Steps of 16 bytes between the widenings of byte sums. */
const RUN: usize = 256;

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
    let total = 0;
    let plane = planes;
    for (let j: usize = 0; j < planeCount; j++) {
      let sums = i32x4.splat(0);
      for (let start: usize = 0; start < whole; start += RUN) {
        let bytes = i8x16.splat(0);
        for (let at = start, stop = min(whole, start + RUN); at < stop; at += 16) {
          const both = v128.and(v128.load(codes + at), v128.load(plane + at));
          bytes = i8x16.add(bytes, i8x16.popcnt(both));
        }
        sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bytes)));
      }
      let count = sumI32x4(sums);
      for (let at = whole; at < codeBytes; at += 2) {
        count += popcnt<i32>(<i32>load<u16>(codes + at) & <i32>load<u16>(plane + at));
      }
      const weighted = count << <i32>j;
      total += j + 1 === planeCount ? -weighted : weighted;
      plane += codeBytes;
    }
    store<f32>(out + (i << 2), <f32>total);
    codes += codeBytes;
  }
}
