/**
 * Fast Walsh–Hadamard transform and the random rotation built from it.
 *
 * hadamardF32Rows  x ← H·x, H the d × d matrix of ±1, unnormalised (H·H = d·I), d a power of two.
 * rotateF32Rows    "FhtKac": with t = 2^floor(log2 d), four rounds of
 *                    1. flip the signs of all d coordinates by a random mask
 *                    2. normalised Hadamard on the first t coordinates (rounds 1, 3) or the last t (rounds 2, 4)
 *                    3. if t < d: the butterfly (x_i, x_{i+d/2}) → (sum, difference)
 *                  and, if t < d, ×1/4 at the end for the four unnormalised butterflies (√2⁴).
 *
 * Reference: FhtKacRotator of RaBitQ-Library. There d is padded to a multiple of 64 and the Hadamard block is taken
 * from the unpadded length; here d is what the caller has, any multiple of 16, so segments of 16, 32, 48, 80… work.
 * Orthonormal up to rounding: the error of a rotated row is below 4·(log2 t + 3)·2⁻²⁴·|x| in norm. Cost
 * 4·(log2 t + 3)·d additions a row; state 4·d sign bits, given as words for one xor a vector.
 *
 * Rotations write bytes of models: no fused operations, stages in ascending order h = 1, 2, 4, …; two or four stages
 * in one pass over memory give the same bits as one at a time, since each is the same sums of the same operands.
 */

/** In place, each of n rows of d floats, d a power of two; unnormalised. */
export function hadamardF32Rows(rows: usize, n: usize, d: usize): void {
  assert(d > 0 && (d & (d - 1)) === 0);
  const rowBytes = d << 2;
  for (let i: usize = 0; i < n; i++) {
    hadamard(rows, d);
    rows += rowBytes;
  }
}

/**
 * Rotates, in place, d floats at the start of each of n rows that lie `stride` floats apart (stride ≥ d; a segment
 * inside longer rows is rotated by pointing at its first float). d is a multiple of 16.
 * signs: u32[4 × d], each 0 or 0x80000000: the mask of round r is signs[r·d … r·d + d).
 */
export function rotateF32Rows(rows: usize, n: usize, stride: usize, d: usize, signs: usize): void {
  assert(d >= 16 && (d & 15) === 0 && stride >= d);
  const t: usize = (<usize>1) << (31 - clz<u32>(<u32>d));
  const scale = <f32>(1.0 / sqrt<f64>(<f64>t));
  const rowBytes = d << 2;
  const lastBytes = (d - t) << 2;
  for (let i: usize = 0; i < n; i++) {
    for (let round: usize = 0; round < 4; round++) {
      const block = round & 1 ? rows + lastBytes : rows;
      flipSigns(rows, d, signs + round * rowBytes);
      hadamard(block, t);
      scaleRow(block, t, scale);
      if (t < d) butterflyHalves(rows, d, round === 3 ? <f32>0.25 : <f32>1);
    }
    rows += stride << 2;
  }
}

function flipSigns(ptr: usize, d: usize, signs: usize): void {
  for (const end = ptr + (d << 2); ptr < end; ptr += 32, signs += 32) {
    v128.store(ptr, v128.xor(v128.load(ptr), v128.load(signs)));
    v128.store(ptr, v128.xor(v128.load(ptr, 16), v128.load(signs, 16)), 16);
  }
}

function scaleRow(ptr: usize, d: usize, scale: f32): void {
  const scale_f32x4 = f32x4.splat(scale);
  for (const end = ptr + (d << 2); ptr < end; ptr += 32) {
    v128.store(ptr, f32x4.mul(v128.load(ptr), scale_f32x4));
    v128.store(ptr, f32x4.mul(v128.load(ptr, 16), scale_f32x4), 16);
  }
}

/** (x_i, x_{i+d/2}) → scale·(sum, difference); the scale is a power of two, so it rounds nothing. */
function butterflyHalves(ptr: usize, d: usize, scale: f32): void {
  const half = d << 1;
  const scale_f32x4 = f32x4.splat(scale);
  for (const end = ptr + half; ptr < end; ptr += 16) {
    const low_f32x4 = v128.load(ptr);
    const high_f32x4 = v128.load(ptr + half);
    v128.store(ptr, f32x4.mul(f32x4.add(low_f32x4, high_f32x4), scale_f32x4));
    v128.store(ptr + half, f32x4.mul(f32x4.sub(low_f32x4, high_f32x4), scale_f32x4));
  }
}

