/**
 * What walks and changes of a neighbour graph share: adjacency, stamps, the pool of a search, distances of vertices.
 *
 * Vertices are slots 0…n - 1. A row of the adjacency holds `degree` slots; a place that is not used holds the row's own. The
 * last place is for the edge that keeps another vertex reachable (graph-build.ts): pruning leaves it alone, and as every
 * vertex has at most one such edge in and one out, they form chains.
 *
 * A column is rows of one length in pieces of 2^16, whose addresses stand in a table. A code is two rows, what a search
 * reads first and the rest; both begin at multiples of 32.
 *
 * Coordinates of a vertex are 16 bytes, then i8[dims]: 0 g²·|y|², 4 g, 8 |x|², 12 e, all f32. Vertices a and b are
 * |g_a·y_a - g_b·y_b|² + (e_a - e_b)² apart; e is 0 but for inner products, where it makes all vectors equally long.
 *
 * Graph record (96 bytes, u32): 0 table of the adjacency, 4 degree, 8 n, 12 stamps u32[n], 16 the last stamp given, 20 pool
 *   scores f32[width + 1], 24 pool slots u32[width + 1], 28 width of the pool, 32 entries u32[count], 36 their count,
 *   40 table of the heads, 44 bytes of a head, 48 table of the tails, 52 bytes of a tail, 56 stages whose codes lie in heads,
 *   60 statistics u32[3]: vertices expanded, scored, scored in full, 64 table of the coordinates, 68 dims, a multiple of 16,
 *   72 square of the pruning factor f32, 76 scratch of a change, 3,072 bytes, 80 1 where tails are never read,
 *   84 leading edges u8[n] of a row that went through a pruning together.
 */

const PIECE_BITS: u32 = 16;
/** In a pool: the vertex has been expanded. */
const EXPANDED: u32 = 0x80000000;
/** Before the i8 of coordinates. */
const COORDINATE_HEAD: u32 = 16;

/** The address of a row of a column. */
export function rowAt(table: usize, rowBytes: u32, slot: u32): usize {
  const piece = <usize>load<u32>(table + ((<usize>(slot >> PIECE_BITS)) << 2));
  return piece + <usize>((slot & ((1 << PIECE_BITS) - 1)) * rowBytes);
}

export function edgesOf(graph: usize, slot: u32): usize {
  return rowAt(<usize>load<u32>(graph), load<u32>(graph, 4) << 2, slot);
}

/** A stamp that no vertex has. */
export function newStamp(graph: usize): u32 {
  let stamp = load<u32>(graph, 16) + 1;
  if (stamp === 0) {
    memory.fill(<usize>load<u32>(graph, 12), 0, (<usize>load<u32>(graph, 8)) << 2);
    stamp = 1;
  }
  store<u32>(graph, stamp, 16);
  return stamp;
}

/** Stamps a vertex; false where it had the stamp already. */
export function stampOnce(graph: usize, slot: u32, stamp: u32): bool {
  const at = <usize>load<u32>(graph, 12) + ((<usize>slot) << 2);
  if (load<u32>(at) === stamp) return false;
  store<u32>(at, stamp);
  return true;
}

/** The score that a vertex has to beat to get into a pool of `size`, or +Infinity while there is room. */
export function poolWorst(graph: usize, size: u32): f32 {
  const width = load<u32>(graph, 28);
  return size < width ? Infinity : load<f32>(<usize>load<u32>(graph, 20) + ((<usize>(width - 1)) << 2));
}

/**
 * Puts a vertex into the pool of `size`, which ascends by (score, slot), and drops the worst where it is full. Returns the
 * place, or the width where it did not get in.
 */
export function poolPut(graph: usize, size: u32, score: f32, slot: u32): u32 {
  const scores = <usize>load<u32>(graph, 20);
  const slots = <usize>load<u32>(graph, 24);
  const width = load<u32>(graph, 28);
  let low: u32 = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = load<f32>(scores + ((<usize>middle) << 2));
    const isBefore =
      other < score || (other === score && (load<u32>(slots + ((<usize>middle) << 2)) & ~EXPANDED) < slot);
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  if (low >= width) return width;
  // by hand: a call that moves memory takes longer than moving so little
  for (let i = min(size, width - 1); i > low; i--) {
    const to = (<usize>i) << 2;
    store<f32>(scores + to, load<f32>(scores + to - 4));
    store<u32>(slots + to, load<u32>(slots + to - 4));
  }
  const at = (<usize>low) << 2;
  store<f32>(scores + at, score);
  store<u32>(slots + at, slot);
  return low;
}

/** The first place from `from` on of the pool of `size` whose vertex has not been expanded, or `size`. */
export function nextPlace(graph: usize, from: u32, size: u32): u32 {
  const slots = <usize>load<u32>(graph, 24);
  while (from < size && (load<u32>(slots + ((<usize>from) << 2)) & EXPANDED) !== 0) from++;
  return from;
}

/** Marks the vertex at a place as expanded, and returns it. */
export function expand(graph: usize, place: u32): u32 {
  const at = <usize>load<u32>(graph, 24) + ((<usize>place) << 2);
  const slot = load<u32>(at);
  store<u32>(at, slot | EXPANDED);
  return slot;
}

export function poolSlot(graph: usize, place: u32): u32 {
  return load<u32>(<usize>load<u32>(graph, 24) + ((<usize>place) << 2)) & ~EXPANDED;
}

