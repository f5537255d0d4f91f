/**
 * MaxSim of one query with many documents: out[i] = Σ_a factors[a] · max over tokens p of document i of <q_a, p>.
 *
 *   maxsimF32    rows f32[d]                            maxsimF16    halves u16[d], widened four rows at a time
 *   maxsimI8     rows { i8[d], f32 scale }              maxsimCode   rows { packed code of 1 to 8 bits, f32 scale }
 *
 * Documents are n records { u32 pointer to the first row, u32 rows }: any documents, in any order. One without rows
 * scores -Infinity. bests, where it is not 0, takes the maxima themselves, f32[n × 4·groups], without their factors.
 *
 * The query lies transposed, its tokens in lanes: groups of four tokens, in a group one v128 for each dimension
 * (integers: for each two dimensions), so that a value of a document is splat once, no sum is taken across lanes, a
 * maximum is one instruction, and no dimension is awkward. Its nq tokens are filled up to 4·groups by zeros of factor 0.
 * A tile is two groups × four rows: 6 loads for 8 products. At the end of a document the last row stands in for
 * missing ones, which changes no maximum. Codes are unpacked to i16 once and meet all query tokens there.
 *
 * Shapes: factors f32[4·groups]; scratch 16·groups + 16 bytes, and behind that four rows as floats (maxsimF16) or i16
 * (maxsimI8, maxsimCode) and 16 bytes more; out f32[n].
 *
 * Error of a float sum: (d + 1)·2⁻²⁴·Σ|q||p| to first order, one lane adding d products in order.
 *
 * Overflow of the integer kernels: a lane holds a partial sum of q_j·v_j with |v| ≤ 255 (8-bit codes, centred and
 * doubled; bytes: 128). The caller scales every query token so that Σ|q_j|·255 < 2³¹; that bounds every partial sum,
 * those inside dot_i16x8_s included, at any d. The sum is rounded to f32 once, and once more by the scale.
 * Search only: nothing here writes stored bytes.
 */
import { madd, sumF32x4 } from './lanes';
import { widenHalves } from './table-rows';

/** Float rows; query f32[groups × d × 4]. */
export function maxsimF32(
  query: usize,
  groups: usize,
  d: usize,
  factors: usize,
  documents: usize,
  n: usize,
  scratch: usize,
  out: usize,
  bests: usize,
): void {
  search<f32>(query, groups, d, FLOATS, factors, documents, n, scratch, out, bests);
}

/** Half-precision rows (finite), d a multiple of 4; query as for maxsimF32. */
export function maxsimF16(
  query: usize,
  groups: usize,
  d: usize,
  factors: usize,
  documents: usize,
  n: usize,
  scratch: usize,
  out: usize,
  bests: usize,
): void {
  assert((d & 3) === 0);
  search<f32>(query, groups, d, HALVES, factors, documents, n, scratch, out, bests);
}

/** Rows of bytes, similarity = scale·<q, bytes>; d a multiple of 4; query i16[groups × d/2 × 4 × 2]. */
export function maxsimI8(
  query: usize,
  groups: usize,
  d: usize,
  factors: usize,
  documents: usize,
  n: usize,
  scratch: usize,
  out: usize,
  bests: usize,
): void {
  assert((d & 3) === 0);
  search<i16>(query, groups, d, BYTES, factors, documents, n, scratch, out, bests);
}

/** Rows of codes packed as bit-dot.ts says, similarity = scale·<q, 2·code - (2^bits - 1)>; d a multiple of 16; query as for maxsimI8. */
export function maxsimCode(
  query: usize,
  groups: usize,
  d: usize,
  bits: u32,
  factors: usize,
  documents: usize,
  n: usize,
  scratch: usize,
  out: usize,
  bests: usize,
): void {
  assert((d & 15) === 0 && bits >= 1 && bits <= 8);
  search<i16>(query, groups, d, bits, factors, documents, n, scratch, out, bests);
}

/** What rows hold, besides codes of 1 to 8 bits. */
const FLOATS: u32 = 32;
const HALVES: u32 = 16;
const BYTES: u32 = 9;

function rowBytesOf(kind: u32, d: usize): usize {
  if (kind === FLOATS) return d << 2;
  if (kind === HALVES) return d << 1;
  return (kind === BYTES ? d : (d * kind) >> 3) + 4;
}

