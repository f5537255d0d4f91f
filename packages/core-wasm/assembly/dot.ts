/**
 * Inner products.
 *
 *   dotF32        one pair                 <a, b>
 *   dotF32Rows    one query × n rows       out[i] = <q, rows[i]>
 *   dotF32Tile    nq queries × n rows      out[a·n + i] = <queries[a], rows[i]>
 *   dotI8Rows     signed bytes, exact      out[i] = Σ q[j]·rows[i][j]
 *
 * Matrices are row-major and compact. Rows are taken four at a time, so that a query vector is loaded once for four
 * rows and eight independent sums hide the latency of the addition. A float result is within (2d−1)·2⁻²³·Σ|x||y| of
 * the exact one; the order of the sum differs between kernels, and the relaxed build may fuse.
 * Search only: nothing here writes bytes of a model.
 */
import { loadTailF32, madd, sumF32x4, sumFourF32x4, sumI32x4 } from './lanes';

/** <a, b> of two rows of d floats. */
export function dotF32(a: usize, b: usize, d: usize): f32 {
  let sum0_f32x4 = f32x4.splat(0);
  let sum1_f32x4 = f32x4.splat(0);
  let sum2_f32x4 = f32x4.splat(0);
  let sum3_f32x4 = f32x4.splat(0);
  const end16 = a + ((d & ~15) << 2);
  const end4 = a + ((d & ~3) << 2);
  while (a < end16) {
    sum0_f32x4 = madd(v128.load(a), v128.load(b), sum0_f32x4);
    sum1_f32x4 = madd(v128.load(a, 16), v128.load(b, 16), sum1_f32x4);
    sum2_f32x4 = madd(v128.load(a, 32), v128.load(b, 32), sum2_f32x4);
    sum3_f32x4 = madd(v128.load(a, 48), v128.load(b, 48), sum3_f32x4);
    a += 64;
    b += 64;
  }
  while (a < end4) {
    sum0_f32x4 = madd(v128.load(a), v128.load(b), sum0_f32x4);
    a += 16;
    b += 16;
  }
  const tail = d & 3;
  if (tail) sum1_f32x4 = madd(loadTailF32(a, tail), loadTailF32(b, tail), sum1_f32x4);
  return sumF32x4(f32x4.add(f32x4.add(sum0_f32x4, sum1_f32x4), f32x4.add(sum2_f32x4, sum3_f32x4)));
}

/** out[i] = <q, rows[i]>; q f32[d], rows f32[n × d], out f32[n]. */
export function dotF32Rows(q: usize, rows: usize, n: usize, d: usize, out: usize): void {
  const rowBytes = d << 2;
  const tail = d & 3;
  const end8 = q + ((d & ~7) << 2);
  let i: usize = 0;
  for (; i + 4 <= n; i += 4) {
    let even0_f32x4 = f32x4.splat(0);
    let even1_f32x4 = f32x4.splat(0);
    let even2_f32x4 = f32x4.splat(0);
    let even3_f32x4 = f32x4.splat(0);
    let odd0_f32x4 = f32x4.splat(0);
    let odd1_f32x4 = f32x4.splat(0);
    let odd2_f32x4 = f32x4.splat(0);
    let odd3_f32x4 = f32x4.splat(0);
    let queryPtr = q;
    let row0 = rows;
    let row1 = rows + rowBytes;
    let row2 = row1 + rowBytes;
    let row3 = row2 + rowBytes;
    while (queryPtr < end8) {
      const query0_f32x4 = v128.load(queryPtr);
      const query1_f32x4 = v128.load(queryPtr, 16);
      even0_f32x4 = madd(query0_f32x4, v128.load(row0), even0_f32x4);
      odd0_f32x4 = madd(query1_f32x4, v128.load(row0, 16), odd0_f32x4);
      even1_f32x4 = madd(query0_f32x4, v128.load(row1), even1_f32x4);
      odd1_f32x4 = madd(query1_f32x4, v128.load(row1, 16), odd1_f32x4);
      even2_f32x4 = madd(query0_f32x4, v128.load(row2), even2_f32x4);
      odd2_f32x4 = madd(query1_f32x4, v128.load(row2, 16), odd2_f32x4);
      even3_f32x4 = madd(query0_f32x4, v128.load(row3), even3_f32x4);
      odd3_f32x4 = madd(query1_f32x4, v128.load(row3, 16), odd3_f32x4);
      queryPtr += 32;
      row0 += 32;
      row1 += 32;
      row2 += 32;
      row3 += 32;
    }
    if (d & 4) {
      const query_f32x4 = v128.load(queryPtr);
      even0_f32x4 = madd(query_f32x4, v128.load(row0), even0_f32x4);
      even1_f32x4 = madd(query_f32x4, v128.load(row1), even1_f32x4);
      even2_f32x4 = madd(query_f32x4, v128.load(row2), even2_f32x4);
      even3_f32x4 = madd(query_f32x4, v128.load(row3), even3_f32x4);
      queryPtr += 16;
      row0 += 16;
      row1 += 16;
      row2 += 16;
      row3 += 16;
    }
    if (tail) {
      const query_f32x4 = loadTailF32(queryPtr, tail);
      odd0_f32x4 = madd(query_f32x4, loadTailF32(row0, tail), odd0_f32x4);
      odd1_f32x4 = madd(query_f32x4, loadTailF32(row1, tail), odd1_f32x4);
      odd2_f32x4 = madd(query_f32x4, loadTailF32(row2, tail), odd2_f32x4);
      odd3_f32x4 = madd(query_f32x4, loadTailF32(row3, tail), odd3_f32x4);
    }
    v128.store(
      out + (i << 2),
      sumFourF32x4(
        f32x4.add(even0_f32x4, odd0_f32x4),
        f32x4.add(even1_f32x4, odd1_f32x4),
        f32x4.add(even2_f32x4, odd2_f32x4),
        f32x4.add(even3_f32x4, odd3_f32x4),
      ),
    );
    rows += rowBytes << 2;
  }
  for (; i < n; i++) {
    store<f32>(out + (i << 2), dotF32(q, rows, d));
    rows += rowBytes;
  }
}

