/**
 * Scan of blocks of 32 multi-segment codes in stages with early exit, straight into a bounded heap (smaller score is
 * better):
 *   score = normWeight·norm + base - Σ_stages factor·(scale·<component, q> + offset)
 * A stage reads one segment's code, or the high 8 bits of it (the rest is a later stage). Stage 0 looks at the norms
 * alone; after each stage a vector leaves when score - slack·√norm exceeds the worst kept score. slack is the caller's
 * bound of what the segments not begun can still take off, per unit of √norm.
 *
 * Block layout: norm f32[32], then per segment { factor u16[32] (5 exponent, 11 mantissa bits), codes 32 × rowBytes }.
 * Stage record (40 bytes): dims, bits, shift, offset of the first vector's component in the block, rowBytes, offset of
 *   the factors in the block, first dim in the query (all u32), factor unit f32, segment u32, 4 bytes of zero.
 * Term record (16 bytes, made by segmentedQuery): scale f32, offset f32, slack f32, 4 bytes of zero.
 * Statistics u32: [0] blocks seen, [1] blocks that end at stage 0, [2] blocks that end before the last stage,
 *   [3] vectors whose every stage was read, [4] code bits read, in units of 16 bits.
 */
import { dotCode, dotCodeFour } from './bit-dot';
import { heapPush, heapWorst } from './heap';

const STAGE_BYTES: usize = 40;

/** u16 with 5 exponent and 11 mantissa bits, no sign, exponent bias 15; 0 is zero. */
function expandFactor(half: u32): f32 {
  return half === 0 ? 0 : reinterpret<f32>((half << 12) + (112 << 23));
}

function expandFour(factors: usize): v128 {
  const half = v128.load_ext<u16>(factors);
  const float = i32x4.add(i32x4.shl(half, 12), i32x4.splat(112 << 23));
  return v128.and(float, i32x4.ne(half, i32x4.splat(0)));
}

/** Subtracts one stage from the scores of the vectors in `alive`; returns those still within reach of tau. */
function scanStage(
  block: usize,
  alive: u32,
  stage: usize,
  term: usize,
  query: usize,
  scores: usize,
  roots: usize,
  tau: f32,
): u32 {
  const dims = load<u32>(stage);
  const bits = load<u32>(stage, 4);
  const codes = block + load<u32>(stage, 12);
  const rowBytes = load<u32>(stage, 16);
  const factors = block + load<u32>(stage, 20);
  const part = query + ((<usize>load<u32>(stage, 24)) << 1);
  const unit = load<f32>(stage, 28);
  const scale = load<f32>(term);
  const offset = load<f32>(term, 4);
  const slack = load<f32>(term, 8);
  let left: u32 = 0;
  for (let first: u32 = 0; first < 32; first += 4) {
    const lanes = (alive >> first) & 15;
    if (lanes === 0) continue;
    const at = (<usize>first) << 2;
    if (lanes & (lanes - 1)) {
      const inner = dotCodeFour(codes + (<usize>first) * rowBytes, rowBytes, dims, bits, part);
      const factor = f32x4.mul(expandFour(factors + ((<usize>first) << 1)), f32x4.splat(unit));
      const value = f32x4.add(f32x4.mul(f32x4.splat(scale), inner), f32x4.splat(offset));
      const score = f32x4.sub(v128.load(scores + at), f32x4.mul(factor, value));
      v128.store(scores + at, score);
      const bound = f32x4.sub(score, f32x4.mul(f32x4.splat(slack), v128.load(roots + at)));
      left |= ((<u32>i32x4.bitmask(f32x4.le(bound, f32x4.splat(tau)))) & lanes) << first;
    } else {
      const lane = ctz(lanes);
      const one = at + ((<usize>lane) << 2);
      const inner = dotCode(codes + (<usize>(first + lane)) * rowBytes, dims, bits, part);
      const factor = expandFactor(load<u16>(factors + ((<usize>(first + lane)) << 1))) * unit;
      const score = load<f32>(scores + one) - factor * (scale * inner + offset);
      store<f32>(scores + one, score);
      if (score - slack * load<f32>(roots + one) <= tau) left |= (<u32>1) << (first + lane);
    }
  }
  return left;
}