function search<T>(
  query: usize,
  groups: usize,
  d: usize,
  kind: u32,
  factors: usize,
  documents: usize,
  n: usize,
  scratch: usize,
  out: usize,
  bests: usize,
): void {
  const rowBytes = rowBytesOf(kind, d);
  const scales = scratch + (groups << 4);
  const unpacked = scales + 16;
  const unpackedBytes = isFloat<T>() ? d << 2 : d << 1;
  for (let i: usize = 0; i < n; i++, documents += 8) {
    clearBests(scratch, groups);
    let row = <usize>load<u32>(documents);
    const count = <usize>load<u32>(documents, 4);
    const last = row + (count - 1) * rowBytes;
    for (const end = row + count * rowBytes; row < end; row += rowBytes << 2) {
      let row0 = row;
      let row1 = min(row + rowBytes, last);
      let row2 = min(row + (rowBytes << 1), last);
      let row3 = min(row + rowBytes * 3, last);
      if (kind !== FLOATS) {
        for (let t: usize = 0; t < 4; t++) {
          const from = min(row + rowBytes * t, last);
          unpack(from, d, kind, unpacked + unpackedBytes * t);
          if (!isFloat<T>()) store<f32>(scales + (t << 2), load<f32>(from + rowBytes - 4));
        }
        row0 = unpacked;
        row1 = row0 + unpackedBytes;
        row2 = row1 + unpackedBytes;
        row3 = row2 + unpackedBytes;
      }
      tokens<T>(query, groups, isFloat<T>() ? d : d >> 1, row0, row1, row2, row3, scales, scratch);
    }
    finish(scratch, groups, factors, count, i, out, bests);
  }
}

/** One row as floats (halves) or as i16: bytes as they are, codes as 2·code - (2^bits - 1). */
function unpack(row: usize, d: usize, kind: u32, out: usize): void {
  const end = row + d;
  if (kind === HALVES) {
    for (let i: usize = 0; i < d << 1; i += 8) {
      v128.store(out + (i << 1), widenHalves(i32x4.extend_low_i16x8_u(v128.load64_zero(row + i))));
    }
  } else if (kind === BYTES) {
    // the last step may take the scale along; what it writes lies behind the row and is not read
    for (; row < end; row += 8, out += 16) v128.store(out, v128.load8x8_s(row));
  } else unpackCentred(row, d, kind, out);
}

/** Sixteen dimensions at a time from the components of bit-dot.ts, high bits first, each doubled on its way. */
function unpackCentred(codes: usize, d: usize, bits: u32, out: usize): void {
  const lowLift = i16x8(-32768, 1 << 14, 1 << 13, 1 << 12, 1 << 11, 1 << 10, 1 << 9, 1 << 8);
  const highLift = i16x8(1 << 7, 1 << 6, 1 << 5, 1 << 4, 1 << 3, 1 << 2, 1 << 1, 1);
  const pairLift = i16x8(1 << 14, 1 << 12, 1 << 10, 1 << 8, 1 << 6, 1 << 4, 1 << 2, 1);
  const base = i16x8.splat(<i16>(1 - <i32>(1 << bits)));
  let fours = codes;
  let twos = codes + (bits & 4 ? d >> 1 : 0);
  let ones = twos + (bits & 2 ? d >> 2 : 0);
  for (const end = out + (d << 1); out < end; out += 32) {
    let low = base;
    let high = base;
    if (bits & 8) {
      low = i16x8.add(low, i16x8.shl(v128.load8x8_u(codes), 1));
      high = i16x8.add(high, i16x8.shl(v128.load8x8_u(codes, 8), 1));
      codes += 16;
    }
    if (bits & 4) {
      const shift = <i32>(bits & 3) + 1;
      const both = v128.load8x8_u(fours);
      low = i16x8.add(low, i16x8.shl(v128.and(both, i16x8.splat(15)), shift));
      high = i16x8.add(high, i16x8.shl(i16x8.shr_u(both, 4), shift));
      fours += 8;
    }
    if (bits & 2) {
      const shift = <i32>(bits & 1) + 1;
      low = i16x8.add(low, i16x8.shl(topBits(v128.load16_splat(twos), pairLift, 14), shift));
      high = i16x8.add(high, i16x8.shl(topBits(v128.load16_splat(twos, 2), pairLift, 14), shift));
      twos += 4;
    }
    if (bits & 1) {
      const word = v128.load16_splat(ones);
      low = i16x8.add(low, i16x8.shl(topBits(word, lowLift, 15), 1));
      high = i16x8.add(high, i16x8.shl(topBits(word, highLift, 15), 1));
      ones += 2;
    }
    v128.store(out, low);
    v128.store(out, high, 16);
  }
}

/** A product with a power of two lifts a lane's field to its top; the shift drops the rest. */
function topBits(word: v128, lift: v128, shift: i32): v128 {
  return i16x8.shr_u(i16x8.mul(word, lift), shift);
}

