/**
 * Packed B-bit code · i16 query, B = 1…16, dims a multiple of 16.
 *
 * A B-bit code is stored as components of 8, 4, 2 and 1 bits, high bits first (13 = 8 + 4 + 1), so that unpacking is
 * one shift and one mask and every component is a plain integer product:
 *   <code, q> = Σ_components 2^shift · <component, q>.
 * Bytes of one component of w bits: dims·w/8.
 *   w = 8: byte i is dim i.          w = 4: per 16 dims 8 bytes, byte t = dim t | dim (t+8) << 4.
 *   w = 2: per 8 dims one u16, dim j at bit 2j.     w = 1: per 16 dims one u16, dim j at bit j.
 *
 * Overflow: the caller scales the query so that Σ|q_i|·255 < 2^31; every i32 lane is a partial sum of that, at any
 * length. Components are joined in f32 (relative error 2^-24 of the uncentred sum; spec: enough up to 13 bits).
 */

function dot8(codes: usize, query: usize, dims: u32): v128 {
  let even_i32x4 = i32x4.splat(0);
  let odd_i32x4 = i32x4.splat(0);
  const end = codes + dims;
  while (codes < end) {
    even_i32x4 = i32x4.add(even_i32x4, i32x4.dot_i16x8_s(v128.load_ext<u8>(codes), v128.load(query)));
    odd_i32x4 = i32x4.add(odd_i32x4, i32x4.dot_i16x8_s(v128.load_ext<u8>(codes, 8), v128.load(query, 16)));
    codes += 16;
    query += 32;
  }
  return i32x4.add(even_i32x4, odd_i32x4);
}

function dot4(codes: usize, query: usize, dims: u32): v128 {
  let even_i32x4 = i32x4.splat(0);
  let odd_i32x4 = i32x4.splat(0);
  const low_i16x8 = i16x8.splat(15);
  const end = codes + (dims >> 1);
  while (codes < end) {
    const c = v128.load_ext<u8>(codes);
    even_i32x4 = i32x4.add(even_i32x4, i32x4.dot_i16x8_s(v128.and(c, low_i16x8), v128.load(query)));
    odd_i32x4 = i32x4.add(odd_i32x4, i32x4.dot_i16x8_s(i16x8.shr_u(c, 4), v128.load(query, 16)));
    codes += 8;
    query += 32;
  }
  return i32x4.add(even_i32x4, odd_i32x4);
}

function dot2(codes: usize, query: usize, dims: u32): v128 {
  let even_i32x4 = i32x4.splat(0);
  let odd_i32x4 = i32x4.splat(0);
  // multiplying by 2^(14-2j) lifts field j to the top two bits; the shift drops the rest
  const lift = i16x8(1 << 14, 1 << 12, 1 << 10, 1 << 8, 1 << 6, 1 << 4, 1 << 2, 1);
  const end = codes + (dims >> 2);
  while (codes < end) {
    const a = i16x8.shr_u(i16x8.mul(v128.load_splat<u16>(codes), lift), 14);
    const b = i16x8.shr_u(i16x8.mul(v128.load_splat<u16>(codes, 2), lift), 14);
    even_i32x4 = i32x4.add(even_i32x4, i32x4.dot_i16x8_s(a, v128.load(query)));
    odd_i32x4 = i32x4.add(odd_i32x4, i32x4.dot_i16x8_s(b, v128.load(query, 16)));
    codes += 4;
    query += 32;
  }
  return i32x4.add(even_i32x4, odd_i32x4);
}

function dot1(codes: usize, query: usize, dims: u32): v128 {
  let even_i32x4 = i32x4.splat(0);
  let odd_i32x4 = i32x4.splat(0);
  const liftLow = i16x8(-32768, 1 << 14, 1 << 13, 1 << 12, 1 << 11, 1 << 10, 1 << 9, 1 << 8);
  const liftHigh = i16x8(1 << 7, 1 << 6, 1 << 5, 1 << 4, 1 << 3, 1 << 2, 1 << 1, 1);
  const end = codes + (dims >> 3);
  while (codes < end) {
    const word = v128.load_splat<u16>(codes);
    const a = i16x8.shr_u(i16x8.mul(word, liftLow), 15);
    const b = i16x8.shr_u(i16x8.mul(word, liftHigh), 15);
    even_i32x4 = i32x4.add(even_i32x4, i32x4.dot_i16x8_s(a, v128.load(query)));
    odd_i32x4 = i32x4.add(odd_i32x4, i32x4.dot_i16x8_s(b, v128.load(query, 16)));
    codes += 2;
    query += 32;
  }
  return i32x4.add(even_i32x4, odd_i32x4);
}

/** <code, q> of one code of `bits` bits over `dims` dims, as four partial sums. */
export function dotCodeLanes(codes: usize, dims: u32, bits: u32, query: usize): v128 {
  if (bits === 8) return f32x4.convert_i32x4_s(dot8(codes, query, dims));
  let sum_f32x4 = f32x4.splat(0);
  let rest = bits;
  while (rest >= 8) {
    rest -= 8;
    const part = f32x4.convert_i32x4_s(dot8(codes, query, dims));
    sum_f32x4 = f32x4.add(sum_f32x4, f32x4.mul(part, f32x4.splat(<f32>(1 << rest))));
    codes += dims;
  }
  if (rest & 4) {
    const shift = rest & 3;
    const part = f32x4.convert_i32x4_s(dot4(codes, query, dims));
    sum_f32x4 = f32x4.add(sum_f32x4, f32x4.mul(part, f32x4.splat(<f32>(1 << shift))));
    codes += dims >> 1;
  }
  if (rest & 2) {
    const shift = rest & 1;
    const part = f32x4.convert_i32x4_s(dot2(codes, query, dims));
    sum_f32x4 = f32x4.add(sum_f32x4, f32x4.mul(part, f32x4.splat(<f32>(1 << shift))));
    codes += dims >> 2;
  }
  if (rest & 1) {
    sum_f32x4 = f32x4.add(sum_f32x4, f32x4.convert_i32x4_s(dot1(codes, query, dims)));
  }
  return sum_f32x4;
}

/** <code, q>: the lanes of dotCodeLanes, 0 with 2 and 1 with 3 first. */
export function dotCode(codes: usize, dims: u32, bits: u32, query: usize): f32 {
  const sum_f32x4 = dotCodeLanes(codes, dims, bits, query);
  const pair = f32x4.add(sum_f32x4, v128.shuffle<u32>(sum_f32x4, sum_f32x4, 2, 3, 0, 1));
  return f32x4.extract_lane(pair, 0) + f32x4.extract_lane(pair, 1);
}

/** out[i] = <code_i, q> for n codes of dims·bits/8 bytes each, one after the other. */
export function dotCodeRows(codes: usize, n: u32, dims: u32, bits: u32, query: usize, out: usize): void {
  const codeBytes = (dims * bits) >> 3;
  for (let i: u32 = 0; i < n; i++) {
    store<f32>(out + ((<usize>i) << 2), dotCode(codes, dims, bits, query));
    codes += codeBytes;
  }
}
