/** Products of small dense matrices, row-major: what the projections are made of. */
import type { Core } from '@sagitta/core-wasm';

/** a (r × s) · b (s × d). */
export function product(a: Float64Array, b: Float64Array, s: number): Float64Array {
  const rows = a.length / s;
  const d = b.length / s;
  const out = new Float64Array(rows * d);
  for (let i = 0; i < rows; i++) {
    const target = out.subarray(i * d, (i + 1) * d);
    for (let t = 0; t < s; t++) {
      const weight = a[i * s + t] as number;
      if (weight === 0) continue;
      const row = b.subarray(t * d, (t + 1) * d);
      for (let j = 0; j < d; j++) target[j] = (target[j] as number) + weight * (row[j] as number);
    }
  }
  return out;
}

/** a (r × s) · b (s × d) in f32 by a kernel that rounds alike in every build: a hundred times faster. */
export function fastProduct(core: Core, a: Float64Array, b: Float64Array, s: number): Float64Array {
  const rows = a.length / s;
  const d = b.length / s;
  return core.scope((scope) => {
    const left = scope.reserve(4 * a.length);
    const right = scope.reserve(4 * b.length);
    const out = scope.reserve(4 * rows * d);
    left.f32(0, a.length).set(a);
    right.f32(0, b.length).set(b);
    core.kernels.matmulF32(left.at(), right.at(), rows, d, s, out.at());
    return Float64Array.from(out.f32(0, rows * d));
  });
}

/** m (r × d) as d × r. */
export function transposed(m: Float64Array, d: number): Float64Array {
  const rows = m.length / d;
  const out = new Float64Array(m.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < d; j++) out[j * rows + i] = m[i * d + j] as number;
  return out;
}

/** Σ_i value_i·v_i·v_iᵀ of rows v_i (r × d): d × d. */
export function spectral(rows: ArrayLike<number>, values: ArrayLike<number>, d: number): Float64Array {
  const count = values.length;
  const scaled = new Float64Array(count * d);
  const transposed = new Float64Array(d * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < d; j++) {
      scaled[i * d + j] = (rows[i * d + j] as number) * (values[i] as number);
      transposed[j * count + i] = rows[i * d + j] as number;
    }
  }
  return product(transposed, scaled, count);
}

/** Makes m (d × d) equal to its transpose, which rounding may have undone. */
export function makeSymmetric(m: Float64Array, d: number): void {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < i; j++) {
      const mean = ((m[i * d + j] as number) + (m[j * d + i] as number)) / 2;
      m[i * d + j] = mean;
      m[j * d + i] = mean;
    }
  }
}
