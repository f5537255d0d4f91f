/**
 * Squared Euclidean distances and norms.
 *
 *   l2F32        one pair                 |a − b|²
 *   l2F32Rows    one query × n rows       out[i] = |q − rows[i]|²
 *   l2F32Tile    nq queries × n rows      out[a·n + i] = |queries[a] − rows[i]|²
 *   normF32Rows  n rows                   out[i] = |rows[i]|²
 *
 * Same shapes and blocking as dot.ts. Differences are squared and summed directly, never expanded into
 * |a|² − 2<a,b> + |b|², which loses all digits of near neighbours. A result is within (2d+1)·2⁻²³ of the exact one,
 * relatively (the difference rounds once more than a product). Search only: the relaxed build may fuse.
 */
import { loadTailF32, madd, sumF32x4, sumFourF32x4 } from './lanes';

/** |a − b|² of two rows of d floats. */
export function l2F32(a: usize, b: usize, d: usize): f32 {
  let sum0_f32x4 = f32x4.splat(0);
  let sum1_f32x4 = f32x4.splat(0);
  let sum2_f32x4 = f32x4.splat(0);
  let sum3_f32x4 = f32x4.splat(0);
  const end16 = a + ((d & ~15) << 2);
  const end4 = a + ((d & ~3) << 2);
  while (a < end16) {
    sum0_f32x4 = addSquare(v128.load(a), v128.load(b), sum0_f32x4);
    sum1_f32x4 = addSquare(v128.load(a, 16), v128.load(b, 16), sum1_f32x4);
    sum2_f32x4 = addSquare(v128.load(a, 32), v128.load(b, 32), sum2_f32x4);
    sum3_f32x4 = addSquare(v128.load(a, 48), v128.load(b, 48), sum3_f32x4);
    a += 64;
    b += 64;
  }
  while (a < end4) {
    sum0_f32x4 = addSquare(v128.load(a), v128.load(b), sum0_f32x4);
    a += 16;
    b += 16;
  }
  const tail = d & 3;
  if (tail) sum1_f32x4 = addSquare(loadTailF32(a, tail), loadTailF32(b, tail), sum1_f32x4);
  return sumF32x4(f32x4.add(f32x4.add(sum0_f32x4, sum1_f32x4), f32x4.add(sum2_f32x4, sum3_f32x4)));
}

/** out[i] = |q − rows[i]|²; q f32[d], rows f32[n × d], out f32[n]. */
export function l2F32Rows(q: usize, rows: usize, n: usize, d: usize, out: usize): void {
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
      even0_f32x4 = addSquare(query0_f32x4, v128.load(row0), even0_f32x4);
      odd0_f32x4 = addSquare(query1_f32x4, v128.load(row0, 16), odd0_f32x4);
      even1_f32x4 = addSquare(query0_f32x4, v128.load(row1), even1_f32x4);
      odd1_f32x4 = addSquare(query1_f32x4, v128.load(row1, 16), odd1_f32x4);
      even2_f32x4 = addSquare(query0_f32x4, v128.load(row2), even2_f32x4);
      odd2_f32x4 = addSquare(query1_f32x4, v128.load(row2, 16), odd2_f32x4);
      even3_f32x4 = addSquare(query0_f32x4, v128.load(row3), even3_f32x4);
      odd3_f32x4 = addSquare(query1_f32x4, v128.load(row3, 16), odd3_f32x4);
      queryPtr += 32;
      row0 += 32;
      row1 += 32;
      row2 += 32;
      row3 += 32;
    }
    if (d & 4) {
      const query_f32x4 = v128.load(queryPtr);
      even0_f32x4 = addSquare(query_f32x4, v128.load(row0), even0_f32x4);
      even1_f32x4 = addSquare(query_f32x4, v128.load(row1), even1_f32x4);
      even2_f32x4 = addSquare(query_f32x4, v128.load(row2), even2_f32x4);
      even3_f32x4 = addSquare(query_f32x4, v128.load(row3), even3_f32x4);
      queryPtr += 16;
      row0 += 16;
      row1 += 16;
      row2 += 16;
      row3 += 16;
    }
    if (tail) {
      const query_f32x4 = loadTailF32(queryPtr, tail);
      odd0_f32x4 = addSquare(query_f32x4, loadTailF32(row0, tail), odd0_f32x4);
      odd1_f32x4 = addSquare(query_f32x4, loadTailF32(row1, tail), odd1_f32x4);
      odd2_f32x4 = addSquare(query_f32x4, loadTailF32(row2, tail), odd2_f32x4);
      odd3_f32x4 = addSquare(query_f32x4, loadTailF32(row3, tail), odd3_f32x4);
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
    store<f32>(out + (i << 2), l2F32(q, rows, d));
    rows += rowBytes;
  }
}

/**
 * out[a·n + i] = |queries[a] − rows[i]|²; queries f32[nq × d], rows f32[n × d], out f32[nq × n].
 * Blocks of 2 queries × 4 rows: six loads feed eight squares.
 */
