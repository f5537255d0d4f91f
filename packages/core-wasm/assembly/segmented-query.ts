/**
 * The query side of a segmented scan: the residual p = q - c as i16 integers, range by range and only when a stage asks
 * for them, and the bounds by which vectors are given up.
 *
 * <o, p> is estimated as factor·<y, p> with y = code - (2^B - 1)/2. A stage that reads b bits of the code, lifted by
 * 2^shift, contributes y's part 2^shift·(component - (2^b - 1)/2); the parts of a code add up to y:
 *   scale = weight·step·2^shift,  offset = -scale·(2^b - 1)/2·Σ integers.
 * slack = weight·gamma·share·|p over the ranges not begun| per unit of |o|: with gamma = 1, and a vector whose energy
 * is spread like the training set's, the Cauchy–Schwarz bound of what those ranges can still take off the score.
 * low slack = weight·gamma·√Σ (low·|p over a range|)² per unit of |o|, low of the range record: what the bits below the
 * eighth can take off. They err on their own in every dim, so the squares of the ranges add up.
 * align = PER_COSINE/(weight·max(0.7, share)·|p over the ranges begun|): times what a vector has gained, over |o|, it is
 * about PER_COSINE times the cosine of the dims read so far, less where these hold little of the energy.
 *
 * Context (64 bytes; u32 where nothing is said): 0 block bytes, 4 ranges, 8 their number, 12 stages, 16 their number,
 *   20 projected query f32[kept dims], 24 its integers i16[kept dims], 28 scratch of 4096 bytes, 32 statistics,
 *   36 weight f32 (2 for squared Euclidean scores, 1 for inner products), 40 share of all ranges f32, 44 gamma f32;
 *   written here: 48 slack before any stage f32, 52 the centroid or 0, 56 stages begun, 60 low slack f32.
 * Range (48 bytes): 0 first kept dim, 4 dims, 8 share of the ranges after it f32, 12 share of the ranges up to and with
 *   it f32; written here: 16 |p|² f32, 20 step f32, 24 Σ integers f32, 28 slack f32, 32 align f32, 36 the part of the
 *   slack of a vector across p f32 (1 where nothing of p has been read); given again: 40 low f32, 0 up to 8 bits.
 * Stage (48 bytes): 0 first dim in its segment, 4 dims, 8 bits, 12 shift, 16 offset in a block of the first vector's
 *   code (of the component that holds these bits), 20 bytes of a code, 24 offset of the factors, 28 factor unit f32,
 *   32 range, 36 dims of its segment; written here: 40 scale f32, 44 offset f32.
 * The first stages are one a range, in order.
 */

/** The part of its bound that a vector keeps whose dims read lie across the query's. */
const ACROSS: f32 = 0.73;
/** What that part grows by with the cosine. */
const PER_COSINE: f32 = 0.45;
/**
 * Root of an energy share below which the cosine of the dims read counts for less: little tells little. It also keeps the part above 0, however far
 * a vector points away, so that a large gamma reads all of it.
 */
const LEAST_SHARE: f32 = 0.7;

/** New list: centroid c f32[kept dims], or 0 where p is the query itself. */
export function segmentedQuery(context: usize, c: usize): void {
  const ranges = <usize>load<u32>(context, 4);
  const count = load<u32>(context, 8);
  const q = <usize>load<u32>(context, 20);
  const weight = load<f32>(context, 36);
  const gamma = load<f32>(context, 44);
  let total: f32 = 0;
  let low: f32 = 0;
  for (let r: u32 = 0; r < count; r++) {
    const range = ranges + <usize>r * 48;
    const at = (<usize>load<u32>(range)) << 2;
    const energy = energyOf(q + at, c === 0 ? 0 : c + at, load<u32>(range, 4));
    store<f32>(range, energy, 16);
    total += energy;
    const share = load<f32>(range, 40);
    low += share * share * energy;
  }
  store<f32>(context, weight * gamma * load<f32>(context, 40) * sqrt<f32>(total), 48);
  store<u32>(context, <u32>c, 52);
  store<u32>(context, 0, 56);
  store<f32>(context, weight * gamma * sqrt<f32>(low), 60);
  // from the last range back, so that what is left is a sum of what is there, never a difference
  let after: f32 = 0;
  for (let r = <i32>count - 1; r >= 0; r--) {
    const range = ranges + <usize>r * 48;
    store<f32>(range, weight * gamma * load<f32>(range, 8) * sqrt<f32>(after), 28);
    after += load<f32>(range, 16);
  }
  let done: f32 = 0;
  for (let r: u32 = 0; r < count; r++) {
    const range = ranges + <usize>r * 48;
    done += load<f32>(range, 16);
    const reach = weight * max(LEAST_SHARE, load<f32>(range, 12)) * sqrt<f32>(done);
    store<f32>(range, reach > 0 ? PER_COSINE / reach : 0, 32);
    store<f32>(range, reach > 0 ? ACROSS : 1, 36);
  }
}

