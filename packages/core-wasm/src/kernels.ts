/**
 * The exports of the WebAssembly module, typed. Pointers come from Block.at; counts are elements; matrices are
 * row-major and compact. The shapes are said at each kernel's source in assembly/ and at its twin in src/reference/.
 */
import type { Ptr } from './memory.ts';

export interface Kernels {
  dotF32(a: Ptr, b: Ptr, d: number): number;
  l2F32(a: Ptr, b: Ptr, d: number): number;
  /** out f32[n] = <q, row>. */
  dotF32Rows(q: Ptr, rows: Ptr, n: number, d: number, out: Ptr): void;
  /** out f32[n] = |q - row|². */
  l2F32Rows(q: Ptr, rows: Ptr, n: number, d: number, out: Ptr): void;
  /** out f32[n] = |row|². */
  normF32Rows(rows: Ptr, n: number, d: number, out: Ptr): void;
  /** out f32[nq × n] = <query, row>. */
  dotF32Tile(queries: Ptr, nq: number, rows: Ptr, n: number, d: number, out: Ptr): void;
  /** out f32[nq × n] = |query - row|². */
  l2F32Tile(queries: Ptr, nq: number, rows: Ptr, n: number, d: number, out: Ptr): void;
  /** c[m × n] = a[m × k] · b[k × n]. */
  matmulF32(a: Ptr, b: Ptr, m: number, n: number, k: number, c: Ptr): void;
  /** out[d × d] += rowsᵀ · rows, n ≤ 4096. */
  gramF32(rows: Ptr, n: number, d: number, out: Ptr): void;
  /** Nearest centroid of each row: ids u32[n], distances f32[n] (squared); centroidNorms f32[nlist] = |c|². */
  nearestF32(
    rows: Ptr,
    n: number,
    d: number,
    centroids: Ptr,
    centroidNorms: Ptr,
    nlist: number,
    ids: Ptr,
    distances: Ptr,
  ): void;
  /** rows ← H·rows in place, d a power of two, unnormalised. */
  hadamardF32Rows(rows: Ptr, n: number, d: number): void;
  /** Random rotation in place of d floats of each of n rows `stride` floats apart, d a multiple of 16; signs
   *  u32[4 × d], each 0 or 0x80000000. */
  rotateF32Rows(rows: Ptr, n: number, stride: number, d: number, signs: Ptr): void;
  /** out i32[n] = <q, row> over i8. */
  dotI8Rows(q: Ptr, rows: Ptr, n: number, d: number, out: Ptr): void;
  /** out u32[n] = differing bits; codes of codeBytes bytes. */
  hammingRows(q: Ptr, rows: Ptr, n: number, codeBytes: number, out: Ptr): void;
  /** out f32[n] = <code, query i16[dims]>, codes packed as assembly/bit-dot.ts says. */
  dotCodeRows(codes: Ptr, n: number, dims: number, bits: number, query: Ptr, out: Ptr): void;
  /**
   * out = Σ luts[s][code], 4-bit codes in blocks of 32 vectors, luts u8[m × 16], m ≤ 65,536; out u32[⌈n/32⌉ × 32], of which
   * the first n are meant. See assembly/fastscan.ts.
   */
  fastscanU8(codes: Ptr, n: number, m: number, luts: Ptr, out: Ptr): void;
  /** The same with 16-bit tables, m × { low bytes u8[16], high bytes u8[16] }. */
  fastscanU16(codes: Ptr, n: number, m: number, luts: Ptr, out: Ptr): void;
  /** rows u8[n × ⌈m/2⌉], two 4-bit codes a byte, low half first → ⌈n/32⌉ blocks of 16·m bytes. */
  fastscanPack(rows: Ptr, n: number, m: number, out: Ptr): void;
  fastscanUnpack(blocks: Ptr, n: number, m: number, out: Ptr): void;
  /**
   * Tables with which fastscanU8 gives <bits, query> − Σ min(query, 0): query i8[dims], each of −63 … 63; luts
   * u8[⌈dims/4⌉ × 16].
   */
  signLutsU8(query: Ptr, dims: number, luts: Ptr): void;
  /** The same for fastscanU16: query i16[dims], each of −16,383 … 16,383; luts u8[⌈dims/4⌉ × 32]. */
  signLutsU16(query: Ptr, dims: number, luts: Ptr): void;
  /** out f32[n] = Σ luts[s][code]; codes u8[n × m], luts f32[m × 256]. */
  tableRowsU8(codes: Ptr, n: number, m: number, luts: Ptr, out: Ptr): void;
  /**
   * out f32[n] = Σ luts[j][code]; codes n × dims·bits/8 bytes in the layout of packCode, dims a multiple of 16, bits 1 … 7;
   * luts f32[dims × 2^bits].
   */
  tableRowsPacked(codes: Ptr, n: number, dims: number, bits: number, luts: Ptr, out: Ptr): void;
  /** out f32[n] = <q, row>; q f32[d], rows u16[n × d] of half precision (finite), d a multiple of 8. */
  dotF16Rows(q: Ptr, rows: Ptr, n: number, d: number, out: Ptr): void;
  /** out f32[n] += weight·values f32[n], n a multiple of 4. */
  addScaledF32(values: Ptr, n: number, weight: number, out: Ptr): void;
  /**
   * out[i] = base + add_i + weight·(scale_i·(a·dot_i + b) + offset_i·sum) over blocks of 32 that begin with the factors
   * (f32[32] each) whose bits are set: 1 add, 2 scale, 4 offset; bit 8: dots are u32, else f32, 32 a block.
   */
  affineScores(
    blocks: Ptr,
    blockBytes: number,
    n: number,
    factors: number,
    dots: Ptr,
    a: number,
    b: number,
    sum: number,
    weight: number,
    base: number,
    out: Ptr,
  ): void;
  /** out f32[2n]: least and greatest of the first `used` (≥ 1) values of each row, rows `stride` floats apart. */
  rangeRows(rows: Ptr, n: number, stride: number, used: number, out: Ptr): void;
  /**
   * out u16[n × stride] = min(top, ⌊max(0, (x - start_i)·inverse_i + ½)⌋), 0 behind the first `used` values; starts and
   * inverses f32[n], stride a multiple of 4.
   */
  gridCodeRows(
    rows: Ptr,
    n: number,
    stride: number,
    used: number,
    starts: Ptr,
    inverses: Ptr,
    top: number,
    out: Ptr,
  ): void;
  /**
   * out u16[n × d] = min(top, ⌊max(0, (x - minimum_j)·inverse_j + ½)⌋), norms f32[n] = Σ (minimum_j + step_j·code)², NaN for a row
   * that is not finite; minima, inverses and steps f32[d], d a multiple of 4.
   */
  gridCodeColumns(
    rows: Ptr,
    n: number,
    d: number,
    minima: Ptr,
    inverses: Ptr,
    steps: Ptr,
    top: number,
    out: Ptr,
    norms: Ptr,
  ): void;
  /**
   * out u16[n × d]: half + u where x > 0, half - 1 - u elsewhere, u = min(half - 1, ⌊scale_i·|x|⌋); sums f32[2n]:
   * Σ (u + ½)·|x| and Σ (u + ½)². d a multiple of 4.
   */
  signedGridRows(rows: Ptr, n: number, d: number, scales: Ptr, half: number, out: Ptr, sums: Ptr): void;
  /** out f64[2n]: Σ c and Σ c² of each row of values u16[n × d], exact; d a multiple of 8. */
  codeSums(values: Ptr, n: number, d: number, out: Ptr): void;
  /** u16[dims] → dims·bits/8 bytes. */
  packCode(values: Ptr, dims: number, bits: number, out: Ptr): void;
  unpackCode(codes: Ptr, dims: number, bits: number, out: Ptr): void;
  /** Code adjustment; see assembly/code-adjust.ts. */
  encodeCodeRows(
    rows: Ptr,
    n: number,
    rowStride: number,
    d: number,
    bits: number,
    rounds: number,
    starts: Ptr,
    startCount: number,
    scratch: Ptr,
    codes: Ptr,
    factors: Ptr,
  ): void;
  /** Bounds of one list's scan; see assembly/segmented-query.ts for the records of a context. c may be NO_PTR. */
  segmentedQuery(context: Ptr, c: Ptr): void;
  /** Scan of one list with early exit into a bounded heap; see assembly/segmented-scan.ts. */
  segmentedScan(
    context: Ptr,
    c: Ptr,
    base: number,
    blocks: Ptr,
    n: number,
    ids: Ptr,
    k: number,
    heapScores: Ptr,
    heapIds: Ptr,
    heapSize: Ptr,
  ): void;
  /** segmentedScan of `count` lists in one call: lists are records { blocks, ids, n, 0 }, order u32[count]. */
  segmentedSearch(
    context: Ptr,
    lists: Ptr,
    order: Ptr,
    count: number,
    bases: Ptr,
    centroids: Ptr,
    stride: number,
    k: number,
    heapScores: Ptr,
    heapIds: Ptr,
    heapSize: Ptr,
  ): void;
  /** Every vector's score, nothing given up; out f32[n]. */
  segmentedScores(context: Ptr, c: Ptr, base: number, blocks: Ptr, n: number, out: Ptr): void;
  /** Pushes scores[i] with ids[i] (or baseId + i where ids is NO_PTR) into the heap; smaller is better. */
  topKPushF32(
    scores: Ptr,
    ids: Ptr,
    n: number,
    baseId: number,
    k: number,
    heapScores: Ptr,
    heapIds: Ptr,
    heapSize: Ptr,
  ): void;
  /** Sorts `size` heap pairs in place, ascending by (score, id). */
  topKSortF32(heapScores: Ptr, heapIds: Ptr, size: number): void;
  /** Positions with scores[i] < threshold into outIndices u32[≤ n], ascending; returns how many. */
  selectBelowF32(scores: Ptr, n: number, threshold: number, outIndices: Ptr): number;
}
