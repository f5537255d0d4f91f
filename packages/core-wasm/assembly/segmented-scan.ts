/**
 * Scan of blocks of 32 multi-segment codes in stages with early exit, straight into a bounded heap (smaller score is
 * better):
 *   score = normWeight·|o|² + base - Σ_stages factor·(scale·<component, p> + offset),  normWeight = weight - 1
 * First the norms, then stage after stage; after each a vector leaves when score - bound exceeds the worst kept score,
 *   bound = slack·|o|·(0.73 + 0.45·rho) + low slack·|o|,  0.45·rho = align·gained/|o|.
 * rho is about the cosine of vector and query over the dims read. A vector that points the query's way so far may go
 * on doing so, and keeps the Cauchy–Schwarz bound with room for more energy in the dims unread; the less it does, the less will it start to, and the earlier it leaves.
 * Measured in docs/algorithms/saq.md: a cut at rho = 0.6, 0.7 below and 1.25 above, lost .001 to .0044 of recall@10.
 *
 * Norms and the first stage run over whole blocks; the survivors of a few blocks are gathered, so that the stages
 * after that work on full lanes. Every score is made by the same operations in the same order, whoever its neighbours
 * are. Records: segmented-query.ts. Block: norm f32[32], then per segment { factor u16[32] (5 exponent and 11 mantissa
 * bits), codes 32 × code bytes }; its address is a multiple of 32.
 *
 * A bit set of allowed ids, 0 where all are, keeps others out of the heap. Counted, it is asked for whole blocks before
 * anything else is read of them: a filter. Not counted, it is asked for the survivors of the first stage, which costs
 * next to nothing where nearly all are allowed: deleted vectors.
 *
 * Statistics: u32 [0] blocks seen, [1] vectors whose every stage was read; f64 at byte 8: code bits read; u32 from byte
 * 16 on: blocks of which stage t read at least one vector.
 */
import { allowedLanes, isAllowed } from './allowed';
import { dotByteFour16, dotCodeFour } from './bit-dot-four';
import { heapPush, heapWorst } from './heap';
import { beginStage, segmentedQuery } from './segmented-query';
import { boundFour, expandFour, keep, PLACES, padLast, ROOTS, SCORES } from './segmented-survivors';

/** Blocks whose survivors are gathered. */
const TILE: u32 = 4;
/** Scores and roots of one block. */
const BLOCK_SCORES: usize = 1632;
const BLOCK_ROOTS: usize = 1760;
/** u32: vectors that a counted filter allowed. */
const MET: usize = 2048;

/**
 * Norms and first stage of those vectors of one block that `lanes` has bits of; appends the survivors to the m there are
 * and returns their number.
 */