export function l2F32Tile(queries: usize, nq: usize, rows: usize, n: usize, d: usize, out: usize): void {
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
        sum00_f32x4 = addSquare(query0_f32x4, row0_f32x4, sum00_f32x4);
        sum10_f32x4 = addSquare(query1_f32x4, row0_f32x4, sum10_f32x4);
        const row1_f32x4 = v128.load(row1);
        sum01_f32x4 = addSquare(query0_f32x4, row1_f32x4, sum01_f32x4);
        sum11_f32x4 = addSquare(query1_f32x4, row1_f32x4, sum11_f32x4);
        const row2_f32x4 = v128.load(row2);
        sum02_f32x4 = addSquare(query0_f32x4, row2_f32x4, sum02_f32x4);
        sum12_f32x4 = addSquare(query1_f32x4, row2_f32x4, sum12_f32x4);
        const row3_f32x4 = v128.load(row3);
        sum03_f32x4 = addSquare(query0_f32x4, row3_f32x4, sum03_f32x4);
        sum13_f32x4 = addSquare(query1_f32x4, row3_f32x4, sum13_f32x4);
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
        sum00_f32x4 = addSquare(query0_f32x4, row0_f32x4, sum00_f32x4);
        sum10_f32x4 = addSquare(query1_f32x4, row0_f32x4, sum10_f32x4);
        const row1_f32x4 = loadTailF32(row1, tail);
        sum01_f32x4 = addSquare(query0_f32x4, row1_f32x4, sum01_f32x4);
        sum11_f32x4 = addSquare(query1_f32x4, row1_f32x4, sum11_f32x4);
        const row2_f32x4 = loadTailF32(row2, tail);
        sum02_f32x4 = addSquare(query0_f32x4, row2_f32x4, sum02_f32x4);
        sum12_f32x4 = addSquare(query1_f32x4, row2_f32x4, sum12_f32x4);
        const row3_f32x4 = loadTailF32(row3, tail);
        sum03_f32x4 = addSquare(query0_f32x4, row3_f32x4, sum03_f32x4);
        sum13_f32x4 = addSquare(query1_f32x4, row3_f32x4, sum13_f32x4);
      }
      const outPtr = out + a * outBytes + (i << 2);
      v128.store(outPtr, sumFourF32x4(sum00_f32x4, sum01_f32x4, sum02_f32x4, sum03_f32x4));
      v128.store(outPtr + outBytes, sumFourF32x4(sum10_f32x4, sum11_f32x4, sum12_f32x4, sum13_f32x4));
    }
  }
  for (let a: usize = 0; a < pairs; a++) {
    l2F32Rows(
      queries + a * rowBytes,
      rows + quads * rowBytes,
      n - quads,
      d,
      out + a * outBytes + (quads << 2),
    );
  }
  if (pairs < nq) l2F32Rows(queries + pairs * rowBytes, rows, n, d, out + pairs * outBytes);
}

/** out[i] = |rows[i]|² = <rows[i], rows[i]>; rows f32[n × d], out f32[n]. */
export function normF32Rows(rows: usize, n: usize, d: usize, out: usize): void {
  const tail = d & 3;
  let ptr = rows;
  for (let i: usize = 0; i < n; i++) {
    let sum0_f32x4 = f32x4.splat(0);
    let sum1_f32x4 = f32x4.splat(0);
    let sum2_f32x4 = f32x4.splat(0);
    let sum3_f32x4 = f32x4.splat(0);
    const end16 = ptr + ((d & ~15) << 2);
    const end4 = ptr + ((d & ~3) << 2);
    while (ptr < end16) {
      const part0_f32x4 = v128.load(ptr);
      const part1_f32x4 = v128.load(ptr, 16);
      const part2_f32x4 = v128.load(ptr, 32);
      const part3_f32x4 = v128.load(ptr, 48);
      sum0_f32x4 = madd(part0_f32x4, part0_f32x4, sum0_f32x4);
      sum1_f32x4 = madd(part1_f32x4, part1_f32x4, sum1_f32x4);
      sum2_f32x4 = madd(part2_f32x4, part2_f32x4, sum2_f32x4);
      sum3_f32x4 = madd(part3_f32x4, part3_f32x4, sum3_f32x4);
      ptr += 64;
    }
    while (ptr < end4) {
      const part_f32x4 = v128.load(ptr);
      sum0_f32x4 = madd(part_f32x4, part_f32x4, sum0_f32x4);
      ptr += 16;
    }
    if (tail) {
      const part_f32x4 = loadTailF32(ptr, tail);
      sum1_f32x4 = madd(part_f32x4, part_f32x4, sum1_f32x4);
      ptr += tail << 2;
    }
    store<f32>(
      out + (i << 2),
      sumF32x4(f32x4.add(f32x4.add(sum0_f32x4, sum1_f32x4), f32x4.add(sum2_f32x4, sum3_f32x4))),
    );
  }
}

/** sum + (a − b)² in each lane. */
function addSquare(a: v128, b: v128, sum: v128): v128 {
  const difference_f32x4 = f32x4.sub(a, b);
  return madd(difference_f32x4, difference_f32x4, sum);
}
