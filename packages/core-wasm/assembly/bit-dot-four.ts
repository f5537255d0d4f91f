/**
 * <code, q> of four packed codes at once, one result a lane: the query is loaded once for four codes, and the four
 * horizontal sums become one transposition. Layout, query and overflow budget are those of bit-dot.ts.
 *
 * A code may be read in part: `count` of its `dims` dims from dim `first` on, all multiples of 16.
 */

/** Lane i of the result is the sum of the lanes of the i-th argument. */
function sumFour(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<u32>(a, b, 0, 1, 4, 5), v128.shuffle<u32>(a, b, 2, 3, 6, 7));
  const cd = i32x4.add(v128.shuffle<u32>(c, d, 0, 1, 4, 5), v128.shuffle<u32>(c, d, 2, 3, 6, 7));
  const sum = i32x4.add(v128.shuffle<u32>(ab, cd, 0, 2, 4, 6), v128.shuffle<u32>(ab, cd, 1, 3, 5, 7));
  return f32x4.convert_i32x4_s(sum);
}

/** four8 of 16 dims with the query in two registers: what a scan asks of most vectors, and all it asks of them. */
export function dotByteFour16(codes: usize, codeBytes: usize, low: v128, high: v128): v128 {
  const b = codes + codeBytes;
  const c = b + codeBytes;
  const d = c + codeBytes;
  return sumFour(
    i32x4.add(
      i32x4.dot_i16x8_s(v128.load_ext<u8>(codes), low),
      i32x4.dot_i16x8_s(v128.load_ext<u8>(codes, 8), high),
    ),
    i32x4.add(i32x4.dot_i16x8_s(v128.load_ext<u8>(b), low), i32x4.dot_i16x8_s(v128.load_ext<u8>(b, 8), high)),
    i32x4.add(i32x4.dot_i16x8_s(v128.load_ext<u8>(c), low), i32x4.dot_i16x8_s(v128.load_ext<u8>(c, 8), high)),
    i32x4.add(i32x4.dot_i16x8_s(v128.load_ext<u8>(d), low), i32x4.dot_i16x8_s(v128.load_ext<u8>(d, 8), high)),
  );
}

function four8(a: usize, b: usize, c: usize, d: usize, query: usize, count: u32): v128 {
  let sumA = i32x4.splat(0);
  let sumB = i32x4.splat(0);
  let sumC = i32x4.splat(0);
  let sumD = i32x4.splat(0);
  for (let i: usize = 0; i < <usize>count; i += 8) {
    const q = v128.load(query + (i << 1));
    sumA = i32x4.add(sumA, i32x4.dot_i16x8_s(v128.load_ext<u8>(a + i), q));
    sumB = i32x4.add(sumB, i32x4.dot_i16x8_s(v128.load_ext<u8>(b + i), q));
    sumC = i32x4.add(sumC, i32x4.dot_i16x8_s(v128.load_ext<u8>(c + i), q));
    sumD = i32x4.add(sumD, i32x4.dot_i16x8_s(v128.load_ext<u8>(d + i), q));
  }
  return sumFour(sumA, sumB, sumC, sumD);
}

function step4(codes: usize, low: v128, high: v128, sum: v128): v128 {
  const c = v128.load_ext<u8>(codes);
  const lows = i32x4.dot_i16x8_s(v128.and(c, i16x8.splat(15)), low);
  return i32x4.add(i32x4.add(sum, lows), i32x4.dot_i16x8_s(i16x8.shr_u(c, 4), high));
}

function four4(a: usize, b: usize, c: usize, d: usize, query: usize, count: u32): v128 {
  let sumA = i32x4.splat(0);
  let sumB = i32x4.splat(0);
  let sumC = i32x4.splat(0);
  let sumD = i32x4.splat(0);
  for (let i: usize = 0; i < <usize>(count >> 1); i += 8) {
    const low = v128.load(query + (i << 2));
    const high = v128.load(query + (i << 2), 16);
    sumA = step4(a + i, low, high, sumA);
    sumB = step4(b + i, low, high, sumB);
    sumC = step4(c + i, low, high, sumC);
    sumD = step4(d + i, low, high, sumD);
  }
  return sumFour(sumA, sumB, sumC, sumD);
}

