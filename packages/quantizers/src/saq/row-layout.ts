/**
 * SAQ codes row by row: a head with the norm and the leading segments, a tail with the rest. Of a code of more than 8 bits
 * the high 8 lie where its segment does and what is below, which stages read last, in the tail, with the segment's factor
 * once more. Rows are multiples of 32 bytes, as kernels want them.
 */
import { RowLayout, type RowPiece } from '../row-layout.ts';
import { codeBytes, type SaqLayout } from './layout.ts';
import { type SaqRange, type SaqStage, STAGE_RECORD_BYTES } from './stages.ts';

/** Bytes that a head takes at most, unless one segment is larger: two cache lines. */
const HEAD_BYTES = 128;
const ALIGNMENT = 32;

export interface SaqRowLayout {
  readonly rows: RowLayout;
  /** Coded segments of which all, or the high 8 bits, lie in heads: the first ones. */
  readonly headSegments: number;
  /** By coded segment: offsets of the factor and the high part, and of both for the low bits, in their rows. */
  readonly segments: readonly {
    readonly factor: number;
    readonly codes: number;
    readonly lowFactor: number;
    readonly lowCodes: number;
  }[];
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

export function saqRowLayout({ coded, blocks }: SaqLayout): SaqRowLayout {
  const pieces: RowPiece[] = [{ region: 0, from: 0, bytes: 4, isTail: false, row: 0 }];
  let head = 4;
  let tail = 0;
  let headSegments = 0;
  const put = (region: number, from: number, bytes: number, isTail: boolean): number => {
    const row = isTail ? tail : head;
    pieces.push({ region, from, bytes, isTail, row });
    if (isTail) tail += bytes;
    else head += bytes;
    return row;
  };
  const high = coded.map(({ dims, bits }, s) => {
    const bytes = (dims * Math.min(8, bits)) / 8;
    const isTail = headSegments < s || (s > 0 && head + 2 + bytes > HEAD_BYTES);
    if (!isTail) headSegments++;
    return { factor: put(1 + 2 * s, 0, 2, isTail), codes: put(2 + 2 * s, 0, bytes, isTail) };
  });
  const segments = coded.map((segment, s) => {
    const { dims, bits } = segment;
    const of = high[s] as (typeof high)[number];
    if (bits <= 8) return { ...of, lowFactor: 0, lowCodes: 0 };
    const lowFactor = put(1 + 2 * s, 0, 2, true);
    return { ...of, lowFactor, lowCodes: put(2 + 2 * s, dims, codeBytes(segment) - dims, true) };
  });
  const bytes = { headBytes: padded(head), tailBytes: padded(tail) };
  return { rows: new RowLayout(blocks, pieces, bytes), headSegments, segments };
}

/** Stages that read heads: the first ones. */
export function headStages({ headSegments }: SaqRowLayout, ranges: readonly SaqRange[]): number {
  return ranges.filter(({ segment }) => segment < headSegments).length;
}

/** Turns stage records for blocks into those for rows. */
export function writeRowStages(
  { segments }: SaqRowLayout,
  ranges: readonly SaqRange[],
  stages: readonly SaqStage[],
  records: Uint32Array,
): void {
  for (const [t, { range }] of stages.entries()) {
    const segment = segments[(ranges[range] as SaqRange).segment] as (typeof segments)[number];
    const isLow = t >= ranges.length;
    const at = (t * STAGE_RECORD_BYTES) / 4;
    records[at + 4] = isLow ? segment.lowCodes : segment.codes;
    records[at + 6] = isLow ? segment.lowFactor : segment.factor;
  }
}
