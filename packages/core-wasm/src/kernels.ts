/**
 * The exports of the WebAssembly module, typed. Pointers come from Block.at; counts are elements; matrices are
 * row-major and compact. The shapes are said at each kernel's source in assembly/ and at its twin in src/reference/.
 */
import type { Ptr } from './memory.ts';

/** Lists what the WebAssembly module exports: functions of addresses and counts, without checks. */
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
   * out f32[n] = <code, u> of one-bit codes and whole numbers u of planeCount (1 … 8) bits, two's complement: planes of
   * codeBytes (even) bytes, the lowest first. See assembly/bit-planes.ts.
   */
  dotBitPlanesRows(codes: Ptr, n: number, codeBytes: number, planes: Ptr, planeCount: number, out: Ptr): void;
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
  /** out f32[n × stride] = rows (n × d) - origin (NO_PTR: none), zeros behind d. */
  residualRows(rows: Ptr, n: number, d: number, origin: Ptr, stride: number, out: Ptr): void;
  /**
   * rows (n × d) - origin (NO_PTR: none) → i16[n × d up to a multiple of 32] for projectRows, scales f32[n] (1/s), norms
   * f32[n] = |x|²; scratch f32 of a row. See assembly/project.ts.
   */
  quantizeRows(
    rows: Ptr,
    n: number,
    d: number,
    origin: Ptr,
    limit: number,
    scratch: Ptr,
    out: Ptr,
    scales: Ptr,
    norms: Ptr,
  ): void;
  /** rows i16[8 × depth] of a matrix → a panel of projectRows, i16[8 × depth]: pairs of dims beside each other. */
  packPanel(rows: Ptr, depth: number, out: Ptr): void;
  /**
   * out f32[n × kept] = rows · Pᵀ in integers: rows i16[n × depth] of quantizeRows, panels of 8 rows of P each; kept a
   * multiple of 16.
   */
  projectRows(rows: Ptr, n: number, depth: number, panels: Ptr, kept: number, out: Ptr): void;
  /**
   * Rows of products (n × stride) → out f32[n × width] = max(0, N(left_i·right_j·p_ij + bias_j)); norm: gains and shifts of
   * N, f32[2 × width], or NO_PTR for none. left f32[n]; right, bias f32[width].
   */
  rectifyRows(
    products: Ptr,
    n: number,
    width: number,
    stride: number,
    left: Ptr,
    right: Ptr,
    bias: Ptr,
    norm: Ptr,
    out: Ptr,
  ): void;
  /**
   * 64 reflections, in place, of `width` floats at the start of each of n rows `stride` floats apart; width a multiple of 16
   * from 64; vectors i8[64 × width], diagonal f32[64], mix f32[64 × 64], scratch 2·width + 512 bytes. See
   * assembly/reflect.ts.
   */
  reflectRows(
    rows: Ptr,
    n: number,
    stride: number,
    width: number,
    vectors: Ptr,
    diagonal: Ptr,
    mix: Ptr,
    scratch: Ptr,
  ): void;
  /**
   * Codes of rows on the grid from their own least to their own greatest value, packed; records f32[6n]: least, step, |x̂|²,
   * <x, x̂>, |x|², <centre, x̂> (centre f32[d] or NO_PTR). scratch u16[d], d a multiple of 16, used ≥ 1.
   */
  encodeRangeRows(
    rows: Ptr,
    n: number,
    d: number,
    used: number,
    bits: number,
    centre: Ptr,
    scratch: Ptr,
    codes: Ptr,
    records: Ptr,
  ): void;
  /**
   * Codes of rows on a grid for each column, packed; grids f32[3d]: minima, 1/steps, steps; norms f32[n] = |x̂|², NaN for a
   * row that is not finite; crosses f32[n] = <centre, x̂> where centre is not NO_PTR. scratch u16[d].
   */
  encodeColumnRows(
    rows: Ptr,
    n: number,
    d: number,
    bits: number,
    grids: Ptr,
    centre: Ptr,
    scratch: Ptr,
    codes: Ptr,
    norms: Ptr,
    crosses: Ptr,
  ): void;
  /** out u16[n]: sign patterns of the first k (≤ 16) values of each row, rows `stride` floats apart; value 0 is the top bit. */
  simhashRows(dots: Ptr, n: number, stride: number, k: number, out: Ptr): void;
  /**
   * sources u32[n × 2^k]: the lowest token of each pattern or 0xffffffff → the lowest among those whose patterns differ in
   * the fewest bits. scratch u32[2^k].
   */
  fillCubeRows(sources: Ptr, n: number, k: number, scratch: Ptr): void;
  /** Sums or means of token values by cell; see assembly/fde.ts. weights, places and sources may be NO_PTR. */
  cellSums(
    values: Ptr,
    stride: number,
    p: number,
    cells: Ptr,
    weights: Ptr,
    offsets: Ptr,
    n: number,
    numCells: number,
    places: Ptr,
    isMean: number,
    sources: Ptr,
    counts: Ptr,
    out: Ptr,
    outStride: number,
  ): void;
  /** Blocks of cells that are 0xffffffff in occupied u32[n × numCells] become the values of the token in sources. */
  fillCells(
    values: Ptr,
    stride: number,
    p: number,
    occupied: Ptr,
    sources: Ptr,
    n: number,
    numCells: number,
    places: Ptr,
    out: Ptr,
    outStride: number,
  ): void;
  /**
   * out u32[n × columns]: the row of each document with the greatest dots[t][column] - halves[t], ties to the lower row.
   * best f32[columns] is scratch.
   */
  nearestTokens(dots: Ptr, columns: number, halves: Ptr, offsets: Ptr, n: number, best: Ptr, out: Ptr): void;
  /** Means by cell of the tokens that pseudo-queries choose, and of their inner products; see assembly/fde.ts. */
  voteSums(
    dots: Ptr,
    columns: number,
    offsets: Ptr,
    n: number,
    starts: Ptr,
    numCells: number,
    values: Ptr,
    stride: number,
    p: number,
    best: Ptr,
    rows: Ptr,
    out: Ptr,
    outStride: number,
  ): void;
  /** out f32[columns] = max(out, scales[i]·rows[i]) over n rows of f32[columns], columns a multiple of 16. */
  maxScaledRows(rows: Ptr, n: number, columns: number, scales: Ptr, out: Ptr): void;
  /** Count-sketch: out[i][entry & 0x7fffffff] ± = rows[i][j], minus where bit 31 of entries u32[d] is set. */
  sketchRows(
    rows: Ptr,
    n: number,
    stride: number,
    d: number,
    entries: Ptr,
    out: Ptr,
    outStride: number,
  ): void;
  /** out f32[n] += <q, row>, f32. */
  addDotF32Rows(q: Ptr, rows: Ptr, n: number, d: number, out: Ptr): void;
  /** out f32[n] += unit·<q, row>; q i16[d] with Σ|q|·128 < 2³¹, rows i8[n × d]. */
  addDotI8Rows(q: Ptr, rows: Ptr, n: number, d: number, unit: number, out: Ptr): void;
  /** out f32[n] += factor·(a·value + b); factors may be NO_PTR (1). */
  addScores(values: Ptr, factors: Ptr, n: number, a: number, b: number, out: Ptr): void;
  /** out f32[n] = -(base + factor·out); factors may be NO_PTR (1). */
  finishScores(factors: Ptr, n: number, base: number, out: Ptr): void;
  /** out[j] = rows[list[j]], rows of rowBytes bytes, list u32[n]. */
  gatherRows(rows: Ptr, rowBytes: number, list: Ptr, n: number, out: Ptr): void;
  /** u16[dims] → dims·bits/8 bytes. */
  packCode(values: Ptr, dims: number, bits: number, out: Ptr): void;
  unpackCode(codes: Ptr, dims: number, bits: number, out: Ptr): void;
  /**
   * Half-integer codes near in direction, packed, with |o|²/<o, y>, |o|², tan² of the angle and <centre, y> (centre NO_PTR:
   * none); starts f32[startCount], scratch u16[d]. See assembly/code-search.ts.
   */
  encodeCodeRows(
    rows: Ptr,
    n: number,
    rowStride: number,
    d: number,
    bits: number,
    starts: Ptr,
    startCount: number,
    centre: Ptr,
    scratch: Ptr,
    codes: Ptr,
    factors: Ptr,
    energies: Ptr,
    spreads: Ptr,
    crosses: Ptr,
  ): void;
  /**
   * MaxSim of one query with n documents: out f32[n] = Σ_a factors[a]·max_p <q_a, p>; documents are records { u32 pointer
   * to rows, u32 rows }; bests, or NO_PTR, f32[n × 4·groups] the maxima. See assembly/maxsim.ts for the layout of query
   * and the size of scratch.
   */
  maxsimF32(
    query: Ptr,
    groups: number,
    d: number,
    factors: Ptr,
    documents: Ptr,
    n: number,
    scratch: Ptr,
    out: Ptr,
    bests: Ptr,
  ): void;
  /** The same of half-precision rows, d a multiple of 4. */
  maxsimF16(
    query: Ptr,
    groups: number,
    d: number,
    factors: Ptr,
    documents: Ptr,
    n: number,
    scratch: Ptr,
    out: Ptr,
    bests: Ptr,
  ): void;
  /** The same of rows { i8[d], f32 scale } with an integer query, d a multiple of 4. */
  maxsimI8(
    query: Ptr,
    groups: number,
    d: number,
    factors: Ptr,
    documents: Ptr,
    n: number,
    scratch: Ptr,
    out: Ptr,
    bests: Ptr,
  ): void;
  /** The same of rows { code, f32 scale }, bits 1 … 8, d a multiple of 16. */
  maxsimCode(
    query: Ptr,
    groups: number,
    d: number,
    bits: number,
    factors: Ptr,
    documents: Ptr,
    n: number,
    scratch: Ptr,
    out: Ptr,
    bests: Ptr,
  ): void;
  /** The same of 1-bit rows by tables, d a multiple of 16 up to 4096; see assembly/maxsim-bits.ts. */
  maxsimBits(
    luts: Ptr,
    nq: number,
    d: number,
    factors: Ptr,
    shifts: Ptr,
    documents: Ptr,
    n: number,
    scratch: Ptr,
    out: Ptr,
    bests: Ptr,
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
    allowed: Ptr,
    isCounted: boolean,
    k: number,
    heapScores: Ptr,
    heapIds: Ptr,
    heapSize: Ptr,
  ): number;
  /** segmentedScan of `least` to `count` lists in one call: records { blocks, ids, n, next }, order u32[count]. */
  segmentedSearch(
    context: Ptr,
    lists: Ptr,
    order: Ptr,
    count: number,
    least: number,
    wanted: number,
    bases: Ptr,
    centroids: Ptr,
    stride: number,
    allowed: Ptr,
    k: number,
    heapScores: Ptr,
    heapIds: Ptr,
    heapSize: Ptr,
  ): number;
  /** Every vector's score, nothing given up; out f32[n]. */
  segmentedScores(context: Ptr, c: Ptr, base: number, blocks: Ptr, n: number, out: Ptr): void;
  /**
   * Best-first search in a neighbour graph over staged codes into a bounded heap; see assembly/graph.ts for the record.
   * Returns how many of the vertices that it ends with are allowed.
   */
  graphSearch(
    graph: Ptr,
    context: Ptr,
    base: number,
    allowed: Ptr,
    k: number,
    heapScores: Ptr,
    heapIds: Ptr,
    heapSize: Ptr,
  ): number;
  /** Scores slots u32[count] of a graph into a bounded heap, in full unless the record says that tails are never read. */
  graphScan(
    graph: Ptr,
    context: Ptr,
    base: number,
    slots: Ptr,
    count: number,
    k: number,
    heapScores: Ptr,
    heapIds: Ptr,
    heapSize: Ptr,
  ): void;
  /** Inserts vertices order u32[count] into a neighbour graph by their coordinates; see assembly/graph-build.ts. */
  graphInsert(graph: Ptr, order: Ptr, count: number): void;
  /** Fills the pool of a graph with the vertices nearest to one, itself left out; returns how many. */
  graphNearest(graph: Ptr, vertex: number): number;
  /** Gives vertices first … end - 1 that stay edges to others that stay; returns how many it mended. live — a bit set. */
  graphRepair(graph: Ptr, first: number, end: number, live: Ptr): number;
  /** A word of masks u32[⌈n/32⌉] for each 32 of ids u32[n], a bit for each that `allowed` has; returns how many it has. */
  allowedMasks(ids: Ptr, n: number, allowed: Ptr, masks: Ptr): number;
  /** scores f32[n] become NaN, which no heap keeps, where masks have no bit. */
  maskScores(scores: Ptr, n: number, masks: Ptr): void;
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
