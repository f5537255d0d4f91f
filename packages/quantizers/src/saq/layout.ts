/**
 * Where the bytes of a SAQ code lie.
 *
 * Codes are kept in blocks of 32 vectors:
 *   norm f32[32] (|x - c|², all d dims), then per coded segment { factor u16[32], codes 32 × dims·bits/8 bytes }.
 * One vector costs 4 + Σ_s (2 + dims_s·bits_s/8) bytes. Segments of 0 bits take no bytes.
 */

import { BlockLayout, type Region } from '../block-layout.ts';

export { BLOCK, blockCount } from '../blocks.ts';
/** Bits kept beside the codes: the norm once a vector, a rescale factor a segment. */
export const NORM_BITS = 32;
export const FACTOR_BITS = 16;

/** A run of PCA dimensions coded with the same number of bits; `start` counts dims from 0. */
export interface SaqSegment {
  readonly start: number;
  readonly dims: number;
  readonly bits: number;
}

/** Says where the factors and codes of each segment lie in a block. */
export interface SaqLayout {
  /** Only the segments with bits, in order. */
  readonly coded: readonly SaqSegment[];
  /** Dims of the coded segments together. */
  readonly keptDims: number;
  /** Regions: the norm, then of each coded segment its factor and its codes. */
  readonly blocks: BlockLayout;
  /** Byte offset of each coded segment's factors inside a block. */
  readonly offsets: readonly number[];
  readonly blockBytes: number;
  readonly bytesPerVector: number;
}

export function codeBytes(segment: SaqSegment): number {
  return (segment.dims * segment.bits) / 8;
}

/** Makes the layout of a plan. */
export function saqLayout(plan: readonly SaqSegment[]): SaqLayout {
  const coded = plan.filter((segment) => segment.bits > 0);
  const row = (bytesPerVector: number): Region => ({ kind: 'rows', bytesPerVector });
  const blocks = new BlockLayout([
    row(4),
    ...coded.flatMap((segment) => [row(FACTOR_BITS / 8), row(codeBytes(segment))]),
  ]);
  const offsets = coded.map((_, s) => blocks.offsets[1 + 2 * s] as number);
  const keptDims = coded.reduce((sum, { dims }) => sum + dims, 0);
  const { blockBytes, bytesPerVector } = blocks;
  return { coded, keptDims, blocks, offsets, blockBytes, bytesPerVector };
}
