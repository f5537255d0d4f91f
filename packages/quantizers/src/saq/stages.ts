/**
 * The stages of a scan: first every segment in order (its high 8 bits, where it has more), then the low bits that were
 * put off. A vector that leaves early never pays for them.
 */
import { type SaqLayout, type SaqSegment } from './layout.ts';

/** Bytes of one segment record and one stage record of the scan kernels. */
export const SEGMENT_RECORD_BYTES = 16;
export const STAGE_RECORD_BYTES = 40;

export interface SaqStage {
  /** Index among the coded segments. */
  readonly segment: number;
  /** Bits this stage reads, and how far they stand above the lowest bit. */
  readonly bits: number;
  readonly shift: number;
  /** Where in a vector's packed code these bits begin, in bytes. */
  readonly rowOffset: number;
}

export function saqStages(coded: readonly SaqSegment[]): readonly SaqStage[] {
  const high: SaqStage[] = [];
  const low: SaqStage[] = [];
  for (const [segment, { dims, bits }] of coded.entries()) {
    if (bits <= 8) {
      high.push({ segment, bits, shift: 0, rowOffset: 0 });
      continue;
    }
    high.push({ segment, bits: 8, shift: bits - 8, rowOffset: 0 });
    low.push({ segment, bits: bits - 8, shift: 0, rowOffset: dims });
  }
  return [...high, ...low];
}

/** Writes the segment records (u32 words; share and unit are floats in the same memory). */
export function writeSegmentRecords(layout: SaqLayout, shares: Float32Array, words: Uint32Array): void {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  let start = 0;
  for (const [s, { dims }] of layout.coded.entries()) {
    const at = (s * SEGMENT_RECORD_BYTES) / 4;
    words[at] = dims;
    words[at + 1] = start;
    floats[at + 2] = shares[s + 1] as number;
    start += dims;
  }
}

export function writeStageRecords(
  layout: SaqLayout,
  stages: readonly SaqStage[],
  factorUnits: Float32Array,
  words: Uint32Array,
): void {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  const starts: number[] = [];
  let start = 0;
  for (const { dims } of layout.coded) {
    starts.push(start);
    start += dims;
  }
  for (const [t, stage] of stages.entries()) {
    const at = (t * STAGE_RECORD_BYTES) / 4;
    const segment = layout.coded[stage.segment] as SaqSegment;
    const factors = layout.offsets[stage.segment] as number;
    words[at] = segment.dims;
    words[at + 1] = stage.bits;
    words[at + 2] = stage.shift;
    words[at + 3] = factors + 64 + stage.rowOffset;
    words[at + 4] = (segment.dims * segment.bits) / 8;
    words[at + 5] = factors;
    words[at + 6] = starts[stage.segment] as number;
    floats[at + 7] = factorUnits[stage.segment] as number;
    words[at + 8] = stage.segment;
  }
}
