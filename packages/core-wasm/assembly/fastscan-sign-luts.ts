/**
 * Tables that make a scan of 1-bit codes a table scan: the sub-quantizer of four dims has in entry b the sum of the
 * query's values at the bits set in b, so the sum over all tables is <bits, query>.
 */

function valueU8(query: usize, i: usize, dims: usize): u32 {
  return i < dims ? <u32>load<u8>(query + i) : 0;
}

function valueU16(query: usize, i: usize, dims: usize): u32 {
  return i < dims ? <u32>load<u16>(query + (i << 1)) : 0;
}

/** query u8[dims], each at most 63 → luts u8[⌈dims/4⌉ × 16]. */
export function signLutsU8(query: usize, dims: usize, luts: usize): void {
  for (let i: usize = 0; i < dims; i += 4) {
    store<u8>(luts, 0);
    for (let bit: usize = 0; bit < 4; bit++) {
      const value = valueU8(query, i + bit, dims);
      assert(value <= 63);
      const half: usize = (<usize>1) << bit;
      for (let b: usize = 0; b < half; b++) store<u8>(luts + half + b, <u8>(<u32>load<u8>(luts + b) + value));
    }
    luts += 16;
  }
}

/** query u16[dims], each at most 16,383 → luts of fastscanU16: ⌈dims/4⌉ × { low bytes, high bytes }. */
export function signLutsU16(query: usize, dims: usize, luts: usize): void {
  for (let i: usize = 0; i < dims; i += 4) {
    store<u8>(luts, 0);
    store<u8>(luts, 0, 16);
    for (let bit: usize = 0; bit < 4; bit++) {
      const value = valueU16(query, i + bit, dims);
      assert(value <= 16_383);
      const half: usize = (<usize>1) << bit;
      for (let b: usize = 0; b < half; b++) {
        const at = luts + b;
        const sum = <u32>load<u8>(at) + ((<u32>load<u8>(at, 16)) << 8) + value;
        store<u8>(at + half, <u8>sum);
        store<u8>(at + half, <u8>(sum >> 8), 16);
      }
    }
    luts += 32;
  }
}
