/** Products of whole matrices of floats, whose order is part of the kernel's contract: the same bytes on every engine. */
import type { Core } from '@sagitta/core-wasm';

/** a (m × k) · b (k × n), fresh. */
export function floatProduct(
  core: Core,
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
): Float32Array {
  return core.scope((scope) => {
    const left = scope.reserve(a.byteLength);
    const right = scope.reserve(b.byteLength);
    const out = scope.reserve(4 * m * n);
    left.f32(0, a.length).set(a);
    right.f32(0, b.length).set(b);
    core.kernels.matmulF32(left.at(), right.at(), m, n, k, out.at());
    return out.f32(0, m * n).slice();
  });
}
