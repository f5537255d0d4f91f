/** Where factors and codes of a linear method lie in a block of 32 vectors, and how vectors are put there. */
import type { Block, Metric } from '@sagitta/core-wasm';
import { BlockLayout, type Region } from '../block-layout.ts';
import { BLOCK } from '../blocks.ts';
import { type Coder, FACTOR_ADD, FACTOR_ERROR, FACTOR_OFFSET, FACTOR_PART, FACTOR_SCALE } from './coder.ts';

/** Says where factors and codes of a linear method lie in a block. */
export interface LinearLayout {
  /** Bits of the factors that are there. */
  readonly factors: number;
  /** Regions: the factors, the first code, then its parts. */
  readonly blocks: BlockLayout;
  /** The region of the first code. */
  readonly codeRegion: number;
  /** Byte offset of the codes. */
  readonly codesAt: number;
}

const ORDER = [FACTOR_ADD, FACTOR_SCALE, FACTOR_OFFSET, FACTOR_ERROR, FACTOR_PART] as const;

/** l2 needs a term of its own for every vector; inner products do not. */
export function linearLayout(coder: Coder, metric: Metric): LinearLayout {
  const factors = coder.factors | (metric === 'l2' ? FACTOR_ADD : 0);
  const factorRegions = ORDER.filter((bit) => factors & bit).map(
    (): Region => ({ kind: 'rows', bytesPerVector: 4 }),
  );
  const code: Region = { kind: coder.isBlocked ? 'nibbles' : 'rows', bytesPerVector: firstBytes(coder) };
  const parts = (coder.parts ?? []).map(({ bytes }): Region => ({ kind: 'rows', bytesPerVector: bytes }));
  const blocks = new BlockLayout([...factorRegions, code, ...parts]);
  const codeRegion = factorRegions.length;
  return { factors, blocks, codeRegion, codesAt: blocks.offsets[codeRegion] as number };
}

/** Byte offset of a factor's f32[32] in a block; -1 where it is not there. */
export function factorAt({ factors }: LinearLayout, bit: number): number {
  if ((factors & bit) === 0) return -1;
  return 4 * BLOCK * ORDER.filter((other) => factors & other && other < bit).length;
}

/** Bytes of the first code, without the parts behind it. */
export function firstBytes({ codeBytes, parts }: Coder): number {
  return codeBytes - (parts ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Writes the code of one vector, its parts with it, to a position of blocks. */
export function putCode(
  target: Uint8Array,
  { blocks, codeRegion }: LinearLayout,
  at: number,
  code: Uint8Array,
): void {
  let start = 0;
  for (let region = codeRegion; region < blocks.regions.length; region++) {
    const { bytesPerVector } = blocks.regions[region] as Region;
    blocks.put(target, region, at, code.subarray(start, start + bytesPerVector));
    start += bytesPerVector;
  }
}

/** The inverse of putCode. */
export function takeCode(
  source: Uint8Array,
  { blocks, codeRegion }: LinearLayout,
  at: number,
  code: Uint8Array,
): void {
  let start = 0;
  for (let region = codeRegion; region < blocks.regions.length; region++) {
    const { bytesPerVector } = blocks.regions[region] as Region;
    blocks.take(source, region, at, code.subarray(start, start + bytesPerVector));
    start += bytesPerVector;
  }
}

/** The factor of n vectors from position `first` on. */
export function putFactors(
  blocks: Block,
  layout: LinearLayout,
  bit: number,
  first: number,
  values: Float32Array,
): void {
  const offset = factorAt(layout, bit);
  if (offset < 0) return;
  for (let i = 0; i < values.length; ) {
    const at = first + i;
    const lane = at % BLOCK;
    const count = Math.min(BLOCK - lane, values.length - i);
    const start = Math.floor(at / BLOCK) * layout.blocks.blockBytes + offset + 4 * lane;
    blocks.f32(start, count).set(values.subarray(i, i + count));
    i += count;
  }
}

export function takeFactors(
  blocks: Block,
  layout: LinearLayout,
  bit: number,
  first: number,
  n: number,
): Float32Array {
  const out = new Float32Array(n);
  const offset = factorAt(layout, bit);
  if (offset < 0) return out;
  for (let i = 0; i < n; ) {
    const at = first + i;
    const lane = at % BLOCK;
    const count = Math.min(BLOCK - lane, n - i);
    out.set(blocks.f32(Math.floor(at / BLOCK) * layout.blocks.blockBytes + offset + 4 * lane, count), i);
    i += count;
  }
  return out;
}