function scanHead(context: usize, block: usize, first: u32, lanes: u32, base: f32, tau: f32, m: u32): u32 {
  const scratch = <usize>load<u32>(context, 28);
  const statistics = <usize>load<u32>(context, 32);
  const normWeight = f32x4.splat(load<f32>(context, 36) - 1);
  const base_f32x4 = f32x4.splat(base);
  const tau_f32x4 = f32x4.splat(tau);
  const slack = f32x4.splat(load<f32>(context, 48));
  let alive: u32 = 0;
  for (let lane: u32 = 0; lane < 32; lane += 4) {
    const at = (<usize>lane) << 2;
    const norm = v128.load(block + at);
    const root = f32x4.sqrt(norm);
    const score = f32x4.add(f32x4.mul(norm, normWeight), base_f32x4);
    v128.store(scratch + at, root, BLOCK_ROOTS);
    v128.store(scratch + at, score, BLOCK_SCORES);
    const bound = f32x4.sub(score, f32x4.mul(root, slack));
    alive |= (<u32>i32x4.bitmask(f32x4.le(bound, tau_f32x4))) << lane;
  }
  alive &= lanes;
  if (alive === 0) return m;
  const hasStage = load<u32>(context, 16) > 0;
  if (hasStage) {
    if (load<u32>(context, 56) === 0) beginStage(context, 0);
    const stage = <usize>load<u32>(context, 12);
    const range = <usize>load<u32>(context, 4);
    const dims = load<u32>(stage, 36);
    const count = load<u32>(stage, 4);
    const bits = load<u32>(stage, 8);
    const rowBytes = <usize>load<u32>(stage, 20);
    const codes = block + load<u32>(stage, 16);
    const factors = block + load<u32>(stage, 24);
    const query = <usize>load<u32>(context, 24);
    const unit = v128.load32_splat(stage, 28);
    const scale = v128.load32_splat(stage, 40);
    const offset = v128.load32_splat(stage, 44);
    const lowSlack = v128.load32_splat(context, 60);
    const isShort = count === 16 && bits === 8;
    const low = v128.load(query);
    const high = v128.load(query, 16);
    const before = alive;
    for (let lane: u32 = 0; lane < 32; lane += 4) {
      if (((before >> lane) & 15) === 0) continue;
      const at = (<usize>lane) << 2;
      const code = codes + <usize>lane * rowBytes;
      const second = code + rowBytes;
      const third = second + rowBytes;
      const inner = isShort
        ? dotByteFour16(code, rowBytes, low, high)
        : dotCodeFour(code, second, third, third + rowBytes, dims, 0, count, bits, query);
      const factor = f32x4.mul(expandFour(v128.load_ext<u16>(factors + ((<usize>lane) << 1))), unit);
      const value = f32x4.mul(factor, f32x4.add(f32x4.mul(scale, inner), offset));
      const score = f32x4.sub(v128.load(scratch + at, BLOCK_SCORES), value);
      v128.store(scratch + at, score, BLOCK_SCORES);
      const root = v128.load(scratch + at, BLOCK_ROOTS);
      const bound = boundFour(score, root, range, base_f32x4, normWeight, lowSlack);
      const left = <u32>i32x4.bitmask(f32x4.le(bound, tau_f32x4)) & 15;
      alive &= (left << lane) | ~((<u32>15) << lane);
    }
    store<u32>(statistics, load<u32>(statistics, 16) + 1, 16);
    countBits(statistics, <u32>popcnt(before), count * bits);
  }
  while (alive !== 0) {
    const lane = ctz(alive);
    alive &= alive - 1;
    const from = scratch + ((<usize>lane) << 2);
    const to = scratch + ((<usize>m) << 2);
    store<u32>(to, first + lane);
    store<f32>(to, load<f32>(from, BLOCK_SCORES), SCORES);
    store<f32>(to, load<f32>(from, BLOCK_ROOTS), ROOTS);
    store<u32>(to, <u32>block | lane, PLACES);
    m++;
  }
  return m;
}

/** Of the m gathered vectors, drops those whose id is not allowed; returns how many stay, in order. */
function dropOthers(scratch: usize, ids: usize, allowed: usize, m: u32): u32 {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < m; i++) {
    const from = scratch + ((<usize>i) << 2);
    const position = load<u32>(from);
    if (!isAllowed(allowed, load<u32>(ids + ((<usize>position) << 2)))) continue;
    const to = scratch + ((<usize>kept) << 2);
    store<u32>(to, position);
    store<f32>(to, load<f32>(from, SCORES), SCORES);
    store<f32>(to, load<f32>(from, ROOTS), ROOTS);
    store<u32>(to, load<u32>(from, PLACES), PLACES);
    kept++;
  }
  return kept;
}

function countBits(statistics: usize, vectors: u32, bits: u32): void {
  store<f64>(statistics, load<f64>(statistics, 8) + <f64>vectors * <f64>bits, 8);
}