/** Four tokens of a document against every query token; steps of 16 query bytes and 4 bytes of each row. */
function tokens<T>(
  query: usize,
  groups: usize,
  steps: usize,
  row0: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  scales: usize,
  bests: usize,
): void {
  const groupBytes = steps << 4;
  let g: usize = 0;
  for (; g + 2 <= groups; g += 2) {
    tileTwo<T>(query, groupBytes, row0, row1, row2, row3, scales, bests);
    query += groupBytes << 1;
    bests += 32;
  }
  if (g < groups) tileOne<T>(query, groupBytes, row0, row1, row2, row3, scales, bests);
}

function mac<T>(a: v128, b: v128, c: v128): v128 {
  if (isFloat<T>()) return madd(a, b, c);
  return i32x4.add(i32x4.dot_i16x8_s(a, b), c);
}

/** A sum as a similarity: as it is, or times the scale of its token. */
function similarity<T>(sum: v128, scale: usize): v128 {
  if (isFloat<T>()) return sum;
  return f32x4.mul(f32x4.convert_i32x4_s(sum), v128.load32_splat(scale));
}

function tileTwo<T>(
  query: usize,
  groupBytes: usize,
  row0: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  scales: usize,
  bests: usize,
): void {
  let low0 = i32x4.splat(0);
  let low1 = i32x4.splat(0);
  let low2 = i32x4.splat(0);
  let low3 = i32x4.splat(0);
  let high0 = i32x4.splat(0);
  let high1 = i32x4.splat(0);
  let high2 = i32x4.splat(0);
  let high3 = i32x4.splat(0);
  const end = query + groupBytes;
  let next = end;
  while (query < end) {
    const low = v128.load(query);
    const high = v128.load(next);
    const value0 = v128.load32_splat(row0);
    low0 = mac<T>(low, value0, low0);
    high0 = mac<T>(high, value0, high0);
    const value1 = v128.load32_splat(row1);
    low1 = mac<T>(low, value1, low1);
    high1 = mac<T>(high, value1, high1);
    const value2 = v128.load32_splat(row2);
    low2 = mac<T>(low, value2, low2);
    high2 = mac<T>(high, value2, high2);
    const value3 = v128.load32_splat(row3);
    low3 = mac<T>(low, value3, low3);
    high3 = mac<T>(high, value3, high3);
    query += 16;
    next += 16;
    row0 += 4;
    row1 += 4;
    row2 += 4;
    row3 += 4;
  }
  keepBest<T>(low0, low1, low2, low3, scales, bests);
  keepBest<T>(high0, high1, high2, high3, scales, bests + 16);
}

function tileOne<T>(
  query: usize,
  groupBytes: usize,
  row0: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  scales: usize,
  bests: usize,
): void {
  let sum0 = i32x4.splat(0);
  let sum1 = i32x4.splat(0);
  let sum2 = i32x4.splat(0);
  let sum3 = i32x4.splat(0);
  const end = query + groupBytes;
  while (query < end) {
    const values = v128.load(query);
    sum0 = mac<T>(values, v128.load32_splat(row0), sum0);
    sum1 = mac<T>(values, v128.load32_splat(row1), sum1);
    sum2 = mac<T>(values, v128.load32_splat(row2), sum2);
    sum3 = mac<T>(values, v128.load32_splat(row3), sum3);
    query += 16;
    row0 += 4;
    row1 += 4;
    row2 += 4;
    row3 += 4;
  }
  keepBest<T>(sum0, sum1, sum2, sum3, scales, bests);
}

function keepBest<T>(sum0: v128, sum1: v128, sum2: v128, sum3: v128, scales: usize, bests: usize): void {
  const first = f32x4.pmax(similarity<T>(sum0, scales), similarity<T>(sum1, scales + 4));
  const second = f32x4.pmax(similarity<T>(sum2, scales + 8), similarity<T>(sum3, scales + 12));
  v128.store(bests, f32x4.pmax(v128.load(bests), f32x4.pmax(first, second)));
}

export function clearBests(bests: usize, groups: usize): void {
  for (const end = bests + (groups << 4); bests < end; bests += 16) v128.store(bests, f32x4.splat(-Infinity));
}

export function finish(
  found: usize,
  groups: usize,
  factors: usize,
  count: usize,
  i: usize,
  out: usize,
  bests: usize,
): void {
  const bytes = groups << 4;
  if (bests) memory.copy(bests + i * bytes, found, bytes);
  let sum_f32x4 = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    sum_f32x4 = f32x4.add(sum_f32x4, f32x4.mul(v128.load(found + at), v128.load(factors + at)));
  }
  store<f32>(out + (i << 2), count ? sumF32x4(sum_f32x4) : -Infinity);
}
