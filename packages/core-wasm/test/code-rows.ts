/** Codes of a list row by row, as kernels of graphs read them, for their tests. */
import type { Scope } from '../src/memory.ts';
import { segmentedBlockBytes } from '../src/reference/segmented-scan.ts';
import { Column } from './graph-frame.ts';
import type { ScanSetup, SegmentedList } from './segmented-list.ts';

export interface Codes {
  readonly list: SegmentedList;
  /** Segments whose factors and codes, or the high 8 bits, lie in heads. */
  readonly headSegments: number;
}

interface Part {
  readonly segment: number;
  readonly isLow: boolean;
  readonly isTail: boolean;
  /** Where its factor lies in its row; codes follow. */
  readonly at: number;
}

/** Rows of codes: a head with the norm and the first segments, a tail with the rest and all low bits. */
export class CodeRows {
  readonly heads: Column;
  readonly tails: Column;
  readonly headStages: number;

  /** first — the slot of vector 0 of n slots. Stages of the setup read these rows from now on. */
  constructor(scope: Scope, { list, headSegments }: Codes, setup: ScanSetup, n: number, first: number) {
    const { segments } = list;
    const bytes = [4, 0];
    const parts: Part[] = [];
    const bytesOf = ({ segment, isLow }: Pick<Part, 'segment' | 'isLow'>): number => {
      const { dims, bits } = segments[segment];
      return (dims * (isLow ? bits - 8 : Math.min(8, bits))) / 8;
    };
    for (const isLow of [false, true]) {
      for (const [segment, { bits }] of segments.entries()) {
        if (isLow && bits <= 8) continue;
        const isTail = isLow || segment >= headSegments;
        parts.push({ segment, isLow, isTail, at: bytes[Number(isTail)] });
        bytes[Number(isTail)] += 2 + bytesOf({ segment, isLow });
      }
    }
    const [heads, tails] = bytes.map((used) => new Column(scope, n, 32 * Math.ceil(used / 32)));
    this.heads = heads;
    this.tails = tails;
    for (const [t, { range, isLow }] of setup.stages.entries()) {
      const part = parts.find((one) => one.segment === range.segment && one.isLow === isLow) as Part;
      setup.setOffsets(t, part.at + 2, part.at);
    }
    this.headStages = setup.stages.filter(
      ({ range, isLow }) => !isLow && range.segment < headSegments,
    ).length;
    for (let v = 0; v < list.n; v++) {
      const block = Math.floor(v / 32) * segmentedBlockBytes(segments);
      const lane = v % 32;
      const place = (isTail: boolean, at: number, from: number, count: number): void => {
        const { block: rows, offset } = (isTail ? tails : heads).row(first + v);
        rows.u8(offset + at, count).set(list.blocks.subarray(from, from + count));
      };
      place(false, 0, block + 4 * lane, 4);
      for (const part of parts) {
        const { dims, bits } = segments[part.segment];
        const before = segments.slice(0, part.segment);
        const from = block + segmentedBlockBytes(before);
        const code = from + 64 + (lane * dims * bits) / 8 + (part.isLow ? dims : 0);
        place(part.isTail, part.at, from + 2 * lane, 2);
        place(part.isTail, part.at + 2, code, bytesOf(part));
      }
    }
  }
}
