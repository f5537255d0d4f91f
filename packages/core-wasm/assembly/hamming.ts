/**
 * Hamming distances over packed bits: out[i] = Σ popcount(q ^ rows[i]).
 *
 * Bytes are counted by i8x16.popcnt. A byte lane grows by at most 8 a step, so 31 steps reach 248 ≤ 255 before the
 * lanes are widened to 32 bits; the total is at most 8·codeBytes, below 2³² for codes under 512 MiB.
 */
import { sumI32x4 } from './lanes';

/** Steps of 16 bytes between two widenings: 31·8 = 248 fits in a byte. */
const STEPS_BEFORE_WIDENING: usize = 31;

/** out[i] = number of bits in which q and rows[i] differ; q u8[codeBytes], rows u8[n × codeBytes], out u32[n]. */
export function hammingRows(q: usize, rows: usize, n: usize, codeBytes: usize, out: usize): void {
  const vectorBytes = codeBytes & ~15;
  const tailBytes = codeBytes & 15;
  for (let i: usize = 0; i < n; i++) {
    const row = rows + i * codeBytes;
    let sum_i32x4 = i32x4.splat(0);
    let offset: usize = 0;
    while (offset < vectorBytes) {
      const stop = min(vectorBytes, offset + (STEPS_BEFORE_WIDENING << 4));
      let bits_u8x16 = i8x16.splat(0);
      for (; offset < stop; offset += 16) {
        const differing = v128.xor(v128.load(q + offset), v128.load(row + offset));
        bits_u8x16 = i8x16.add(bits_u8x16, i8x16.popcnt(differing));
      }
      const pairs_u16x8 = i16x8.extadd_pairwise_i8x16_u(bits_u8x16);
      sum_i32x4 = i32x4.add(sum_i32x4, i32x4.extadd_pairwise_i16x8_u(pairs_u16x8));
    }
    let sum = <u32>sumI32x4(sum_i32x4);
    if (tailBytes & 8) {
      sum += <u32>popcnt<u64>(load<u64>(q + offset) ^ load<u64>(row + offset));
      offset += 8;
    }
    if (tailBytes & 4) {
      sum += popcnt<u32>(load<u32>(q + offset) ^ load<u32>(row + offset));
      offset += 4;
    }
    for (; offset < codeBytes; offset++) {
      sum += popcnt<u32>(<u32>load<u8>(q + offset) ^ <u32>load<u8>(row + offset));
    }
    store<u32>(out + (i << 2), sum);
  }
}
