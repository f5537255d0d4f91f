/**
 * The query side of a segmented scan: the residual p = q - c of every segment as i16 integers, and the terms of
 * segmented-scan.ts for one list.
 *
 * <o, p> is estimated as factor·<y, p> with y = code - (2^B - 1)/2. A stage that reads b bits of the code, lifted by
 * 2^shift, contributes y's part 2^shift·(component - (2^b - 1)/2); the parts of a code add up to y. Its terms are
 *   scale = weight·step·2^shift,  offset = -scale·(2^b - 1)/2·Σ integers.
 * slack = weight·gamma·share·|p over the segments not begun|: with gamma = 1 and a vector whose energy is spread like
 * the training set's, the Cauchy–Schwarz bound of what those segments can still take off the score.
 *
 * Segment record (16 bytes): dims u32, first dim u32, share f32 of the segments after it, 4 bytes of zero.
 */
const STAGE_BYTES: usize = 40;

/**
 * q f32[kept dims], c f32[kept dims] or 0 (no subtraction); segments, stages: records; share0 is the share of all coded
 * segments; weight 2 for squared Euclidean scores, 1 for inner products.
 * query i16[kept dims], work (segmentCount × 16 bytes) and terms (stageCount + 1 records; the last one's slack is the
 * slack before any stage) are overwritten. Stages begin their segments in order.
 */
export function segmentedQuery(
  q: usize,
  c: usize,
  segments: usize,
  segmentCount: u32,
  stages: usize,
  stageCount: u32,
  weight: f32,
  gamma: f32,
  share0: f32,
  query: usize,
  work: usize,
  terms: usize,
): void {
  for (let s: u32 = 0; s < segmentCount; s++) {
    const segment = segments + ((<usize>s) << 4);
    const start = <usize>load<u32>(segment, 4);
    const b: usize = c === 0 ? 0 : c + (start << 2);
    const own = work + ((<usize>s) << 4);
    quantizeSegment(q + (start << 2), b, load<u32>(segment), query + (start << 1), own);
  }
  // from the last segment back: [3] becomes the energy of the segments after it
  let energy: f32 = 0;
  for (let s = <i32>segmentCount - 1; s >= 0; s--) {
    const own = work + ((<usize>s) << 4);
    store<f32>(own, energy, 12);
    energy += load<f32>(own, 8);
  }
  store<f32>(terms + ((<usize>stageCount) << 4), weight * gamma * share0 * sqrt<f32>(energy), 8);
  let begun: u32 = 0;
  for (let t: u32 = 0; t < stageCount; t++) {
    const stage = stages + (<usize>t) * STAGE_BYTES;
    const term = terms + ((<usize>t) << 4);
    const s = load<u32>(stage, 32);
    begun = max<u32>(begun, s);
    const own = work + ((<usize>s) << 4);
    const scale = weight * load<f32>(own) * <f32>(1 << load<u32>(stage, 8));
    const middle: f32 = <f32>((1 << load<u32>(stage, 4)) - 1) * 0.5;
    store<f32>(term, scale);
    store<f32>(term, -scale * middle * load<f32>(own, 4), 4);
    const share = load<f32>(segments + ((<usize>begun) << 4), 8);
    const after = load<f32>(work + ((<usize>begun) << 4), 12);
    store<f32>(term, weight * gamma * share * sqrt<f32>(after), 8);
  }
}

/**
 * p = a - b over d entries of one segment, quantised to i16: out i16[d]; results f32: [0] step, [1] Σ of the integers,
 * [2] |p|². Step: the largest of max|p|/32767 and what keeps Σ|integers|·255 below 2^31. b may be 0 (no subtraction).
 */
function quantizeSegment(a: usize, b: usize, d: u32, out: usize, results: usize): void {
  let maximum = f32x4.splat(0);
  let total = f32x4.splat(0);
  let energy = f32x4.splat(0);
  const subtract = b != 0;
  for (let i: usize = 0; i < (<usize>d) << 2; i += 16) {
    let p = v128.load(a + i);
    if (subtract) p = f32x4.sub(p, v128.load(b + i));
    const size = f32x4.abs(p);
    maximum = f32x4.max(maximum, size);
    total = f32x4.add(total, size);
    energy = f32x4.add(energy, f32x4.mul(p, p));
  }
  const largest = max(
    max(f32x4.extract_lane(maximum, 0), f32x4.extract_lane(maximum, 1)),
    max(f32x4.extract_lane(maximum, 2), f32x4.extract_lane(maximum, 3)),
  );
  // |integer| ≤ |p|/step + 1/2, so Σ ≤ L1/step + d/2; 8,000,000 leaves room for d/2 up to d = 65,536 (2^31/255 = 8,421,504 is the limit)
  const step = max(largest / 32767, sumLanes(total) / 8000000);
  const inverse = f32x4.splat(step > 0 ? 1 / step : 0);
  let count_i32x4 = i32x4.splat(0);
  const ones = i16x8.splat(1);
  for (let i: usize = 0; i < (<usize>d) << 2; i += 32) {
    let low = v128.load(a + i);
    let high = v128.load(a + i, 16);
    if (subtract) {
      low = f32x4.sub(low, v128.load(b + i));
      high = f32x4.sub(high, v128.load(b + i, 16));
    }
    const q = i16x8.narrow_i32x4_s(
      i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(low, inverse))),
      i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(high, inverse))),
    );
    v128.store(out + (i >> 1), q);
    count_i32x4 = i32x4.add(count_i32x4, i32x4.dot_i16x8_s(q, ones));
  }
  store<f32>(results, step);
  store<f32>(
    results,
    <f32>(
      (i32x4.extract_lane(count_i32x4, 0) +
        i32x4.extract_lane(count_i32x4, 1) +
        i32x4.extract_lane(count_i32x4, 2) +
        i32x4.extract_lane(count_i32x4, 3))
    ),
    4,
  );
  store<f32>(results, sumLanes(energy), 8);
}

function sumLanes(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) +
    f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}
