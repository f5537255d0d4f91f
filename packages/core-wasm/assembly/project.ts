/**
 * Rows times a fixed matrix in 16-bit integers: twice the products an instruction of f32, and exact in any order.
 *
 * Row i is x·s_i rounded to i16, the matrix P·S likewise, S one number or one a row of P. Sums of 32 products stay in
 * i32: |x_b·s|·|P_b·S| < 2³¹ for each run b of 32 dims (Cauchy–Schwarz; also of every part of a run), which `limit`
 * ensures: it is the longest that a run of a row may be. Longer sums are f32, run by run. For normal rows of 768 dims the
 * two roundings leave an error of 2e-6·|x| in a product.
 */
import { maxF32x4, sumF32x4 } from './lanes';

/** Dims whose products are summed in i32. */
const RUN: usize = 32;
/** 1.5·2²³: adding it rounds to whole numbers, ties to even, and leaves them as i16 in the low half of each lane. */
const ROUND: f32 = 12582912;

/**
 * rows f32[n × d] less origin f32[d] (0: none) → out i16[n × dPadded], zeros behind d; scales f32[n], 1/s of each row
 * (0 for a row without energy); norms f32[n] = |x|². dPadded is d up to a multiple of 32; limit: see above.
 * scratch f32[dPadded].
 */
export function quantizeRows(
  rows: usize,
  n: usize,
  d: usize,
  origin: usize,
  limit: f32,
  scratch: usize,
  out: usize,
  scales: usize,
  norms: usize,
): void {
  const dPadded = (d + RUN - 1) & ~(RUN - 1);
  for (let i: usize = 0; i < n; i++) {
    residualRow(rows, d, origin, dPadded, scratch);
    let most_f32x4 = f32x4.splat(0);
    let norm: f32 = 0;
    let longest: f32 = 0;
    for (let j: usize = 0; j < dPadded << 2; j += RUN << 2) {
      let sum_f32x4 = f32x4.splat(0);
      for (let t: usize = 0; t < RUN << 2; t += 16) {
        const x = v128.load(scratch + j + t);
        most_f32x4 = f32x4.pmax(most_f32x4, f32x4.abs(x));
        sum_f32x4 = f32x4.add(sum_f32x4, f32x4.mul(x, x));
      }
      const sum = sumF32x4(sum_f32x4);
      norm += sum;
      longest = max(longest, sum);
    }
    store<f32>(norms + (i << 2), norm);
    const scale = longest > 0 ? min<f32>(32767 / maxF32x4(most_f32x4), limit / sqrt<f32>(longest)) : <f32>0;
    store<f32>(scales + (i << 2), scale > 0 ? 1 / scale : <f32>0);
    const scale_f32x4 = f32x4.splat(scale);
    const round_f32x4 = f32x4.splat(ROUND);
    for (let j: usize = 0; j < dPadded << 2; j += 32, out += 16) {
      const low_f32x4 = f32x4.add(f32x4.mul(v128.load(scratch + j), scale_f32x4), round_f32x4);
      const high_f32x4 = f32x4.add(f32x4.mul(v128.load(scratch + j, 16), scale_f32x4), round_f32x4);
      v128.store(out, v128.shuffle<u16>(low_f32x4, high_f32x4, 0, 2, 4, 6, 8, 10, 12, 14));
    }
    rows += d << 2;
  }
}

/** rows f32[n × d] less origin f32[d] (0: none) → out f32[n × stride], zeros behind d; stride ≥ d. */
export function residualRows(
  rows: usize,
  n: usize,
  d: usize,
  origin: usize,
  stride: usize,
  out: usize,
): void {
  for (let i: usize = 0; i < n; i++) {
    residualRow(rows, d, origin, stride, out);
    rows += d << 2;
    out += stride << 2;
  }
}

function residualRow(row: usize, d: usize, origin: usize, stride: usize, out: usize): void {
  let j: usize = 0;
  if (origin === 0) {
    memory.copy(out, row, d << 2);
    j = d << 2;
  } else {
    for (const end = (d & ~3) << 2; j < end; j += 16) {
      v128.store(out + j, f32x4.sub(v128.load(row + j), v128.load(origin + j)));
    }
    for (; j < d << 2; j += 4) store<f32>(out + j, load<f32>(row + j) - load<f32>(origin + j));
  }
  memory.fill(out + j, 0, (stride << 2) - j);
}