/**
 * out[a·n + i] = <queries[a], rows[i]>; queries f32[nq × d], rows f32[n × d], out f32[nq × n].
 * Blocks of 2 queries × 4 rows: six loads feed eight products.
 */
export function dotF32Tile(queries: usize, nq: usize, rows: usize, n: usize, d: usize, out: usize): void {
  const rowBytes = d << 2;
  const outBytes = n << 2;
  const pairs = nq & ~1;
  const quads = n & ~3;
  const tail = d & 3;
  // Rows outermost: four rows stay in the first-level cache while all queries pass over them.
  for (let i: usize = 0; i < quads; i += 4) {
    const block = rows + i * rowBytes;
    for (let a: usize = 0; a < pairs; a += 2) {
      let sum00_f32x4 = f32x4.splat(0);
      let sum01_f32x4 = f32x4.splat(0);
      let sum02_f32x4 = f32x4.splat(0);
      let sum03_f32x4 = f32x4.splat(0);
      let sum10_f32x4 = f32x4.splat(0);
      let sum11_f32x4 = f32x4.splat(0);
      let sum12_f32x4 = f32x4.splat(0);
      let sum13_f32x4 = f32x4.splat(0);
      let query0 = queries + a * rowBytes;
      let query1 = query0 + rowBytes;
      let row0 = block;
      let row1 = row0 + rowBytes;
      let row2 = row1 + rowBytes;
      let row3 = row2 + rowBytes;
      const end4 = query0 + ((d & ~3) << 2);
      while (query0 < end4) {
        const query0_f32x4 = v128.load(query0);
        const query1_f32x4 = v128.load(query1);
        const row0_f32x4 = v128.load(row0);
        sum00_f32x4 = madd(query0_f32x4, row0_f32x4, sum00_f32x4);
        sum10_f32x4 = madd(query1_f32x4, row0_f32x4, sum10_f32x4);
        const row1_f32x4 = v128.load(row1);
        sum01_f32x4 = madd(query0_f32x4, row1_f32x4, sum01_f32x4);
        sum11_f32x4 = madd(query1_f32x4, row1_f32x4, sum11_f32x4);
        const row2_f32x4 = v128.load(row2);
        sum02_f32x4 = madd(query0_f32x4, row2_f32x4, sum02_f32x4);
        sum12_f32x4 = madd(query1_f32x4, row2_f32x4, sum12_f32x4);
        const row3_f32x4 = v128.load(row3);
        sum03_f32x4 = madd(query0_f32x4, row3_f32x4, sum03_f32x4);
        sum13_f32x4 = madd(query1_f32x4, row3_f32x4, sum13_f32x4);
        query0 += 16;
        query1 += 16;
        row0 += 16;
        row1 += 16;
        row2 += 16;
        row3 += 16;
      }
      if (tail) {
        const query0_f32x4 = loadTailF32(query0, tail);
        const query1_f32x4 = loadTailF32(query1, tail);
        const row0_f32x4 = loadTailF32(row0, tail);
        sum00_f32x4 = madd(query0_f32x4, row0_f32x4, sum00_f32x4);
        sum10_f32x4 = madd(query1_f32x4, row0_f32x4, sum10_f32x4);
        const row1_f32x4 = loadTailF32(row1, tail);
        sum01_f32x4 = madd(query0_f32x4, row1_f32x4, sum01_f32x4);
        sum11_f32x4 = madd(query1_f32x4, row1_f32x4, sum11_f32x4);
        const row2_f32x4 = loadTailF32(row2, tail);
        sum02_f32x4 = madd(query0_f32x4, row2_f32x4, sum02_f32x4);
        sum12_f32x4 = madd(query1_f32x4, row2_f32x4, sum12_f32x4);
        const row3_f32x4 = loadTailF32(row3, tail);
        sum03_f32x4 = madd(query0_f32x4, row3_f32x4, sum03_f32x4);
        sum13_f32x4 = madd(query1_f32x4, row3_f32x4, sum13_f32x4);
      }
      const outPtr = out + a * outBytes + (i << 2);
      v128.store(outPtr, sumFourF32x4(sum00_f32x4, sum01_f32x4, sum02_f32x4, sum03_f32x4));
      v128.store(outPtr + outBytes, sumFourF32x4(sum10_f32x4, sum11_f32x4, sum12_f32x4, sum13_f32x4));
    }
  }
  for (let a: usize = 0; a < pairs; a++) {
    dotF32Rows(
      queries + a * rowBytes,
      rows + quads * rowBytes,
      n - quads,
      d,
      out + a * outBytes + (quads << 2),
    );
  }
  if (pairs < nq) dotF32Rows(queries + pairs * rowBytes, rows, n, d, out + pairs * outBytes);
}

