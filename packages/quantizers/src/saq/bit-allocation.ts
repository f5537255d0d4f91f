/**
 * Bit allocation: contiguous segments of PCA dims and bits for each, by dynamic programming (SAQ, section 4.1,
 * Algorithm 2; spec section 1.3; plans checked against the reference at 64-dim blocks).
 *
 *   minimise Σ_segments error(segment, bits)  subject to  Σ (dims·bits + factorBits) ≤ quotaBits
 *
 * 'absolute' (the paper): error = Σ variance / 2^bits. 'variance': error = Vo·Vq/dims · eps2(bits, dims), the variance of the
 * summed error after a random rotation, Vo and Vq the segment's data and query energy. A tail of 0 bits costs nothing.
 * State f[segments][blocks][units]; every cost is a multiple of the greatest common divisor of block size and factor
 * bits, so the table is that much smaller. Time O(segments · blocks² · units · 13): 0.2 s at 784 dims and 8 bits, 1 s at 1,536.
 */
import { checkInteger, checkOptions, type OptionTable } from '@sagitta/core-wasm';
import { eps2, MAX_BITS } from './code-quality.ts';
import type { SaqSegment } from './layout.ts';

/** More blocks than this are taken two, four… at a time. */
const MAX_BLOCKS = 100;

/** Says among which dims bits are shared out, and how many there are. */
export interface AllocateBitsOptions {
  /** Energy of each PCA dim, descending; padded with zeros to a multiple of blockSize. */
  readonly variances: Float64Array;
  /** The same of queries, for the 'variance' objective. Default: variances. */
  readonly queryVariances?: Float64Array;
  readonly blockSize: number;
  readonly quotaBits: number;
  /** Bits each segment with bits pays beside its codes. */
  readonly factorBits: number;
  readonly objective: 'absolute' | 'variance';
  /** Default 12. */
  readonly maximumSegments?: number;
  /** The fewest segments whose error is within this share of the least. Default 0.001 (the reference: 0.01). */
  readonly tolerance?: number;
}

const ALLOCATE_BITS_OPTIONS: OptionTable<AllocateBitsOptions> = {
  variances: 'any',
  queryVariances: 'any',
  blockSize: 'number',
  quotaBits: 'number',
  factorBits: 'number',
  objective: 'string',
  maximumSegments: 'number',
  tolerance: 'number',
};