/**
 * rows i16[8 × depth] of a matrix → out i16[8 × depth], a panel for projectRows: for each pair of dims, the pair of row
 * 0, 1, … 7. depth is even.
 */
export function packPanel(rows: usize, depth: usize, out: usize): void {
  const rowBytes = depth << 1;
  for (const end = rows + rowBytes; rows < end; rows += 4) {
    for (let row = rows; row < rows + (rowBytes << 3); row += rowBytes, out += 4) {
      store<u32>(out, load<u32>(row));
    }
  }
}

/**
 * out f32[n × kept] = rows · Pᵀ in units of s_i·S. rows i16[n × depth] of quantizeRows, depth a multiple of 32; panels
 * of 8 rows of P each (packPanel), kept a multiple of 16. out overlaps neither. Rows have the same bits alone as among
 * others.
 */
export function projectRows(
  rows: usize,
  n: usize,
  depth: usize,
  panels: usize,
  kept: usize,
  out: usize,
): void {
  const rowBytes = depth << 1;
  const outBytes = kept << 2;
  assert((kept & 15) === 0);
  const tiled = n & ~3;
  for (let i = tiled; i < n; i++) projectRow(rows + i * rowBytes, rowBytes, panels, out + i * outBytes, kept);
  // a panel of 8 columns stays in the first-level cache while the rows pass by
  for (const end = out + outBytes; out < end; out += 32, panels += depth << 4) {
    let c0 = out;
    for (let i: usize = 0, a0 = rows; i < tiled; i += 4, a0 += rowBytes << 2) {
      projectTile(a0, rowBytes, panels, c0, outBytes);
      c0 += outBytes << 2;
    }
  }
}

/** One row × all columns, 16 at a time: a pair of dims is loaded once for four products. */
function projectRow(row: usize, rowBytes: usize, panel: usize, out: usize, kept: usize): void {
  const panelBytes = rowBytes << 3;
  for (const end = out + (kept << 2); out < end; out += 64, panel += panelBytes) {
    let sum0_f32x4 = f32x4.splat(0);
    let sum1_f32x4 = f32x4.splat(0);
    let sum2_f32x4 = f32x4.splat(0);
    let sum3_f32x4 = f32x4.splat(0);
    for (let at = row; at < row + rowBytes; ) {
      let run0_i32x4 = i32x4.splat(0);
      let run1_i32x4 = i32x4.splat(0);
      let run2_i32x4 = i32x4.splat(0);
      let run3_i32x4 = i32x4.splat(0);
      for (const stop = at + (RUN << 1); at < stop; at += 8, panel += 64) {
        const next = panel + panelBytes;
        const xA = v128.load32_splat(at);
        run0_i32x4 = i32x4.add(run0_i32x4, i32x4.dot_i16x8_s(xA, v128.load(panel)));
        run1_i32x4 = i32x4.add(run1_i32x4, i32x4.dot_i16x8_s(xA, v128.load(panel, 16)));
        run2_i32x4 = i32x4.add(run2_i32x4, i32x4.dot_i16x8_s(xA, v128.load(next)));
        run3_i32x4 = i32x4.add(run3_i32x4, i32x4.dot_i16x8_s(xA, v128.load(next, 16)));
        const xB = v128.load32_splat(at, 4);
        run0_i32x4 = i32x4.add(run0_i32x4, i32x4.dot_i16x8_s(xB, v128.load(panel, 32)));
        run1_i32x4 = i32x4.add(run1_i32x4, i32x4.dot_i16x8_s(xB, v128.load(panel, 48)));
        run2_i32x4 = i32x4.add(run2_i32x4, i32x4.dot_i16x8_s(xB, v128.load(next, 32)));
        run3_i32x4 = i32x4.add(run3_i32x4, i32x4.dot_i16x8_s(xB, v128.load(next, 48)));
      }
      sum0_f32x4 = f32x4.add(sum0_f32x4, f32x4.convert_i32x4_s(run0_i32x4));
      sum1_f32x4 = f32x4.add(sum1_f32x4, f32x4.convert_i32x4_s(run1_i32x4));
      sum2_f32x4 = f32x4.add(sum2_f32x4, f32x4.convert_i32x4_s(run2_i32x4));
      sum3_f32x4 = f32x4.add(sum3_f32x4, f32x4.convert_i32x4_s(run3_i32x4));
    }
    v128.store(out, sum0_f32x4);
    v128.store(out, sum1_f32x4, 16);
    v128.store(out, sum2_f32x4, 32);
    v128.store(out, sum3_f32x4, 48);
  }
}