export function poolScore(graph: usize, place: u32): f32 {
  return load<f32>(<usize>load<u32>(graph, 20) + ((<usize>place) << 2));
}

/** Leading edges of a row that were pruned together, ascending by distance; none in front of another. */
export function prunedOf(graph: usize, slot: u32): u32 {
  return load<u8>(<usize>load<u32>(graph, 84) + <usize>slot);
}

export function setPruned(graph: usize, slot: u32, count: u32): void {
  store<u8>(<usize>load<u32>(graph, 84) + <usize>slot, count);
}

/** The squared distance of two vertices by their coordinates, not below 0. */
export function distance(graph: usize, a: u32, b: u32): f32 {
  const table = <usize>load<u32>(graph, 64);
  const dims = load<u32>(graph, 68);
  const x = rowAt(table, COORDINATE_HEAD + dims, a);
  const y = rowAt(table, COORDINATE_HEAD + dims, b);
  let even = i32x4.splat(0);
  let odd = i32x4.splat(0);
  for (let i: usize = 0; i < <usize>dims; i += 16) {
    even = i32x4.add(even, i32x4.dot_i16x8_s(lowOf(x + i), lowOf(y + i)));
    odd = i32x4.add(odd, i32x4.dot_i16x8_s(highOf(x + i), highOf(y + i)));
  }
  return apart(x, y, i32x4.add(even, odd));
}

function lowOf(row: usize): v128 {
  return v128.load_ext<i8>(row, COORDINATE_HEAD);
}

function highOf(row: usize): v128 {
  return v128.load_ext<i8>(row, COORDINATE_HEAD + 8);
}

/** The squared distance of two rows whose codes have a product, here in four parts. */
function apart(x: usize, y: usize, parts: v128): f32 {
  const dot =
    i32x4.extract_lane(parts, 0) +
    i32x4.extract_lane(parts, 1) +
    i32x4.extract_lane(parts, 2) +
    i32x4.extract_lane(parts, 3);
  // of equal rows exactly 0: then all three products are the same
  const product = load<f32>(x, 4) * load<f32>(y, 4) * <f32>dot;
  const square = load<f32>(x) + load<f32>(y) - 2 * product;
  const lift = load<f32>(x, 12) - load<f32>(y, 12);
  return max<f32>(0, square) + lift * lift;
}

/**
 * Distances f32[count] of a vertex to others. Two at a time, in a loop that waits for nothing else: rows come from all over
 * the memory.
 */
export function distances(graph: usize, vertex: u32, slots: usize, count: u32, out: usize): void {
  const table = <usize>load<u32>(graph, 64);
  const dims = load<u32>(graph, 68);
  const rowBytes = COORDINATE_HEAD + dims;
  const x = rowAt(table, rowBytes, vertex);
  let j: u32 = 0;
  for (; j + 2 <= count; j += 2) {
    const at = (<usize>j) << 2;
    const y = rowAt(table, rowBytes, load<u32>(slots + at));
    const z = rowAt(table, rowBytes, load<u32>(slots + at, 4));
    let toY = i32x4.splat(0);
    let toZ = i32x4.splat(0);
    for (let i: usize = 0; i < <usize>dims; i += 16) {
      const low = lowOf(x + i);
      const high = highOf(x + i);
      toY = i32x4.add(toY, i32x4.dot_i16x8_s(low, lowOf(y + i)));
      toZ = i32x4.add(toZ, i32x4.dot_i16x8_s(low, lowOf(z + i)));
      toY = i32x4.add(toY, i32x4.dot_i16x8_s(high, highOf(y + i)));
      toZ = i32x4.add(toZ, i32x4.dot_i16x8_s(high, highOf(z + i)));
    }
    store<f32>(out + at, apart(x, y, toY));
    store<f32>(out + at, apart(x, z, toZ), 4);
  }
  if (j === count) return;
  const at = (<usize>j) << 2;
  store<f32>(out + at, distance(graph, vertex, load<u32>(slots + at)));
}

/** Is c behind one of `count` chosen vertices, as seen from where its distance is `own`? */
export function isBehind(graph: usize, chosen: usize, count: u32, c: u32, own: f32): bool {
  const factor = load<f32>(graph, 72);
  for (let i: u32 = 0; i < count; i++) {
    if (factor * distance(graph, load<u32>(chosen + ((<usize>i) << 2)), c) <= own) return true;
  }
  return false;
}

/**
 * The edges of a vertex anew: those of the pool, nearest first, that no chosen one stands in front of. Places that stay free
 * hold the slot, the last one is left. Returns how many were chosen.
 */
export function pruneEdges(graph: usize, slot: u32, size: u32): u32 {
  const degree = load<u32>(graph, 4);
  const edges = edgesOf(graph, slot);
  let chosen: u32 = 0;
  for (let j: u32 = 0; j < size && chosen + 1 < degree; j++) {
    const candidate = poolSlot(graph, j);
    if (isBehind(graph, edges, chosen, candidate, poolScore(graph, j))) continue;
    store<u32>(edges + ((<usize>chosen) << 2), candidate);
    chosen++;
  }
  setPruned(graph, slot, chosen);
  fillEdges(edges, chosen, degree, slot);
  return chosen;
}

/** Fills places from `used` on, all but the last, with the row's own slot. */
export function fillEdges(edges: usize, used: u32, degree: u32, slot: u32): void {
  for (let i = used; i + 1 < degree; i++) store<u32>(edges + ((<usize>i) << 2), slot);
}
