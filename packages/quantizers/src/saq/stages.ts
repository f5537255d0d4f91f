/**
 * The stages of a scan. A segment is read in ranges of dims, and of more than 8 bits the high 8 first: the stages are
 * one a range, in order, then the low bits that were put off. A vector that leaves early never pays for them.
 * Records for the kernels: assembly/segmented-query.ts of the core.
 */
import { eps2 } from './code-quality.ts';
import { codeBytes, type SaqLayout, type SaqSegment } from './layout.ts';

export const CONTEXT_RECORD_BYTES = 64;
export const RANGE_RECORD_BYTES = 48;
export const STAGE_RECORD_BYTES = 48;

/** Standard deviations of what the low bits add that a scan reckons with at gamma = 1. */
const LOW_DEVIATIONS = 6;

/** Most dims of the first ranges; later ones take what their segment has left. */
const FIRST_RANGES: readonly number[] = [16, 32, 64, 64];

/** Dims that are read together. */
export interface SaqRange {
  /** Index among the coded segments. */
  readonly segment: number;
  /** First dim in the segment. */
  readonly first: number;
  readonly dims: number;
}

export interface SaqStage {
  readonly range: number;
  /** Bits this stage reads, and how far they stand above the lowest bit. */
  readonly bits: number;
  readonly shift: number;
}

export function saqRanges(coded: readonly SaqSegment[]): readonly SaqRange[] {
  const ranges: SaqRange[] = [];
  for (const [segment, { dims }] of coded.entries()) {
    let first = 0;
    while (first < dims) {
      const most = FIRST_RANGES[ranges.length] ?? dims;
      // a rest of 16 dims is not worth a stage of its own
      const take = dims - first <= most + 16 ? dims - first : most;
      ranges.push({ segment, first, dims: take });
      first += take;
    }
  }
  return ranges;
}

/** Bits that stages read of each coded segment before they read the rest of any. */
export function highBits(coded: readonly SaqSegment[]): number[] {
  return coded.map(({ bits }) => Math.min(bits, 8));
}

/** high — as highBits, of each coded segment; the rest has at most 8 bits. */
export function saqStages(
  coded: readonly SaqSegment[],
  ranges: readonly SaqRange[],
  high: readonly number[] = highBits(coded),
): readonly SaqStage[] {
  const first: SaqStage[] = [];
  const rest: SaqStage[] = [];
  for (const [range, { segment }] of ranges.entries()) {
    const bits = high[segment] as number;
    const shift = (coded[segment] as SaqSegment).bits - bits;
    first.push({ range, bits, shift });
    if (shift > 0) rest.push({ range, bits: shift, shift: 0 });
  }
  return [...first, ...rest];
}

/**
 * What the bits below the `high` first ones of a segment with the energy share `share` (a root) can take off <o, p>, in units of
 * |o|·|p|: a code cut to them misses the share eps2 of the energy, in any direction, so it is a deviation of
 * √(eps2/dims). Never more than Cauchy–Schwarz.
 */
function lowReach({ bits, dims }: SaqSegment, share: number, high: number): number {
  if (bits <= high) return 0;
  return Math.min(1, LOW_DEVIATIONS / Math.sqrt(dims)) * Math.sqrt(eps2(high, dims)) * share;
}

/** shares: see SaqModel. Inside a rotated segment energy is spread evenly. high — as for saqStages. */
export function writeRangeRecords(
  layout: SaqLayout,
  ranges: readonly SaqRange[],
  shares: Float32Array,
  words: Uint32Array,
  high: readonly number[] = highBits(layout.coded),
): void {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  const all = shares[0] as number;
  let start = 0;
  for (const [r, range] of ranges.entries()) {
    const at = (r * RANGE_RECORD_BYTES) / 4;
    const before = shares[range.segment] as number;
    const behind = shares[range.segment + 1] as number;
    const segment = layout.coded[range.segment] as SaqSegment;
    const part = (range.first + range.dims) / segment.dims;
    const after = Math.max(0, before * before * (1 - part) + behind * behind * part);
    words[at] = start;
    words[at + 1] = range.dims;
    floats[at + 2] = Math.sqrt(after);
    floats[at + 3] = Math.sqrt(Math.max(0, all * all - after));
    const own = Math.sqrt(Math.max(0, before * before - behind * behind));
    floats[at + 10] = lowReach(segment, own, high[range.segment] as number);
    start += range.dims;
  }
}

export function writeStageRecords(
  layout: SaqLayout,
  ranges: readonly SaqRange[],
  stages: readonly SaqStage[],
  factorUnits: Float32Array,
  words: Uint32Array,
): void {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  for (const [t, stage] of stages.entries()) {
    const at = (t * STAGE_RECORD_BYTES) / 4;
    const range = ranges[stage.range] as SaqRange;
    const segment = layout.coded[range.segment] as SaqSegment;
    const factors = layout.offsets[range.segment] as number;
    const isLow = segment.bits > 8 && stage.shift === 0;
    words[at] = range.first;
    words[at + 1] = range.dims;
    words[at + 2] = stage.bits;
    words[at + 3] = stage.shift;
    words[at + 4] = factors + 64 + (isLow ? segment.dims : 0);
    words[at + 5] = codeBytes(segment);
    words[at + 6] = factors;
    floats[at + 7] = factorUnits[range.segment] as number;
    words[at + 8] = stage.range;
    words[at + 9] = segment.dims;
  }
}