function prefixSums(values: Float64Array, step: number, blocks: number): Float64Array {
  const sums = new Float64Array(blocks + 1);
  for (let b = 0; b < blocks; b++) {
    let sum = 0;
    for (let i = b * step; i < Math.min(values.length, (b + 1) * step); i++) sum += values[i] as number;
    sums[b + 1] = (sums[b] as number) + sum;
  }
  return sums;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The modelled error of a plan under an objective; what allocateBits makes small. */
export function planError(
  plan: readonly SaqSegment[],
  options: Pick<AllocateBitsOptions, 'variances' | 'queryVariances' | 'objective'>,
): number {
  const { variances, objective } = options;
  const queries = options.queryVariances ?? variances;
  let error = 0;
  for (const { start, dims, bits } of plan) {
    let own = 0;
    let query = 0;
    let both = 0;
    for (let i = start; i < Math.min(start + dims, variances.length); i++) {
      own += variances[i] as number;
      query += queries[i] as number;
      both += (variances[i] as number) * (queries[i] as number);
    }
    if (objective === 'absolute') error += own / (1 << bits);
    else error += bits === 0 ? both : ((own * query) / dims) * eps2(bits, dims);
  }
  return error;
}

/**
 * Shares bits out among segments of dims, by the least total error. The plan: segments in order over the padded dims,
 * bits 0 only in the last.
 * @throws RangeError on options out of range
 */
export function allocateBits(options: AllocateBitsOptions): readonly SaqSegment[] {
  checkOptions('options', options, ALLOCATE_BITS_OPTIONS);
  const { variances, objective } = options;
  const d = checkInteger('variances.length', variances.length, 1, 65_536);
  const quotaBits = checkInteger('quotaBits', options.quotaBits, 0, 16_777_216);
  const factorBits = checkInteger('factorBits', options.factorBits, 0, 128);
  const blockSize = checkInteger('blockSize', options.blockSize, 1, 4096);
  const dPadded = Math.ceil(d / blockSize) * blockSize;
  let step = blockSize;
  while (Math.ceil(d / step) > MAX_BLOCKS) step *= 2;
  const blocks = Math.ceil(d / step);
  const maximumSegments = Math.min(
    blocks,
    checkInteger('maximumSegments', options.maximumSegments ?? 12, 1, 4096),
  );
  const queries = options.queryVariances ?? variances;
  const own = prefixSums(variances, step, blocks);
  const query = prefixSums(queries, step, blocks);
  const both = prefixSums(
    variances.map((value, i) => value * (queries[i] as number)),
    step,
    blocks,
  );
  const unit = greatestCommonDivisor(step, factorBits);
  const units = Math.floor(quotaBits / unit);
  const width = units + 1;
  const layer = (blocks + 1) * width;

  const quality = Float64Array.from({ length: (MAX_BITS + 1) * (blocks + 1) }, (_, i) =>
    eps2(Math.floor(i / (blocks + 1)), Math.max(1, i % (blocks + 1)) * step),
  );
  const segmentError = (from: number, to: number, bits: number): number => {
    const sum = (own[to] as number) - (own[from] as number);
    if (objective === 'absolute') return sum / (1 << bits);
    if (bits === 0) return (both[to] as number) - (both[from] as number);
    const q = (query[to] as number) - (query[from] as number);
    const dims = (to - from) * step;
    return ((sum * q) / dims) * (quality[bits * (blocks + 1) + to - from] as number);
  };

  // best[s][i][u]: least error with s segments over the first i blocks in exactly u units; from: packed (i, bits)
  const best: Float64Array[] = [new Float64Array(layer).fill(Number.POSITIVE_INFINITY)];
  const from: Int32Array[] = [new Int32Array(0)];
  (best[0] as Float64Array)[0] = 0;
  for (let s = 0; s < maximumSegments; s++) {
    const now = best[s] as Float64Array;
    const next = new Float64Array(layer).fill(Number.POSITIVE_INFINITY);
    const back = new Int32Array(layer).fill(-1);
    for (let i = s; i < blocks; i++) {
      for (let to = i + 1; to <= blocks; to++) {
        for (let bits = 1; bits <= MAX_BITS; bits++) {
          const cost = ((to - i) * step * bits + factorBits) / unit;
          if (cost > units) break;
          const error = segmentError(i, to, bits);
          const target = to * width + cost;
          for (let u = 0, source = i * width; u + cost <= units; u++, source++) {
            const total = (now[source] as number) + error;
            if (total < (next[target + u] as number)) {
              next[target + u] = total;
              back[target + u] = i * 16 + bits;
            }
          }
        }
      }
    }
    best.push(next);
    from.push(back);
  }

  // the least over every end; what is left of the blocks is the 0-bit tail
  let least = Number.POSITIVE_INFINITY;
  const ends: { error: number; segments: number; blocks: number; units: number }[] = [];
  for (let s = 0; s <= maximumSegments; s++) {
    let end = { error: Number.POSITIVE_INFINITY, segments: s, blocks: 0, units: 0 };
    for (let i = 0; i <= blocks; i++) {
      const tail = i < blocks ? segmentError(i, blocks, 0) : 0;
      for (let u = 0; u <= units; u++) {
        const error = ((best[s] as Float64Array)[i * width + u] as number) + tail;
        if (error < end.error) end = { error, segments: s, blocks: i, units: u };
      }
    }
    ends.push(end);
    least = Math.min(least, end.error);
  }
  const limit = least * (1 + (options.tolerance ?? 0.001));
  const chosen = ends.find((end) => end.error <= limit) as (typeof ends)[number];

  const plan: SaqSegment[] = [];
  // the last of several blocks taken together may reach beyond the padded dims; a segment does not
  const dimsIn = (from: number, to: number): number => Math.min(dPadded, to * step) - from * step;
  if (chosen.blocks < blocks) {
    plan.push({ start: chosen.blocks * step, dims: dimsIn(chosen.blocks, blocks), bits: 0 });
  }
  let { blocks: i, units: u } = chosen;
  for (let s = chosen.segments; s > 0; s--) {
    const packed = (from[s] as Int32Array)[i * width + u] as number;
    const bits = packed % 16;
    const start = (packed - bits) / 16;
    plan.push({ start: start * step, dims: dimsIn(start, i), bits });
    u -= ((i - start) * step * bits + factorBits) / unit;
    i = start;
  }
  return plan.reverse();
}

/**
 * Makes the plan of CAQ: one segment over all dims (padded to a multiple of blockSize) with floor(bits) bits, at least
 * 1.
 */
export function singleSegmentPlan(d: number, bits: number, blockSize: number): readonly SaqSegment[] {
  return [{ start: 0, dims: Math.ceil(d / blockSize) * blockSize, bits: Math.max(1, Math.floor(bits)) }];
}
