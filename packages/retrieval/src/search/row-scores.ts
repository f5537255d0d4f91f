/** Scores of rows of floats, smaller is better. */
import type { Block, Core, Metric, Ptr } from '@sagitta/core-wasm';

/** Writes |q - row|², or -<q, row>, of n rows (n × d f32) to out f32[n]. */
export function rowScores(
  core: Core,
  metric: Metric,
  query: Ptr,
  rows: Ptr,
  n: number,
  d: number,
  out: Block,
): void {
  const isL2 = metric === 'l2';
  core.kernels[isL2 ? 'l2F32Rows' : 'dotF32Rows'](query, rows, n, d, out.at());
  if (isL2) return;
  const scores = out.f32(0, n);
  for (let i = 0; i < n; i++) scores[i] = -(scores[i] as number);
}
