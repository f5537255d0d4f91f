/** Lists of segmented codes made the plain way, and the records that the scan kernels want, for their tests. */
import { gaussianRows } from '@sagitta/testing';
import type { Core } from '../src/core.ts';
import { type Block, NO_PTR, type Ptr, type Scope } from '../src/memory.ts';
import { packCode } from '../src/reference/code-pack.ts';
import { expandFactor, type SegmentedSegment, segmentedBlockBytes } from '../src/reference/segmented-scan.ts';

export interface SegmentedList {
  readonly segments: readonly SegmentedSegment[];
  readonly keptDims: number;
  readonly n: number;
  readonly blocks: Uint8Array;
  /** Energy of all vectors by dim. */
  readonly energy: Float64Array;
}

/** The largest u16 factor that stands for at most `value`, value in [2^-15, 65,520]. */
export function packFactor(value: number): number {
  let low = 0;
  let high = 0xffff;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (expandFactor(middle) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Codes of vectors (n × keptDims): nearest level of a grid over the largest coordinate, factor |o|²/<o, y>. */
export function encodeList(
  vectors: Float32Array,
  n: number,
  plan: readonly { readonly dims: number; readonly bits: number }[],
): SegmentedList {
  const keptDims = plan.reduce((sum, { dims }) => sum + dims, 0);
  const segments = plan.map(({ dims, bits }) => ({ dims, bits, unit: 2 ** -bits }));
  const blockBytes = segmentedBlockBytes(segments);
  const blocks = new Uint8Array(Math.ceil(n / 32) * blockBytes);
  const view = new DataView(blocks.buffer);
  for (let v = 0; v < n; v++) {
    const block = Math.floor(v / 32) * blockBytes;
    const lane = v % 32;
    let at = block + 128;
    let first = v * keptDims;
    let norm = 0;
    for (const { dims, bits, unit } of segments) {
      const o = vectors.subarray(first, first + dims);
      const largest = o.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      const half = 2 ** (bits - 1);
      const codes = Uint16Array.from(o, (x) =>
        largest === 0 ? 0 : Math.min(2 * half - 1, Math.max(0, Math.floor((x / largest) * half) + half)),
      );
      const energy = o.reduce((sum, x) => sum + x * x, 0);
      const inner = o.reduce((sum, x, i) => sum + x * (codes[i] - half + 0.5), 0);
      norm += energy;
      view.setUint16(at + 2 * lane, energy === 0 ? 0 : packFactor(energy / inner / unit), true);
      const codeBytes = (dims * bits) / 8;
      packCode(codes, dims, bits, blocks.subarray(at + 64 + lane * codeBytes));
      at += 64 + 32 * codeBytes;
      first += dims;
    }
    view.setFloat32(block + 4 * lane, norm, true);
  }
  const energy = new Float64Array(keptDims);
  for (let i = 0; i < n * keptDims; i++) energy[i % keptDims] += vectors[i] * vectors[i];
  return { segments, keptDims, n, blocks, energy };
}

/** Random vectors whose energy falls from segment to segment, as codes. */
export function randomVectors(n: number, keptDims: number, seed: number): Float32Array {
  return gaussianRows(n, keptDims, seed).map((x, i) => x / (1 + (i % keptDims) / 24));
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

/** How a list is read: ranges of dims inside segments, by default one a segment. */
export interface ReadRange {
  readonly segment: number;
  readonly first: number;
  readonly dims: number;
}

/**
 * What quantising p to i16 and adding in f32 may cost: half a step a dim times the largest level, and 2^-20 of the sum
 * of sizes (fewer than 16 f32 operations, each 2^-24 of the running total).
 */
export function scoreBound(
  list: SegmentedList,
  p: Float32Array,
  weight: number,
  base: number,
  ranges: readonly ReadRange[],
): (v: number) => number {
  const view = new DataView(list.blocks.buffer);
  const blockBytes = segmentedBlockBytes(list.segments);
  const starts = list.segments.map((_, s) =>
    list.segments.slice(0, s).reduce((sum, { dims }) => sum + dims, 0),
  );
  return (v) => {
    const block = Math.floor(v / 32) * blockBytes;
    let bound = 2 ** -20 * (Math.abs(base) + view.getFloat32(block + 4 * (v % 32), true));
    let at = block + 128;
    for (const [s, { dims, bits, unit }] of list.segments.entries()) {
      const factor = unit * expandFactor(view.getUint16(at + 2 * (v % 32), true));
      for (const range of ranges) {
        if (range.segment !== s) continue;
        const part = p.subarray(starts[s] + range.first, starts[s] + range.first + range.dims);
        const sum = part.reduce((total, x) => total + Math.abs(x), 0);
        const largest = part.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        const step = Math.max(largest / 32767, sum / 8_000_000);
        bound += weight * factor * 2 ** bits * (0.51 * step * range.dims + 2 ** -20 * sum);
      }
      at += 64 + 4 * dims * bits;
    }
    return bound;
  };
}

/** A range a segment. */
export function whole(list: SegmentedList): ReadRange[] {
  return list.segments.map(({ dims }, segment) => ({ segment, first: 0, dims }));
}

/** Segments cut into pieces of 16, 32, 48… dims. */
export function cut(list: SegmentedList): ReadRange[] {
  return list.segments.flatMap(({ dims }, segment) => {
    const ranges: ReadRange[] = [];
    for (let first = 0, width = 16; first < dims; width += 16) {
      const take = Math.min(width, dims - first);
      ranges.push({ segment, first, dims: take });
      first += take;
    }
    return ranges;
  });
}

/** Everything segmentedScan takes, in scratch of `scope`. */
export class ScanSetup {
  readonly context: Ptr;
  readonly blocks: Ptr;
  readonly ids: Ptr;
  readonly #query: Block;
  readonly #statistics: Block;
  readonly #context: Block;
  /** What each stage reads: a range, of more than 8 bits the high ones first. */
  readonly stages: readonly { readonly range: ReadRange; readonly isLow: boolean }[];
  readonly #stages: Block;

  constructor(
    scope: Scope,
    list: SegmentedList,
    weight: number,
    gamma: number,
    ranges: readonly ReadRange[] = whole(list),
  ) {
    const { segments, keptDims, blocks } = list;
    const rangeBlock = scope.reserve(48 * ranges.length);
    const starts: number[] = [];
    const factorOffsets: number[] = [];
    let start = 0;
    let at = 128;
    for (const { dims, bits } of segments) {
      starts.push(start);
      factorOffsets.push(at);
      start += dims;
      at += 64 + 4 * dims * bits;
    }
    const low = ranges.flatMap(({ segment }, range) => (segments[segment].bits > 8 ? [range] : []));
    const stages = [
      ...ranges.map((_, range) => ({ range, isLow: false })),
      ...low.map((range) => ({ range, isLow: true })),
    ];
    const stageBlock = scope.reserve(48 * stages.length);
    this.#stages = stageBlock;
    this.stages = stages.map(({ range, isLow }) => ({ range: ranges[range], isLow }));
    for (const [r, { segment, first, dims }] of ranges.entries()) {
      rangeBlock.u32().set([starts[segment] + first, dims], 12 * r);
      const total = sum(list.energy) || 1;
      const done = sum(list.energy.subarray(0, starts[segment] + first + dims));
      rangeBlock.f32().set([Math.sqrt(1 - done / total), Math.sqrt(done / total)], 12 * r + 2);
      // a code cut to 8 bits is off by up to half a step, the largest coordinate / 256, in every dim
      rangeBlock.f32()[12 * r + 10] = segments[segment].bits > 8 ? Math.sqrt(dims) / 256 : 0;
    }
    for (const [t, { range, isLow }] of stages.entries()) {
      const { segment, first, dims } = ranges[range];
      const { dims: all, bits, unit } = segments[segment];
      const factors = factorOffsets[segment];
      const shift = isLow ? 0 : Math.max(0, bits - 8);
      const codes = factors + 64 + (isLow ? all : 0);
      const width = isLow ? bits - 8 : Math.min(8, bits);
      stageBlock.u32().set([first, dims, width, shift, codes, (all * bits) / 8, factors], 12 * t);
      stageBlock.f32(48 * t + 28, 1)[0] = unit;
      stageBlock.u32().set([range, all], 12 * t + 8);
    }
    this.#query = scope.reserve(4 * keptDims);
    this.#statistics = scope.reserve(16 + 4 * stages.length);
    this.#context = scope.reserve(64);
    const integers = scope.reserve(2 * keptDims);
    const scratch = scope.reserve(4096);
    this.#context
      .u32()
      .set([
        segmentedBlockBytes(segments),
        rangeBlock.at(),
        ranges.length,
        stageBlock.at(),
        stages.length,
        this.#query.at(),
        integers.at(),
        scratch.at(),
        this.#statistics.at(),
      ]);
    this.#context.f32().set([weight, 1, gamma], 9);
    this.context = this.#context.at();
    const data = scope.reserve(blocks.length);
    data.u8().set(blocks);
    this.blocks = data.at();
    const ids = scope.reserve(4 * list.n);
    ids.u32().forEach((_, i, all) => {
      all[i] = 3 * i + 1;
    });
    this.ids = ids.at();
  }

  setQuery(query: Float32Array): void {
    this.#query.f32().set(query);
  }

  setGamma(gamma: number): void {
    this.#context.f32(44, 1)[0] = gamma;
  }

  /** Scores are of the first `count` stages alone. */
  setStageCount(count: number): void {
    this.#context.u32(16, 1)[0] = count;
  }

  /** Where a stage finds codes and factors: in a block, or in a row. */
  setOffsets(t: number, codes: number, factors: number): void {
    this.#stages.u32(48 * t + 16, 1)[0] = codes;
    this.#stages.u32(48 * t + 24, 1)[0] = factors;
  }

  statistics(): { blocks: number; inFull: number; bits: number; blocksAtStage: number[] } {
    const [blocks, inFull] = this.#statistics.u32(0, 2);
    return {
      blocks,
      inFull,
      bits: this.#statistics.f64(8, 1)[0],
      blocksAtStage: [...this.#statistics.u32(16, this.stages.length)],
    };
  }
}

/** segmentedScan into a fresh heap: pairs by (score, id). */
export function scanSorted(
  core: Core,
  scope: Scope,
  setup: ScanSetup,
  c: Ptr,
  base: number,
  n: number,
  k: number,
  allowed: Ptr = NO_PTR,
  isCounted = false,
): { scores: number[]; ids: number[] } {
  const scores = scope.reserve(4 * k);
  const ids = scope.reserve(4 * k);
  const size = scope.reserve(4);
  const { context, blocks } = setup;
  const heap = [k, scores.at(), ids.at(), size.at()] as const;
  core.kernels.segmentedScan(context, c, base, blocks, n, setup.ids, allowed, isCounted, ...heap);
  const kept = size.u32()[0];
  core.kernels.topKSortF32(scores.at(), ids.at(), kept);
  return { scores: [...scores.f32(0, kept)], ids: [...ids.u32(0, kept)] };
}
