/** Stages of a segmented scan over codes that lie row by row (graph-search.ts); over blocks: segmented-scan.ts. */
import { dotCodeFour } from './bit-dot-four';
import { beginStage } from './segmented-query';
import { boundFour, expandFour, keep, PLACES, padLast, ROOTS, SCORES } from './segmented-survivors';

/**
 * Stages first … end - 1 over the m gathered rows, whose places are addresses: what a scan of blocks does for each, with one bound
 * behind the last of them. Keeps the survivors, in order, and returns their number.
 */
export function scanRows(context: usize, first: u32, end: u32, base: f32, tau: f32, m: u32): u32 {
  for (let t = load<u32>(context, 56); t < end; t++) beginStage(context, t);
  const scratch = <usize>load<u32>(context, 28);
  const stages = <usize>load<u32>(context, 12);
  const ranges = <usize>load<u32>(context, 4);
  const integers = <usize>load<u32>(context, 24);
  const normWeight = f32x4.splat(load<f32>(context, 36) - 1);
  const base_f32x4 = f32x4.splat(base);
  const tau_f32x4 = f32x4.splat(tau);
  const isBegun = end >= load<u32>(context, 8);
  const lowSlack = end === load<u32>(context, 16) ? f32x4.splat(0) : v128.load32_splat(context, 60);
  const range = ranges + <usize>load<u32>(stages + <usize>(end - 1) * 48, 32) * 48;
  padLast(scratch, m);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < m; i += 4) {
    const at = scratch + ((<usize>i) << 2);
    const a = <usize>load<u32>(at, PLACES);
    const b = <usize>load<u32>(at, PLACES + 4);
    const c = <usize>load<u32>(at, PLACES + 8);
    const d = <usize>load<u32>(at, PLACES + 12);
    let score = v128.load(at, SCORES);
    for (let t = first; t < end; t++) {
      const stage = stages + <usize>t * 48;
      const own = ranges + <usize>load<u32>(stage, 32) * 48;
      const codes = <usize>load<u32>(stage, 16);
      const factors = <usize>load<u32>(stage, 24);
      const inner = dotCodeFour(
        a + codes,
        b + codes,
        c + codes,
        d + codes,
        load<u32>(stage, 36),
        load<u32>(stage),
        load<u32>(stage, 4),
        load<u32>(stage, 8),
        integers + ((<usize>load<u32>(own)) << 1),
      );
      let half = i32x4.splat(<i32>load<u16>(a + factors));
      half = i32x4.replace_lane(half, 1, <i32>load<u16>(b + factors));
      half = i32x4.replace_lane(half, 2, <i32>load<u16>(c + factors));
      half = i32x4.replace_lane(half, 3, <i32>load<u16>(d + factors));
      const unit = v128.load32_splat(stage, 28);
      const term = f32x4.add(f32x4.mul(v128.load32_splat(stage, 40), inner), v128.load32_splat(stage, 44));
      score = f32x4.sub(score, f32x4.mul(f32x4.mul(expandFour(half), unit), term));
    }
    v128.store(at, score, SCORES);
    const root = v128.load(at, ROOTS);
    const bound = isBegun
      ? f32x4.sub(score, f32x4.mul(root, lowSlack))
      : boundFour(score, root, range, base_f32x4, normWeight, lowSlack);
    let left = <u32>i32x4.bitmask(f32x4.le(bound, tau_f32x4));
    if (m - i < 4) left &= (1 << (m - i)) - 1;
    kept = keep(scratch, i, left, kept);
  }
  return kept;
}