export function segmentedScan(
  blocks: usize,
  n: u32,
  blockBytes: u32,
  stages: usize,
  stageCount: u32,
  query: usize,
  terms: usize,
  base: f32,
  normWeight: f32,
  slack: f32,
  ids: usize,
  k: u32,
  heapScores: usize,
  heapIds: usize,
  heapSize: usize,
  scratch: usize,
  statistics: usize,
): void {
  const roots = scratch;
  const scores = scratch + 128;
  let endedEarly: u32 = 0;
  let endedAtNorms: u32 = 0;
  let inFull: u32 = 0;
  let words: u32 = 0;
  for (let first: u32 = 0; first < n; first += 32) {
    const used = min<u32>(32, n - first);
    let alive: u32 = used === 32 ? 0xffffffff : (1 << used) - 1;
    const tau = heapWorst(heapScores, heapSize, k);
    const tau_f32x4 = f32x4.splat(tau);
    let passed: u32 = 0;
    for (let lane: u32 = 0; lane < 32; lane += 4) {
      const norm = v128.load(blocks + ((<usize>lane) << 2));
      const root = f32x4.sqrt(norm);
      const score = f32x4.add(f32x4.mul(norm, f32x4.splat(normWeight)), f32x4.splat(base));
      v128.store(roots + ((<usize>lane) << 2), root);
      v128.store(scores + ((<usize>lane) << 2), score);
      const bound = f32x4.sub(score, f32x4.mul(root, f32x4.splat(slack)));
      passed |= <u32>i32x4.bitmask(f32x4.le(bound, tau_f32x4)) << lane;
    }
    alive &= passed;
    if (alive === 0) endedAtNorms++;
    let stage = stages;
    let term = terms;
    for (let t: u32 = 0; t < stageCount && alive !== 0; t++) {
      const count = <u32>popcnt(alive);
      words += ((load<u32>(stage) * load<u32>(stage, 4)) >> 4) * count;
      alive = scanStage(blocks, alive, stage, term, query, scores, roots, tau);
      if (t + 1 === stageCount) inFull += count;
      else if (alive === 0) endedEarly++;
      stage += STAGE_BYTES;
      term += 16;
    }
    while (alive !== 0) {
      const lane = ctz(alive);
      alive &= alive - 1;
      heapPush(
        heapScores,
        heapIds,
        heapSize,
        k,
        load<f32>(scores + ((<usize>lane) << 2)),
        load<u32>(ids + ((<usize>(first + lane)) << 2)),
      );
    }
    blocks += blockBytes;
  }
  store<u32>(statistics, load<u32>(statistics) + ((n + 31) >> 5));
  store<u32>(statistics, load<u32>(statistics, 4) + endedAtNorms, 4);
  store<u32>(statistics, load<u32>(statistics, 8) + endedEarly, 8);
  store<u32>(statistics, load<u32>(statistics, 12) + inFull, 12);
  store<u32>(statistics, load<u32>(statistics, 16) + words, 16);
}

/** Scores of all n vectors of a list, no pruning: out f32[⌈n/32⌉·32] (what lies behind the n-th is of no use). */
export function segmentedScores(
  blocks: usize,
  n: u32,
  blockBytes: u32,
  stages: usize,
  stageCount: u32,
  query: usize,
  terms: usize,
  base: f32,
  normWeight: f32,
  out: usize,
): void {
  for (let first: u32 = 0; first < n; first += 32) {
    const scores = out + ((<usize>first) << 2);
    for (let lane: usize = 0; lane < 128; lane += 16) {
      const norm = v128.load(blocks + lane);
      v128.store(scores + lane, f32x4.add(f32x4.mul(norm, f32x4.splat(normWeight)), f32x4.splat(base)));
    }
    for (let t: u32 = 0; t < stageCount; t++) {
      const stage = stages + (<usize>t) * STAGE_BYTES;
      const term = terms + ((<usize>t) << 4);
      scanStage(blocks, 0xffffffff, stage, term, query, scores, blocks, Infinity);
    }
    blocks += blockBytes;
  }
}
