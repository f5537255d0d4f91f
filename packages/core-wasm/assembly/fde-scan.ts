/**
 * Scans of codes that lie block by block: scores add up over the blocks that a query touches, one call a block and chunk.
 *
 *   addDotF32Rows  out[i] += <q, row i>, f32
 *   addDotI8Rows   out[i] += unit·<q, row i>, i16 query, i8 rows, the product exact
 *   addScores      out[i] += factor_i·(a·value_i + b)
 *   finishScores   out[i] = -(base + factor_i·out[i]): smaller is better, as the heap has it
 *   gatherRows     rows of a list, one after the other
 *
 * Search only: nothing here writes bytes of a model, so products may fuse in the relaxed build.
 */
import { loadTailF32, madd, sumF32x4, sumI32x4 } from './lanes';

/** q f32[d], rows f32[n × d], out f32[n]. */
export function addDotF32Rows(q: usize, rows: usize, n: usize, d: usize, out: usize): void {
  const tail = d & 3;
  const end8 = q + ((d & ~7) << 2);
  for (let i: usize = 0; i < n; i++, out += 4) {
    let even_f32x4 = f32x4.splat(0);
    let odd_f32x4 = f32x4.splat(0);
    let at = q;
    for (; at < end8; at += 32, rows += 32) {
      even_f32x4 = madd(v128.load(at), v128.load(rows), even_f32x4);
      odd_f32x4 = madd(v128.load(at, 16), v128.load(rows, 16), odd_f32x4);
    }
    if (d & 4) {
      even_f32x4 = madd(v128.load(at), v128.load(rows), even_f32x4);
      at += 16;
      rows += 16;
    }
    if (tail) {
      odd_f32x4 = madd(loadTailF32(at, tail), loadTailF32(rows, tail), odd_f32x4);
      rows += tail << 2;
    }
    store<f32>(out, load<f32>(out) + sumF32x4(f32x4.add(even_f32x4, odd_f32x4)));
  }
}

/**
 * q i16[d], rows i8[n × d], out f32[n]; each row's product is exact in i32 before it is scaled.
 *
 * Overflow: the caller keeps Σ|q_j|·128 below 2³¹; every lane is a part of that sum.
 */
export function addDotI8Rows(q: usize, rows: usize, n: usize, d: usize, unit: f32, out: usize): void {
  const end16 = q + ((d & ~15) << 1);
  const end = q + (d << 1);
  for (let i: usize = 0; i < n; i++, out += 4) {
    let even_i32x4 = i32x4.splat(0);
    let odd_i32x4 = i32x4.splat(0);
    let at = q;
    for (; at < end16; at += 32, rows += 16) {
      even_i32x4 = i32x4.add(even_i32x4, i32x4.dot_i16x8_s(v128.load(at), v128.load8x8_s(rows)));
      odd_i32x4 = i32x4.add(odd_i32x4, i32x4.dot_i16x8_s(v128.load(at, 16), v128.load8x8_s(rows, 8)));
    }
    let sum = sumI32x4(i32x4.add(even_i32x4, odd_i32x4));
    for (; at < end; at += 2, rows++) sum += <i32>load<i16>(at) * <i32>load<i8>(rows);
    store<f32>(out, load<f32>(out) + unit * <f32>sum);
  }
}

/** values f32[n], factors f32[n] or 0 (all 1), out f32[n]. */
export function addScores(values: usize, factors: usize, n: usize, a: f32, b: f32, out: usize): void {
  for (let i: usize = 0; i < n << 2; i += 4) {
    const value = a * load<f32>(values + i) + b;
    const factor: f32 = factors === 0 ? 1 : load<f32>(factors + i);
    store<f32>(out + i, load<f32>(out + i) + factor * value);
  }
}

/** factors f32[n] or 0 (all 1), out f32[n]. */
export function finishScores(factors: usize, n: usize, base: f32, out: usize): void {
  for (let i: usize = 0; i < n << 2; i += 4) {
    const factor: f32 = factors === 0 ? 1 : load<f32>(factors + i);
    store<f32>(out + i, -(base + factor * load<f32>(out + i)));
  }
}

/** out[j] = rows[list[j]], rows of rowBytes bytes, list u32[n]. */
export function gatherRows(rows: usize, rowBytes: usize, list: usize, n: usize, out: usize): void {
  for (let j: usize = 0; j < n; j++, out += rowBytes) {
    memory.copy(out, rows + <usize>load<u32>(list + (j << 2)) * rowBytes, rowBytes);
  }
}