/**
 * out[i] = Σ q[j]·rows[i][j], exact; q i8[d], rows i8[n × d], out i32[n].
 *
 * Overflow: bytes widen to i16; a lane of `dot_i16x8_s` is at most 2·(−128)² = 32,768 and the whole sum at most
 * d·16,384, below 2³¹ for d ≤ 131,071.
 */
export function dotI8Rows(q: usize, rows: usize, n: usize, d: usize, out: usize): void {
  assert(d <= 131071);
  const end16 = q + (d & ~15);
  let i: usize = 0;
  for (; i + 2 <= n; i += 2) {
    let low0_i32x4 = i32x4.splat(0);
    let low1_i32x4 = i32x4.splat(0);
    let high0_i32x4 = i32x4.splat(0);
    let high1_i32x4 = i32x4.splat(0);
    let queryPtr = q;
    let row0 = rows;
    let row1 = rows + d;
    while (queryPtr < end16) {
      const queryLow_i16x8 = v128.load8x8_s(queryPtr);
      const queryHigh_i16x8 = v128.load8x8_s(queryPtr, 8);
      low0_i32x4 = i32x4.add(low0_i32x4, i32x4.dot_i16x8_s(queryLow_i16x8, v128.load8x8_s(row0)));
      low1_i32x4 = i32x4.add(low1_i32x4, i32x4.dot_i16x8_s(queryLow_i16x8, v128.load8x8_s(row1)));
      high0_i32x4 = i32x4.add(high0_i32x4, i32x4.dot_i16x8_s(queryHigh_i16x8, v128.load8x8_s(row0, 8)));
      high1_i32x4 = i32x4.add(high1_i32x4, i32x4.dot_i16x8_s(queryHigh_i16x8, v128.load8x8_s(row1, 8)));
      queryPtr += 16;
      row0 += 16;
      row1 += 16;
    }
    let sum0 = sumI32x4(i32x4.add(low0_i32x4, high0_i32x4));
    let sum1 = sumI32x4(i32x4.add(low1_i32x4, high1_i32x4));
    for (const end = q + d; queryPtr < end; queryPtr++, row0++, row1++) {
      const value = <i32>load<i8>(queryPtr);
      sum0 += value * <i32>load<i8>(row0);
      sum1 += value * <i32>load<i8>(row1);
    }
    store<i32>(out + (i << 2), sum0);
    store<i32>(out + (i << 2) + 4, sum1);
    rows += d << 1;
  }
  if (i < n) store<i32>(out + (i << 2), dotI8(q, rows, d));
}

function dotI8(a: usize, b: usize, d: usize): i32 {
  let sum_i32x4 = i32x4.splat(0);
  const end = a + d;
  const end8 = a + (d & ~7);
  while (a < end8) {
    sum_i32x4 = i32x4.add(sum_i32x4, i32x4.dot_i16x8_s(v128.load8x8_s(a), v128.load8x8_s(b)));
    a += 8;
    b += 8;
  }
  let sum = sumI32x4(sum_i32x4);
  while (a < end) sum += <i32>load<i8>(a++) * <i32>load<i8>(b++);
  return sum;
}