/** Multiplying by 2^(14-2j) lifts field j to the top two bits; the shift drops the rest. */
function step2(codes: usize, low: v128, high: v128, sum: v128): v128 {
  const lift = i16x8(1 << 14, 1 << 12, 1 << 10, 1 << 8, 1 << 6, 1 << 4, 1 << 2, 1);
  const a = i16x8.shr_u(i16x8.mul(v128.load_splat<u16>(codes), lift), 14);
  const b = i16x8.shr_u(i16x8.mul(v128.load_splat<u16>(codes, 2), lift), 14);
  return i32x4.add(i32x4.add(sum, i32x4.dot_i16x8_s(a, low)), i32x4.dot_i16x8_s(b, high));
}

function four2(a: usize, b: usize, c: usize, d: usize, query: usize, count: u32): v128 {
  let sumA = i32x4.splat(0);
  let sumB = i32x4.splat(0);
  let sumC = i32x4.splat(0);
  let sumD = i32x4.splat(0);
  for (let i: usize = 0; i < <usize>(count >> 2); i += 4) {
    const low = v128.load(query + (i << 3));
    const high = v128.load(query + (i << 3), 16);
    sumA = step2(a + i, low, high, sumA);
    sumB = step2(b + i, low, high, sumB);
    sumC = step2(c + i, low, high, sumC);
    sumD = step2(d + i, low, high, sumD);
  }
  return sumFour(sumA, sumB, sumC, sumD);
}

/** A set bit becomes -1 by comparison with its mask, so the sums are subtracted. */
function step1(codes: usize, low: v128, high: v128, sum: v128): v128 {
  const lowBits = i16x8(1, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7);
  const highBits = i16x8(1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, -32768);
  const word = v128.load_splat<u16>(codes);
  const a = i16x8.eq(v128.and(word, lowBits), lowBits);
  const b = i16x8.eq(v128.and(word, highBits), highBits);
  return i32x4.sub(i32x4.sub(sum, i32x4.dot_i16x8_s(a, low)), i32x4.dot_i16x8_s(b, high));
}

function four1(a: usize, b: usize, c: usize, d: usize, query: usize, count: u32): v128 {
  let sumA = i32x4.splat(0);
  let sumB = i32x4.splat(0);
  let sumC = i32x4.splat(0);
  let sumD = i32x4.splat(0);
  for (let i: usize = 0; i < <usize>(count >> 3); i += 2) {
    const low = v128.load(query + (i << 4));
    const high = v128.load(query + (i << 4), 16);
    sumA = step1(a + i, low, high, sumA);
    sumB = step1(b + i, low, high, sumB);
    sumC = step1(c + i, low, high, sumC);
    sumD = step1(d + i, low, high, sumD);
  }
  return sumFour(sumA, sumB, sumC, sumD);
}

/**
 * a…d point at the first component of four codes of `bits` bits over `dims` dims, moved on by first·w/8 bytes, where w
 * is the width of that component and `first` the first dim to be read; query i16[count] belongs to dim `first` on.
 */
export function dotCodeFour(
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  dims: u32,
  first: u32,
  count: u32,
  bits: u32,
  query: usize,
): v128 {
  if (bits === 8) {
    const at = <usize>first;
    return four8(a + at, b + at, c + at, d + at, query, count);
  }
  let sum = f32x4.splat(0);
  let component: usize = 0;
  let rest = bits;
  if (rest >= 8) {
    rest -= 8;
    const at = <usize>first;
    const part = four8(a + at, b + at, c + at, d + at, query, count);
    sum = f32x4.mul(part, f32x4.splat(<f32>(1 << rest)));
    component += dims;
  }
  if (rest & 4) {
    const at = component + (first >> 1);
    const part = four4(a + at, b + at, c + at, d + at, query, count);
    sum = f32x4.add(sum, f32x4.mul(part, f32x4.splat(<f32>(1 << (rest & 3)))));
    component += dims >> 1;
  }
  if (rest & 2) {
    const at = component + (first >> 2);
    const part = four2(a + at, b + at, c + at, d + at, query, count);
    sum = f32x4.add(sum, f32x4.mul(part, f32x4.splat(<f32>(1 << (rest & 1)))));
    component += dims >> 2;
  }
  if (rest & 1) {
    const at = component + (first >> 3);
    sum = f32x4.add(sum, four1(a + at, b + at, c + at, d + at, query, count));
  }
  return sum;
}