function hadamard(ptr: usize, d: usize): void {
  if (d < 16) {
    hadamardShort(ptr, d);
    return;
  }
  const bytes = d << 2;
  const end = ptr + bytes;
  for (let block = ptr; block < end; block += 64) hadamard16(block);
  // Two stages a pass: distances h and 2h, in bytes.
  let h: usize = 64;
  for (; h << 1 < bytes; h <<= 2) {
    for (let block = ptr; block < end; block += h << 2) {
      for (let p = block, stop = block + h; p < stop; p += 16) {
        const p1 = p + h;
        const p2 = p1 + h;
        const p3 = p2 + h;
        const x0_f32x4 = v128.load(p);
        const x1_f32x4 = v128.load(p1);
        const x2_f32x4 = v128.load(p2);
        const x3_f32x4 = v128.load(p3);
        const sum01_f32x4 = f32x4.add(x0_f32x4, x1_f32x4);
        const difference01_f32x4 = f32x4.sub(x0_f32x4, x1_f32x4);
        const sum23_f32x4 = f32x4.add(x2_f32x4, x3_f32x4);
        const difference23_f32x4 = f32x4.sub(x2_f32x4, x3_f32x4);
        v128.store(p, f32x4.add(sum01_f32x4, sum23_f32x4));
        v128.store(p1, f32x4.add(difference01_f32x4, difference23_f32x4));
        v128.store(p2, f32x4.sub(sum01_f32x4, sum23_f32x4));
        v128.store(p3, f32x4.sub(difference01_f32x4, difference23_f32x4));
      }
    }
  }
  if (h < bytes) {
    for (let p = ptr, stop = ptr + h; p < stop; p += 16) {
      const low_f32x4 = v128.load(p);
      const high_f32x4 = v128.load(p + h);
      v128.store(p, f32x4.add(low_f32x4, high_f32x4));
      v128.store(p + h, f32x4.sub(low_f32x4, high_f32x4));
    }
  }
}

/** Stages h = 1, 2 by shuffles and h = 4, 8 between vectors: 16 floats in four registers. */
function hadamard16(ptr: usize): void {
  const x0_f32x4 = hadamardLanes(v128.load(ptr));
  const x1_f32x4 = hadamardLanes(v128.load(ptr, 16));
  const x2_f32x4 = hadamardLanes(v128.load(ptr, 32));
  const x3_f32x4 = hadamardLanes(v128.load(ptr, 48));
  const sum01_f32x4 = f32x4.add(x0_f32x4, x1_f32x4);
  const difference01_f32x4 = f32x4.sub(x0_f32x4, x1_f32x4);
  const sum23_f32x4 = f32x4.add(x2_f32x4, x3_f32x4);
  const difference23_f32x4 = f32x4.sub(x2_f32x4, x3_f32x4);
  v128.store(ptr, f32x4.add(sum01_f32x4, sum23_f32x4));
  v128.store(ptr, f32x4.add(difference01_f32x4, difference23_f32x4), 16);
  v128.store(ptr, f32x4.sub(sum01_f32x4, sum23_f32x4), 32);
  v128.store(ptr, f32x4.sub(difference01_f32x4, difference23_f32x4), 48);
}

/**
 * (a b c d) → stage 1 (a+b a−b c+d c−d) → stage 2 pairs at distance 2. A difference is the sum with one operand's
 * sign flipped, which is exact, so each stage is shuffle, xor, add.
 */
function hadamardLanes(v: v128): v128 {
  const oddSigns = i32x4(0, i32.MIN_VALUE, 0, i32.MIN_VALUE);
  const highSigns = i32x4(0, 0, i32.MIN_VALUE, i32.MIN_VALUE);
  const stage1_f32x4 = f32x4.add(
    v128.shuffle<f32>(v, v, 0, 0, 2, 2),
    v128.xor(v128.shuffle<f32>(v, v, 1, 1, 3, 3), oddSigns),
  );
  return f32x4.add(
    v128.shuffle<f32>(stage1_f32x4, stage1_f32x4, 0, 1, 0, 1),
    v128.xor(v128.shuffle<f32>(stage1_f32x4, stage1_f32x4, 2, 3, 2, 3), highSigns),
  );
}

/** d = 1, 2, 4 or 8: plain loops. */
function hadamardShort(ptr: usize, d: usize): void {
  for (let h: usize = 1; h < d; h <<= 1) {
    for (let i: usize = 0; i < d; i++) {
      if (i & h) continue;
      const lowPtr = ptr + (i << 2);
      const highPtr = lowPtr + (h << 2);
      const low = load<f32>(lowPtr);
      const high = load<f32>(highPtr);
      store<f32>(lowPtr, low + high);
      store<f32>(highPtr, low - high);
    }
  }
}
