/**
 * Plain twin of assembly/segmented-scan.ts: the score of every vector of a list, from the bytes of its blocks, with the
 * query in full precision. What the kernel gives up on the way is not modelled: giving up must not change an answer.
 */
import { unpackCode } from './code-pack.ts';

/** Says how one segment of a code is laid out and scaled. */
export interface SegmentedSegment {
  readonly dims: number;
  readonly bits: number;
  /** The factors' unit: a stored factor f stands for unit·f. */
  readonly unit: number;
}

/** u16 with 5 exponent (bias 15) and 11 mantissa bits, no sign; 0 is zero. */
export function expandFactor(half: number): number {
  return half === 0 ? 0 : (1 + (half % 2048) / 2048) * 2 ** (Math.floor(half / 2048) - 15);
}

/** Counts the bytes of a block of 32 vectors: norms, then per segment factors and codes. */
export function segmentedBlockBytes(segments: readonly SegmentedSegment[]): number {
  return segments.reduce((bytes, { dims, bits }) => bytes + 64 + 4 * dims * bits, 128);
}

/**
 * score = (weight - 1)·norm + base - weight·Σ_segments factor·<code - (2^bits - 1)/2, p>
 *
 * blocks — ⌈n/32⌉ blocks; p — the projected query less the projected centroid, Σ dims values; weight — 2 for squared
 * Euclidean scores, 1 for inner products. Returns n scores.
 */
export function segmentedScores(
  blocks: Uint8Array,
  n: number,
  segments: readonly SegmentedSegment[],
  p: ArrayLike<number>,
  weight: number,
  base: number,
): Float64Array {
  const blockBytes = segmentedBlockBytes(segments);
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength);
  const scores = new Float64Array(n);
  for (let v = 0; v < n; v++) {
    const block = Math.floor(v / 32) * blockBytes;
    const lane = v % 32;
    let score = (weight - 1) * view.getFloat32(block + 4 * lane, true) + base;
    let at = block + 128;
    let first = 0;
    for (const { dims, bits, unit } of segments) {
      const codeBytes = (dims * bits) / 8;
      const factor = unit * expandFactor(view.getUint16(at + 2 * lane, true));
      const codes = new Uint16Array(dims);
      unpackCode(
        blocks.subarray(at + 64 + lane * codeBytes, at + 64 + (lane + 1) * codeBytes),
        dims,
        bits,
        codes,
      );
      let inner = 0;
      for (let i = 0; i < dims; i++) inner += (codes[i] - (2 ** bits - 1) / 2) * p[first + i];
      score -= weight * factor * inner;
      at += 64 + 32 * codeBytes;
      first += dims;
    }
    scores[v] = score;
  }
  return scores;
}
