/**
 * SAQ codes row by row: a head with the norm and the leading bits of the leading segments (head-bits.ts), a tail with the
 * rest: the other segments, of these the high 8 bits and then what is below, with factors wherever bits lie. Rows are multiples
 * of 32 bytes, as kernels want them.
 */
import { RowLayout, type RowPiece } from '../row-layout.ts';
import { headBits } from './head-bits.ts';
import type { SaqLayout, SaqSegment } from './layout.ts';
import { highBits, type SaqRange, type SaqStage, STAGE_RECORD_BYTES } from './stages.ts';

const ALIGNMENT = 32;

export interface SaqRowLayout {
  readonly rows: RowLayout;
  /** Coded segments of which bits lie in heads: the first ones. */
  readonly headSegments: number;
  /** Of each coded segment, bits that are read before the rest of any. */
  readonly high: readonly number[];
  /** By coded segment: offsets of the factor and the high bits, and of both for the low bits, in their rows. */
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

export function saqRowLayout({ coded, blocks }: SaqLayout, shares: Float32Array): SaqRowLayout {
  const pieces: RowPiece[] = [{ region: 0, from: 0, bytes: 4, isTail: false, row: 0 }];
  let head = 4;
  let tail = 0;
  const put = (region: number, from: number, bytes: number, isTail: boolean): number => {
    const row = isTail ? tail : head;
    pieces.push({ region, from, bytes, isTail, row });
    if (isTail) tail += bytes;
    else head += bytes;
    return row;
  };
  const inHead = headBits(coded, shares);
  const headSegments = inHead.filter((bits) => bits > 0).length;
  const high = highBits(coded).map((bits, s) => (s < headSegments ? (inHead[s] as number) : bits));
  const bytesOf = (s: number, bits: number): number => ((coded[s] as SaqSegment).dims * bits) / 8;
  const first = coded.map((_, s) => {
    const isTail = s >= headSegments;
    return {
      factor: put(1 + 2 * s, 0, 2, isTail),
      codes: put(2 + 2 * s, 0, bytesOf(s, high[s] as number), isTail),
    };
  });
  const segments = coded.map(({ bits }, s) => {
    const of = first[s] as (typeof first)[number];
    const read = high[s] as number;
    if (bits === read) return { ...of, lowFactor: 0, lowCodes: 0 };
    const lowFactor = put(1 + 2 * s, 0, 2, true);
    return { ...of, lowFactor, lowCodes: put(2 + 2 * s, bytesOf(s, read), bytesOf(s, bits - read), true) };
  });
  const bytes = { headBytes: padded(head), tailBytes: padded(tail) };
  return { rows: new RowLayout(blocks, pieces, bytes), headSegments, high, segments };
}

/** Stages that read heads: the first ones. */
export function headStages({ headSegments }: SaqRowLayout, ranges: readonly SaqRange[]): number {
  return ranges.filter(({ segment }) => segment < headSegments).length;
}

/** Writes where stages find bits and factors in rows, over what they say of blocks. */
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
