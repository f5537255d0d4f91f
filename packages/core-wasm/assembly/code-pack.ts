/** Packing of u16 codes into the component layout of bit-dot.ts, and back. dims is a multiple of 16, bits 1…16. */

export function packCode(values: usize, dims: u32, bits: u32, out: usize): void {
  assert((dims & 15) === 0 && bits >= 1 && bits <= 16);
  const end = values + ((<usize>dims) << 1);
  let rest = bits;
  while (rest >= 8) {
    rest -= 8;
    for (let p = values; p < end; p += 32, out += 16) v128.store(out, bytesOf(p, rest, 255));
  }
  if (rest & 4) {
    for (let p = values; p < end; p += 32, out += 8) {
      // dims t and t + 8 share byte t
      const codes = bytesOf(p, rest & 3, 15);
      const high = v128.shuffle<u64>(codes, codes, 1, 0);
      v128.store64_lane(out, v128.or(codes, i8x16.shl(high, 4)), 0);
    }
  }
  if (rest & 2) {
    // four codes a byte: byte + 4·next of pairs in i16, then pair + 16·next of pairs in i32
    for (let p = values; p < end; p += 32, out += 4) {
      const codes = bytesOf(p, rest & 1, 3);
      const pairs = v128.or(codes, i16x8.shr_u(codes, 6));
      const fours = v128.or(pairs, i32x4.shr_u(pairs, 12));
      const bytes = v128.swizzle(fours, i8x16(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
      v128.store32_lane(out, bytes, 0);
    }
  }
  if (rest & 1) {
    for (let p = values; p < end; p += 32, out += 2) {
      store<u16>(out, <u16>i8x16.bitmask(i8x16.shl(bytesOf(p, 0, 1), 7)));
    }
  }
}

/** (value >> shift) & mask of 16 values, mask ≤ 255. */
function bytesOf(values: usize, shift: u32, mask: i16): v128 {
  const mask_i16x8 = i16x8.splat(mask);
  const low = v128.and(i16x8.shr_u(v128.load(values), shift), mask_i16x8);
  const high = v128.and(i16x8.shr_u(v128.load(values, 16), shift), mask_i16x8);
  return i8x16.narrow_i16x8_u(low, high);
}

export function unpackCode(codes: usize, dims: u32, bits: u32, out: usize): void {
  assert((dims & 15) === 0 && bits >= 1 && bits <= 16);
  memory.fill(out, 0, (<usize>dims) << 1);
  let rest = bits;
  while (rest >= 8) {
    rest -= 8;
    for (let i: u32 = 0; i < dims; i++) orInto(out, i, (<u32>load<u8>(codes + i)) << rest);
    codes += dims;
  }
  if (rest & 4) {
    const shift = rest & 3;
    for (let i: u32 = 0; i < dims; i++) {
      const t = i & 15;
      const byte = <u32>load<u8>(codes + ((i >> 4) << 3) + (t & 7));
      orInto(out, i, ((t < 8 ? byte : byte >> 4) & 15) << shift);
    }
    codes += dims >> 1;
  }
  if (rest & 2) {
    const shift = rest & 1;
    for (let i: u32 = 0; i < dims; i++) {
      const word = <u32>load<u16>(codes + ((i >> 3) << 1));
      orInto(out, i, ((word >> ((i & 7) << 1)) & 3) << shift);
    }
    codes += dims >> 2;
  }
  if (rest & 1) {
    for (let i: u32 = 0; i < dims; i++) {
      const word = <u32>load<u16>(codes + ((i >> 4) << 1));
      orInto(out, i, (word >> (i & 15)) & 1);
    }
  }
}

function orInto(out: usize, i: u32, value: u32): void {
  const at = out + ((<usize>i) << 1);
  store<u16>(at, <u16>(<u32>load<u16>(at) | value));
}
