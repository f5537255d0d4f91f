/**
 * Tables that make a scan of 1-bit codes a table scan: the sub-quantizer of four dims has in entry b the sum of the
 * query's values at the bits set in b, less the sum of its negative values, so that no entry is below 0. Over all tables
 *   scan = <bits, q> − Σ min(q_i, 0)   and   2·scan − Σ|q_i| = Σ ±q_i, + where the bit is set.
 *
 * The greatest entry is Σ|q_i| of four dims: 4·63 = 252 fits in a byte, 4·16,383 = 65,532 in two.
 */

function valueI8(query: usize, i: usize, dims: usize): i32 {
  return i < dims ? <i32>load<i8>(query + i) : 0;
}

function valueI16(query: usize, i: usize, dims: usize): i32 {
  return i < dims ? <i32>load<i16>(query + (i << 1)) : 0;
}

/** query i8[dims], each of −63 … 63 → luts u8[⌈dims/4⌉ × 16]. */
export function signLutsU8(query: usize, dims: usize, luts: usize): void {
  for (let i: usize = 0; i < dims; i += 4) {
    let none: i32 = 0;
    for (let bit: usize = 0; bit < 4; bit++) none -= min(valueI8(query, i + bit, dims), 0);
    store<u8>(luts, <u8>none);
    for (let bit: usize = 0; bit < 4; bit++) {
      const value = valueI8(query, i + bit, dims);
      assert(value >= -63 && value <= 63);
      const half: usize = (<usize>1) << bit;
      for (let b: usize = 0; b < half; b++) store<u8>(luts + half + b, <u8>(<i32>load<u8>(luts + b) + value));
    }
    luts += 16;
  }
}

/** query i16[dims], each of −16,383 … 16,383 → luts of fastscanU16: ⌈dims/4⌉ × { low bytes, high bytes }. */
export function signLutsU16(query: usize, dims: usize, luts: usize): void {
  for (let i: usize = 0; i < dims; i += 4) {
    let none: i32 = 0;
    for (let bit: usize = 0; bit < 4; bit++) none -= min(valueI16(query, i + bit, dims), 0);
    store<u8>(luts, <u8>none);
    store<u8>(luts, <u8>(none >> 8), 16);
    for (let bit: usize = 0; bit < 4; bit++) {
      const value = valueI16(query, i + bit, dims);
      assert(value >= -16_383 && value <= 16_383);
      const half: usize = (<usize>1) << bit;
      for (let b: usize = 0; b < half; b++) {
        const at = luts + b;
        const sum = <i32>load<u8>(at) + ((<i32>load<u8>(at, 16)) << 8) + value;
        store<u8>(at + half, <u8>sum);
        store<u8>(at + half, <u8>(sum >> 8), 16);
      }
    }
    luts += 32;
  }
}
