/** Where factors and codes of a linear method lie in a block of 32 vectors, and how vectors are put there. */
import type { Block, Metric } from '@sagitta/core-wasm';
import { BLOCK } from '../blocks.ts';
import { type Coder, FACTOR_ADD, FACTOR_ERROR, FACTOR_OFFSET, FACTOR_PART, FACTOR_SCALE } from './coder.ts';

export interface LinearLayout {
  /** Bits of the factors that are there. */
  readonly factors: number;
  /** Byte offset of the codes. */
  readonly codesAt: number;
  readonly blockBytes: number;
  readonly bytesPerVector: number;
}

const ORDER = [FACTOR_ADD, FACTOR_SCALE, FACTOR_OFFSET, FACTOR_ERROR, FACTOR_PART] as const;

/** l2 needs a term of its own for every vector; inner products do not. */
export function linearLayout(coder: Coder, metric: Metric): LinearLayout {
  const factors = coder.factors | (metric === 'l2' ? FACTOR_ADD : 0);
  const count = ORDER.filter((bit) => factors & bit).length;
  const codesAt = 4 * BLOCK * count;
  const blockBytes = codesAt + BLOCK * coder.codeBytes;
  return { factors, codesAt, blockBytes, bytesPerVector: blockBytes / BLOCK };
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

/** Where part p of a lane lies in its block, and where in the code of one vector. */
function* partPlaces(
  layout: LinearLayout,
  coder: Coder,
  lane: number,
): Iterable<{ readonly inBlock: number; readonly inCode: number; readonly bytes: number }> {
  let inCode = firstBytes(coder);
  for (const { bytes } of coder.parts ?? []) {
    yield { inBlock: layout.codesAt + BLOCK * inCode + lane * bytes, inCode, bytes };
    inCode += bytes;
  }
}

/** Writes code `codes[i·codeBytes …]` to position `at` of blocks. */
export function putCode(
  target: Uint8Array,
  layout: LinearLayout,
  coder: Coder,
  at: number,
  code: Uint8Array,
): void {
  const block = Math.floor(at / BLOCK) * layout.blockBytes;
  const start = block + layout.codesAt;
  const lane = at % BLOCK;
  const first = firstBytes(coder);
  if (coder.parts) {
    for (const { inBlock, inCode, bytes } of partPlaces(layout, coder, lane)) {
      target.set(code.subarray(inCode, inCode + bytes), block + inBlock);
    }
  }
  if (!coder.isBlocked) {
    target.set(code.subarray(0, first), start + lane * first);
    return;
  }
  // nibble s of the row goes to half a byte of group s
  const isHigh = lane >= 16;
  for (let s = 0; s < 2 * first; s++) {
    const nibble = ((code[s >> 1] as number) >> (4 * (s & 1))) & 15;
    const place = start + 16 * s + (lane & 15);
    const old = target[place] as number;
    target[place] = isHigh ? (old & 15) | (nibble << 4) : (old & 0xf0) | nibble;
  }
}

/** The inverse of putCode. */
export function takeCode(
  blocks: Uint8Array,
  layout: LinearLayout,
  coder: Coder,
  at: number,
  code: Uint8Array,
): void {
  const block = Math.floor(at / BLOCK) * layout.blockBytes;
  const start = block + layout.codesAt;
  const lane = at % BLOCK;
  const first = firstBytes(coder);
  if (coder.parts) {
    for (const { inBlock, inCode, bytes } of partPlaces(layout, coder, lane)) {
      code.set(blocks.subarray(block + inBlock, block + inBlock + bytes), inCode);
    }
  }
  if (!coder.isBlocked) {
    code.set(blocks.subarray(start + lane * first, start + (lane + 1) * first));
    return;
  }
  const shift = lane >= 16 ? 4 : 0;
  for (let s = 0; s < first; s++) {
    const place = start + 32 * s + (lane & 15);
    const low = ((blocks[place] as number) >> shift) & 15;
    const high = ((blocks[place + 16] as number) >> shift) & 15;
    code[s] = low | (high << 4);
  }
}

/** Copies code and factors of one vector between blocks of one layout. */
export function moveCode(
  source: Block,
  layout: LinearLayout,
  coder: Coder,
  from: number,
  target: Block,
  to: number,
): void {
  const code = new Uint8Array(coder.codeBytes);
  takeCode(source.u8(), layout, coder, from, code);
  putCode(target.u8(), layout, coder, to, code);
  const start = Math.floor(from / BLOCK) * layout.blockBytes + 4 * (from % BLOCK);
  const end = Math.floor(to / BLOCK) * layout.blockBytes + 4 * (to % BLOCK);
  for (let at = 0; at < layout.codesAt; at += 4 * BLOCK) {
    target.f32(end + at, 1)[0] = source.f32(start + at, 1)[0] as number;
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
    const start = Math.floor(at / BLOCK) * layout.blockBytes + offset + 4 * lane;
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
    out.set(blocks.f32(Math.floor(at / BLOCK) * layout.blockBytes + offset + 4 * lane, count), i);
    i += count;
  }
  return out;
}