/** One stage over the m gathered vectors; keeps the survivors, in order, and returns their number. */
function scanStage(context: usize, t: u32, base: f32, tau: f32, m: u32): u32 {
  if (load<u32>(context, 56) <= t) beginStage(context, t);
  const scratch = <usize>load<u32>(context, 28);
  const statistics = <usize>load<u32>(context, 32);
  const stage = <usize>load<u32>(context, 12) + <usize>t * 48;
  const range = <usize>load<u32>(context, 4) + <usize>load<u32>(stage, 32) * 48;
  const dims = load<u32>(stage, 36);
  const first = load<u32>(stage);
  const count = load<u32>(stage, 4);
  const bits = load<u32>(stage, 8);
  const codesAt = <usize>load<u32>(stage, 16);
  const rowBytes = <usize>load<u32>(stage, 20);
  const factorsAt = <usize>load<u32>(stage, 24);
  const query = <usize>load<u32>(context, 24) + ((<usize>load<u32>(range)) << 1);
  const unit = v128.load32_splat(stage, 28);
  const scale = v128.load32_splat(stage, 40);
  const offset = v128.load32_splat(stage, 44);
  const normWeight = f32x4.splat(load<f32>(context, 36) - 1);
  const base_f32x4 = f32x4.splat(base);
  const tau_f32x4 = f32x4.splat(tau);
  // low bits come after every range has begun, so only low bits are left then; after the last stage nothing is
  const isBegun = t + 1 >= load<u32>(context, 8);
  const lowSlack = t + 1 === load<u32>(context, 16) ? f32x4.splat(0) : v128.load32_splat(context, 60);
  padLast(scratch, m);
  let kept: u32 = 0;
  let lastBlock: usize = 0;
  let blockCount: u32 = 0;
  for (let i: u32 = 0; i < m; i += 4) {
    const at = scratch + ((<usize>i) << 2);
    const pa = load<u32>(at, PLACES);
    const pb = load<u32>(at, PLACES + 4);
    const pc = load<u32>(at, PLACES + 8);
    const pd = load<u32>(at, PLACES + 12);
    const a = <usize>(pa & ~31);
    const b = <usize>(pb & ~31);
    const c = <usize>(pc & ~31);
    const d = <usize>(pd & ~31);
    if (a !== lastBlock) blockCount++;
    if (b !== a) blockCount++;
    if (c !== b) blockCount++;
    if (d !== c) blockCount++;
    lastBlock = d;
    const la = <usize>(pa & 31);
    const lb = <usize>(pb & 31);
    const lc = <usize>(pc & 31);
    const ld = <usize>(pd & 31);
    const inner = dotCodeFour(
      a + codesAt + la * rowBytes,
      b + codesAt + lb * rowBytes,
      c + codesAt + lc * rowBytes,
      d + codesAt + ld * rowBytes,
      dims,
      first,
      count,
      bits,
      query,
    );
    let half = i32x4.splat(<i32>load<u16>(a + factorsAt + (la << 1)));
    half = i32x4.replace_lane(half, 1, <i32>load<u16>(b + factorsAt + (lb << 1)));
    half = i32x4.replace_lane(half, 2, <i32>load<u16>(c + factorsAt + (lc << 1)));
    half = i32x4.replace_lane(half, 3, <i32>load<u16>(d + factorsAt + (ld << 1)));
    const value = f32x4.mul(f32x4.mul(expandFour(half), unit), f32x4.add(f32x4.mul(scale, inner), offset));
    const score = f32x4.sub(v128.load(at, SCORES), value);
    v128.store(at, score, SCORES);
    const root = v128.load(at, ROOTS);
    const bound = isBegun
      ? f32x4.sub(score, f32x4.mul(root, lowSlack))
      : boundFour(score, root, range, base_f32x4, normWeight, lowSlack);
    let left = <u32>i32x4.bitmask(f32x4.le(bound, tau_f32x4));
    if (m - i < 4) left &= (1 << (m - i)) - 1;
    kept = keep(scratch, i, left, kept);
  }
  const counter = statistics + 16 + ((<usize>t) << 2);
  store<u32>(counter, load<u32>(counter) + blockCount);
  countBits(statistics, m, count * bits);
  return kept;
}

/**
 * All stages of `count` blocks from the one at `first` on; the survivors are in scratch. isCounted — allowed is a filter:
 * asked first, and what it allows is added up in scratch.
 */
function scanTile(
  context: usize,
  blocks: usize,
  n: u32,
  first: u32,
  count: u32,
  base: f32,
  tau: f32,
  ids: usize,
  allowed: usize,
  isCounted: bool,
): u32 {
  const stageCount = load<u32>(context, 16);
  const scratch = <usize>load<u32>(context, 28);
  const statistics = <usize>load<u32>(context, 32);
  const blockBytes = <usize>load<u32>(context);
  const end = min(n, first + (count << 5));
  let m: u32 = 0;
  for (let at = first; at < end; at += 32) {
    const block = blocks + <usize>(at >> 5) * blockBytes;
    let lanes: u32 = end - at < 32 ? (1 << (end - at)) - 1 : 0xffffffff;
    if (isCounted) {
      lanes = allowedLanes(lanes, ids + ((<usize>at) << 2), allowed);
      if (lanes === 0) continue;
      store<u32>(scratch, load<u32>(scratch, MET) + <u32>popcnt(lanes), MET);
    }
    m = scanHead(context, block, at, lanes, base, tau, m);
  }
  if (allowed !== 0 && !isCounted) m = dropOthers(scratch, ids, allowed, m);
  for (let t: u32 = 1; t < stageCount && m > 0; t++) {
    if (t + 1 === stageCount) store<u32>(statistics, load<u32>(statistics, 4) + m, 4);
    m = scanStage(context, t, base, tau, m);
  }
  store<u32>(statistics, load<u32>(statistics) + ((end - first + 31) >> 5));
  return m;
}

