/** Scores of float32 rows in f64: what estimates and f32 kernels are measured against. */

/** Σ a[i]·b[i] over d values from places a0 and b0. */
export function dotF64(a: Float32Array, a0: number, b: Float32Array, b0: number, d: number): number {
  let even = 0;
  let odd = 0;
  const pairs = d & ~1;
  for (let i = 0; i < pairs; i += 2) {
    even += (a[a0 + i] as number) * (b[b0 + i] as number);
    odd += (a[a0 + i + 1] as number) * (b[b0 + i + 1] as number);
  }
  if (pairs < d) even += (a[a0 + pairs] as number) * (b[b0 + pairs] as number);
  return even + odd;
}

/** Σ (a[i] − b[i])². */
export function l2F64(a: Float32Array, a0: number, b: Float32Array, b0: number, d: number): number {
  let even = 0;
  let odd = 0;
  const pairs = d & ~1;
  for (let i = 0; i < pairs; i += 2) {
    const first = (a[a0 + i] as number) - (b[b0 + i] as number);
    const second = (a[a0 + i + 1] as number) - (b[b0 + i + 1] as number);
    even += first * first;
    odd += second * second;
  }
  if (pairs < d) {
    const last = (a[a0 + pairs] as number) - (b[b0 + pairs] as number);
    even += last * last;
  }
  return even + odd;
}

/** √Σ a[i]². */
export function normF64(a: Float32Array, a0: number, d: number): number {
  return Math.sqrt(dotF64(a, a0, a, a0, d));
}