/** The number of the next stage is the count of those begun; makes its integers and terms. */
export function beginStage(context: usize, t: u32): void {
  const stage = <usize>load<u32>(context, 12) + <usize>t * 48;
  const range = <usize>load<u32>(context, 4) + <usize>load<u32>(stage, 32) * 48;
  if (t < load<u32>(context, 8)) {
    const first = <usize>load<u32>(range);
    const c = <usize>load<u32>(context, 52);
    quantizeRange(
      <usize>load<u32>(context, 20) + (first << 2),
      c === 0 ? 0 : c + (first << 2),
      load<u32>(range, 4),
      <usize>load<u32>(context, 24) + (first << 1),
      range,
    );
  }
  const scale = load<f32>(context, 36) * load<f32>(range, 20) * <f32>(1 << load<u32>(stage, 12));
  const middle: f32 = <f32>((1 << load<u32>(stage, 8)) - 1) * 0.5;
  store<f32>(stage, scale, 40);
  store<f32>(stage, -scale * middle * load<f32>(range, 24), 44);
  store<u32>(context, t + 1, 56);
}

/** Σ (a - b)² over d entries, d a multiple of 16; b may be 0 (no subtraction). */
function energyOf(a: usize, b: usize, d: u32): f32 {
  let even_f32x4 = f32x4.splat(0);
  let odd_f32x4 = f32x4.splat(0);
  for (let i: usize = 0; i < (<usize>d) << 2; i += 32) {
    let even = v128.load(a + i);
    let odd = v128.load(a + i, 16);
    if (b !== 0) {
      even = f32x4.sub(even, v128.load(b + i));
      odd = f32x4.sub(odd, v128.load(b + i, 16));
    }
    even_f32x4 = f32x4.add(even_f32x4, f32x4.mul(even, even));
    odd_f32x4 = f32x4.add(odd_f32x4, f32x4.mul(odd, odd));
  }
  return sumLanes(f32x4.add(even_f32x4, odd_f32x4));
}

/**
 * p = a - b over d entries, quantised to i16: out i16[d], and step and Σ of the integers into the range record. Step:
 * the larger of max|p|/32767 and what keeps Σ|integers|·255 below 2^31.
 */
function quantizeRange(a: usize, b: usize, d: u32, out: usize, range: usize): void {
  let maximum = f32x4.splat(0);
  let total = f32x4.splat(0);
  const subtract = b !== 0;
  for (let i: usize = 0; i < (<usize>d) << 2; i += 16) {
    let p = v128.load(a + i);
    if (subtract) p = f32x4.sub(p, v128.load(b + i));
    const size = f32x4.abs(p);
    maximum = f32x4.max(maximum, size);
    total = f32x4.add(total, size);
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
  const sum =
    i32x4.extract_lane(count_i32x4, 0) +
    i32x4.extract_lane(count_i32x4, 1) +
    i32x4.extract_lane(count_i32x4, 2) +
    i32x4.extract_lane(count_i32x4, 3);
  store<f32>(range, step, 20);
  store<f32>(range, <f32>sum, 24);
}

function sumLanes(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) +
    f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}