/** 4 rows × 8 columns; the f32 sums lie in out between runs. */
function projectTile(a0: usize, rowBytes: usize, panel: usize, c0: usize, outBytes: usize): void {
  const end = a0 + rowBytes;
  let a1 = end;
  let a2 = a1 + rowBytes;
  let a3 = a2 + rowBytes;
  const c1 = c0 + outBytes;
  const c2 = c1 + outBytes;
  const c3 = c2 + outBytes;
  let isFirst = true;
  while (a0 < end) {
    let low0 = i32x4.splat(0);
    let high0 = i32x4.splat(0);
    let low1 = i32x4.splat(0);
    let high1 = i32x4.splat(0);
    let low2 = i32x4.splat(0);
    let high2 = i32x4.splat(0);
    let low3 = i32x4.splat(0);
    let high3 = i32x4.splat(0);
    for (const stop = a0 + (RUN << 1); a0 < stop; ) {
      // two pairs of dims a step: the pointers cost as much as a product
      const lowA = v128.load(panel);
      const highA = v128.load(panel, 16);
      const x0A = v128.load32_splat(a0);
      low0 = i32x4.add(low0, i32x4.dot_i16x8_s(x0A, lowA));
      high0 = i32x4.add(high0, i32x4.dot_i16x8_s(x0A, highA));
      const x1A = v128.load32_splat(a1);
      low1 = i32x4.add(low1, i32x4.dot_i16x8_s(x1A, lowA));
      high1 = i32x4.add(high1, i32x4.dot_i16x8_s(x1A, highA));
      const x2A = v128.load32_splat(a2);
      low2 = i32x4.add(low2, i32x4.dot_i16x8_s(x2A, lowA));
      high2 = i32x4.add(high2, i32x4.dot_i16x8_s(x2A, highA));
      const x3A = v128.load32_splat(a3);
      low3 = i32x4.add(low3, i32x4.dot_i16x8_s(x3A, lowA));
      high3 = i32x4.add(high3, i32x4.dot_i16x8_s(x3A, highA));
      const lowB = v128.load(panel, 32);
      const highB = v128.load(panel, 48);
      const x0B = v128.load32_splat(a0, 4);
      low0 = i32x4.add(low0, i32x4.dot_i16x8_s(x0B, lowB));
      high0 = i32x4.add(high0, i32x4.dot_i16x8_s(x0B, highB));
      const x1B = v128.load32_splat(a1, 4);
      low1 = i32x4.add(low1, i32x4.dot_i16x8_s(x1B, lowB));
      high1 = i32x4.add(high1, i32x4.dot_i16x8_s(x1B, highB));
      const x2B = v128.load32_splat(a2, 4);
      low2 = i32x4.add(low2, i32x4.dot_i16x8_s(x2B, lowB));
      high2 = i32x4.add(high2, i32x4.dot_i16x8_s(x2B, highB));
      const x3B = v128.load32_splat(a3, 4);
      low3 = i32x4.add(low3, i32x4.dot_i16x8_s(x3B, lowB));
      high3 = i32x4.add(high3, i32x4.dot_i16x8_s(x3B, highB));
      a0 += 8;
      a1 += 8;
      a2 += 8;
      a3 += 8;
      panel += 64;
    }
    addRun(c0, low0, high0, isFirst);
    addRun(c1, low1, high1, isFirst);
    addRun(c2, low2, high2, isFirst);
    addRun(c3, low3, high3, isFirst);
    isFirst = false;
  }
}

function addRun(out: usize, low: v128, high: v128, isFirst: bool): void {
  let low_f32x4 = f32x4.convert_i32x4_s(low);
  let high_f32x4 = f32x4.convert_i32x4_s(high);
  if (!isFirst) {
    low_f32x4 = f32x4.add(v128.load(out), low_f32x4);
    high_f32x4 = f32x4.add(v128.load(out, 16), high_f32x4);
  }
  v128.store(out, low_f32x4);
  v128.store(out, high_f32x4, 16);
}
