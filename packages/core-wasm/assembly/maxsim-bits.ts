/**
 * MaxSim over sign codes, by tables instead of products:
 *   out[i] = Σ_a factors[a] · max over rows p of document i of scale_p · (lookUp(a, p) - shifts[a]),
 * where lookUp sums, over every four dimensions, the entry of query token a that the four bits of p choose. With the
 * tables of signLutsU8 it is <bits, q> - Σ min(q, 0), so shifts = Σ|q|/2 makes it half of <2·bits - 1, q>.
 *
 * Sixteen rows are turned into columns of 4-bit patterns, a byte each; one byte shuffle looks up four dimensions of
 * sixteen rows, and all query tokens pass over the same columns, two at a time. At the end of a document the last row
 * stands in for missing ones.
 *
 * Overflow: the caller keeps every table entry at most 63 (Σ|q| over any dimensions 4s … 4s + 3), so four of them
 * stay in a byte (252), and all d/4 in 16 bits up to d = 4096 (1024·63 = 64,512).
 */
import { clearBests, finish } from './maxsim';

/**
 * luts u8[nq × d/4 × 16], d a multiple of 16 up to 4096; factors f32[4·⌈nq/4⌉], 0 behind nq; shifts f32[nq];
 * documents n records { u32 pointer, u32 count } of rows { code of d/8 bytes, f32 scale };
 * scratch 32·nq + 80 + 4·d + 128 bytes; out f32[n]; bests 0 or f32[n × 4·⌈nq/4⌉].
 */
export function maxsimBits(
  luts: usize,
  nq: usize,
  d: usize,
  factors: usize,
  shifts: usize,
  documents: usize,
  n: usize,
  scratch: usize,
  out: usize,
  bests: usize,
): void {
  assert((d & 15) === 0 && d <= 4096);
  const rowBytes = (d >> 3) + 4;
  const groups = (nq + 3) >> 2;
  const lutBytes = d << 2;
  const lanes = scratch + (groups << 4);
  const scales = lanes + (nq << 4);
  const columns = scales + 64;
  for (let i: usize = 0; i < n; i++, documents += 8) {
    clearBests(lanes, nq);
    let row = <usize>load<u32>(documents);
    const count = <usize>load<u32>(documents, 4);
    const last = row + (count - 1) * rowBytes;
    for (const end = row + count * rowBytes; row < end; row += rowBytes << 4) {
      for (let t: usize = 0; t < 16; t += 4)
        fillColumns(row + t * rowBytes, last, rowBytes, t, columns, scales);
      for (let a: usize = 0; a < nq; a += 2) {
        const b = min(a + 1, nq - 1);
        lookUp(
          luts + a * lutBytes,
          luts + b * lutBytes,
          lutBytes,
          columns,
          scales,
          shifts + (a << 2),
          shifts + (b << 2),
          lanes + (a << 4),
          lanes + (b << 4),
        );
      }
    }
    memory.fill(scratch, 0, groups << 4);
    for (let a: usize = 0; a < nq; a++) {
      const best = v128.load(lanes + (a << 4));
      const pair = f32x4.pmax(best, v128.shuffle<f32>(best, best, 2, 3, 0, 1));
      store<f32>(scratch + (a << 2), max<f32>(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1)));
    }
    finish(scratch, groups, factors, count, i, out, bests);
  }
}