/** Scans the n vectors of a list or a piece of one, whose bounds are set, into the heap. */
function scanPiece(
  context: usize,
  base: f32,
  blocks: usize,
  n: u32,
  ids: usize,
  allowed: usize,
  isCounted: bool,
  k: u32,
  heapScores: usize,
  heapIds: usize,
  heapSize: usize,
): void {
  const scratch = <usize>load<u32>(context, 28);
  let first: u32 = 0;
  while (first < n) {
    const tau = heapWorst(heapScores, heapSize, k);
    // while anything gets in, a block at a time: the bound tightens with each
    const count = load<u32>(heapSize) < k ? 1 : TILE;
    const m = scanTile(context, blocks, n, first, count, base, tau, ids, allowed, isCounted);
    for (let i: u32 = 0; i < m; i++) {
      const at = scratch + ((<usize>i) << 2);
      heapPush(
        heapScores,
        heapIds,
        heapSize,
        k,
        load<f32>(at, SCORES),
        load<u32>(ids + ((<usize>load<u32>(at)) << 2)),
      );
    }
    first += count << 5;
  }
}

/**
 * Scans the n vectors of a list into the heap; c: its projected centroid or 0, base: the score of the centroid; allowed: bit
 * set over ids or 0, isCounted as in scanTile. Returns the vectors that a counted filter allows, 0 else.
 */
export function segmentedScan(
  context: usize,
  c: usize,
  base: f32,
  blocks: usize,
  n: u32,
  ids: usize,
  allowed: usize,
  isCounted: bool,
  k: u32,
  heapScores: usize,
  heapIds: usize,
  heapSize: usize,
): u32 {
  if (load<f32>(context, 36) !== 1) segmentedQuery(context, c);
  const scratch = <usize>load<u32>(context, 28);
  store<u32>(scratch, 0, MET);
  scanPiece(context, base, blocks, n, ids, allowed, isCounted, k, heapScores, heapIds, heapSize);
  return load<u32>(scratch, MET);
}

/**
 * The whole search: lists in the order given by order u32[count], and returns how many were visited: `least`, and more
 * while under `wanted` vectors that the filter allows were met. With wanted = 0 the bit set is not counted, and more are
 * visited while the heap holds fewer than the first `least` have places for (what was deleted there).
 *
 * lists: records of 16 bytes { blocks, ids, n, the number of the record that goes on with the list or 0 }; bases f32 and
 * centroids (f32, `stride` floats apart, 0 where p is the query itself) by list number.
 */
export function segmentedSearch(
  context: usize,
  lists: usize,
  order: usize,
  count: u32,
  least: u32,
  wanted: u32,
  bases: usize,
  centroids: usize,
  stride: u32,
  allowed: usize,
  k: u32,
  heapScores: usize,
  heapIds: usize,
  heapSize: usize,
): u32 {
  const scratch = <usize>load<u32>(context, 28);
  const isCounted = wanted > 0;
  let places: u32 = 0;
  let i: u32 = 0;
  store<u32>(scratch, 0, MET);
  for (; i < count; i++) {
    if (i >= least) {
      const isEnough = isCounted
        ? load<u32>(scratch, MET) >= wanted
        : load<u32>(heapSize) >= min<u32>(places, k);
      if (isEnough) break;
    }
    const list = <usize>load<u32>(order + ((<usize>i) << 2));
    let record = lists + (list << 4);
    if (load<u32>(record, 8) === 0) continue;
    const c = centroids === 0 ? <usize>0 : centroids + ((list * <usize>stride) << 2);
    if (load<f32>(context, 36) !== 1) segmentedQuery(context, c);
    const base = load<f32>(bases + (list << 2));
    while (true) {
      const n = load<u32>(record, 8);
      if (i < least) places += n;
      scanPiece(
        context,
        base,
        <usize>load<u32>(record),
        n,
        <usize>load<u32>(record, 4),
        allowed,
        isCounted,
        k,
        heapScores,
        heapIds,
        heapSize,
      );
      const next = <usize>load<u32>(record, 12);
      if (next === 0) break;
      record = lists + (next << 4);
    }
  }
  return i;
}

/** Scores of all n vectors of a list, nothing given up: out f32[n], in list order. */
export function segmentedScores(
  context: usize,
  c: usize,
  base: f32,
  blocks: usize,
  n: u32,
  out: usize,
): void {
  if (load<f32>(context, 36) !== 1) segmentedQuery(context, c);
  const scores = <usize>load<u32>(context, 28) + SCORES;
  for (let first: u32 = 0; first < n; first += TILE << 5) {
    const m = scanTile(context, blocks, n, first, TILE, base, Infinity, 0, 0, false);
    memory.copy(out + ((<usize>first) << 2), scores, (<usize>m) << 2);
  }
}