/** Bytes t … t + 3 of every column, from four rows; the last column may take two bytes of the scale, which no table meets. */
function fillColumns(
  row: usize,
  last: usize,
  rowBytes: usize,
  t: usize,
  columns: usize,
  scales: usize,
): void {
  const a = min(row, last);
  const b = min(row + rowBytes, last);
  const c = min(row + (rowBytes << 1), last);
  const e = min(row + rowBytes * 3, last);
  const codeBytes = rowBytes - 4;
  const low = i8x16.splat(15);
  for (let at: usize = 0; at < codeBytes; at += 4) {
    let bytes = v128.load32_zero(a + at);
    bytes = v128.load_lane<u32>(b + at, bytes, 1);
    bytes = v128.load_lane<u32>(c + at, bytes, 2);
    bytes = v128.load_lane<u32>(e + at, bytes, 3);
    bytes = v128.shuffle<u8>(bytes, bytes, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const first = v128.and(bytes, low);
    const second = v128.and(i16x8.shr_u(bytes, 4), low);
    const column = columns + (at << 5) + t;
    v128.store_lane<u32>(column, first, 0);
    v128.store_lane<u32>(column, second, 0, 16);
    v128.store_lane<u32>(column, first, 1, 32);
    v128.store_lane<u32>(column, second, 1, 48);
    v128.store_lane<u32>(column, first, 2, 64);
    v128.store_lane<u32>(column, second, 2, 80);
    v128.store_lane<u32>(column, first, 3, 96);
    v128.store_lane<u32>(column, second, 3, 112);
  }
  // even tokens come out of the sums first, then odd ones
  const place = scales + (t << 1);
  store<f32>(place, load<f32>(a + codeBytes));
  store<f32>(place, load<f32>(b + codeBytes), 32);
  store<f32>(place, load<f32>(c + codeBytes), 4);
  store<f32>(place, load<f32>(e + codeBytes), 36);
}

/** Two query tokens past sixteen tokens of a document. */
function lookUp(
  lut0: usize,
  lut1: usize,
  lutBytes: usize,
  column: usize,
  scales: usize,
  shift0: usize,
  shift1: usize,
  best0: usize,
  best1: usize,
): void {
  let all0 = i16x8.splat(0);
  let all1 = i16x8.splat(0);
  let odd0 = i16x8.splat(0);
  let odd1 = i16x8.splat(0);
  const end = lut0 + lutBytes;
  while (lut0 < end) {
    let patterns = v128.load(column);
    let sum0 = look(v128.load(lut0), patterns);
    let sum1 = look(v128.load(lut1), patterns);
    patterns = v128.load(column, 16);
    sum0 = i8x16.add(sum0, look(v128.load(lut0, 16), patterns));
    sum1 = i8x16.add(sum1, look(v128.load(lut1, 16), patterns));
    patterns = v128.load(column, 32);
    sum0 = i8x16.add(sum0, look(v128.load(lut0, 32), patterns));
    sum1 = i8x16.add(sum1, look(v128.load(lut1, 32), patterns));
    patterns = v128.load(column, 48);
    sum0 = i8x16.add(sum0, look(v128.load(lut0, 48), patterns));
    sum1 = i8x16.add(sum1, look(v128.load(lut1, 48), patterns));
    all0 = i16x8.add(all0, sum0);
    odd0 = i16x8.add(odd0, i16x8.shr_u(sum0, 8));
    all1 = i16x8.add(all1, sum1);
    odd1 = i16x8.add(odd1, i16x8.shr_u(sum1, 8));
    column += 64;
    lut0 += 64;
    lut1 += 64;
  }
  keepBest(all0, odd0, scales, v128.load32_splat(shift0), best0);
  keepBest(all1, odd1, scales, v128.load32_splat(shift1), best1);
}

function look(table: v128, patterns: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, patterns);
  return v128.swizzle(table, patterns);
}

/** all = even tokens + 256·odd ones, mod 2^16. */
function keepBest(all: v128, odd: v128, scales: usize, shift: v128, best: usize): void {
  const even = i16x8.sub(all, i16x8.shl(odd, 8));
  const first = f32x4.pmax(
    scaled(i32x4.extend_low_i16x8_u(even), shift, scales),
    scaled(i32x4.extend_high_i16x8_u(even), shift, scales + 16),
  );
  const second = f32x4.pmax(
    scaled(i32x4.extend_low_i16x8_u(odd), shift, scales + 32),
    scaled(i32x4.extend_high_i16x8_u(odd), shift, scales + 48),
  );
  v128.store(best, f32x4.pmax(v128.load(best), f32x4.pmax(first, second)));
}

function scaled(sums: v128, shift: v128, scales: usize): v128 {
  return f32x4.mul(f32x4.sub(f32x4.convert_i32x4_s(sums), shift), v128.load(scales));
}
