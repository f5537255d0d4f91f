/**
 * Insertion of vertices into a neighbour graph by their coordinates (graph.ts): a best-first search for the new vertex, then
 * of those found the ones that no nearer chosen one stands in front of, and edges back, pruned the same way where a row is
 * full (Vamana: Subramanya et al., DiskANN, NeurIPS 2019, algorithms 1 to 3; α² on squared distances).
 *
 * Copies: a chosen vertex stands in front of all its copies, so of many only one would keep an edge. A vertex at distance 0
 * of one that is there goes into that one's chain instead. So does one that no edge back was kept for.
 */
import {
  distance,
  distances,
  edgesOf,
  expand,
  fillEdges,
  isBehind,
  newStamp,
  nextPlace,
  poolPut,
  poolScore,
  poolSlot,
  poolWorst,
  prunedOf,
  pruneEdges,
  setPruned,
  stampOnce,
} from './graph';

/** Scratch: candidates of a row that is full, slots and distances, and slots of the fresh ones that were chosen. */
const DISTANCES: usize = 1024;
/** Slots that fit there at once. */
const MOST: u32 = 256;
const CHOSEN: usize = 2048;
/** In scratch: the edge has not been through a pruning of this row. */
const FRESH: u32 = 0x80000000;

/** Fills the pool with the nearest vertices of one, itself left out; returns how many. */
export function graphNearest(graph: usize, vertex: u32): u32 {
  const stamp = newStamp(graph);
  const width = load<u32>(graph, 28);
  const degree = load<u32>(graph, 4);
  const fresh = <usize>load<u32>(graph, 76);
  stampOnce(graph, vertex, stamp);
  let slots = <usize>load<u32>(graph, 32);
  let count = load<u32>(graph, 36);
  let size: u32 = 0;
  let next: u32 = 0;
  while (true) {
    // all entries, MOST at a time, then the neighbours of one vertex after the other
    const part = min(count, MOST);
    let met: u32 = 0;
    for (let i: u32 = 0; i < part; i++) {
      const slot = load<u32>(slots + ((<usize>i) << 2));
      if (!stampOnce(graph, slot, stamp)) continue;
      store<u32>(fresh + ((<usize>met) << 2), slot);
      met++;
    }
    distances(graph, vertex, fresh, met, fresh + DISTANCES);
    for (let i: u32 = 0; i < met; i++) {
      const slot = load<u32>(fresh + ((<usize>i) << 2));
      const score = load<f32>(fresh + ((<usize>i) << 2), DISTANCES);
      if (score > poolWorst(graph, size)) continue;
      const place = poolPut(graph, size, score, slot);
      if (place === width) continue;
      if (size < width) size++;
      if (place < next) next = place;
    }
    slots += (<usize>part) << 2;
    count -= part;
    if (count > 0) continue;
    next = nextPlace(graph, next, size);
    if (next === size) return size;
    slots = edgesOf(graph, expand(graph, next));
    count = degree;
  }
}

/** Puts a vertex that is in no chain into that of another, right behind it. */
function chain(graph: usize, head: u32, slot: u32): void {
  const last = (<usize>(load<u32>(graph, 4) - 1)) << 2;
  const from = edgesOf(graph, head) + last;
  const next = load<u32>(from);
  store<u32>(edgesOf(graph, slot) + last, next === head ? slot : next);
  store<u32>(from, slot);
}

/**
 * An edge from `slot` to `other`; a full row is pruned. Returns whether it is there. Edges that went through a pruning
 * together stay in each other's sight, so of these only what a fresh one stands in front of leaves: all others need no
 * second look, and most rows are full with one fresh edge.
 */
function link(graph: usize, slot: u32, other: u32): bool {
  const degree = load<u32>(graph, 4);
  const edges = edgesOf(graph, slot);
  const most = degree - 1;
  for (let i: u32 = 0; i < most; i++) {
    const at = edges + ((<usize>i) << 2);
    const there = load<u32>(at);
    if (there === other) return true;
    if (there !== slot) continue;
    store<u32>(at, other);
    return true;
  }
  // insertion sort of the row and the new one by (distance, slot)
  const slots = <usize>load<u32>(graph, 76);
  const known = prunedOf(graph, slot);
  distances(graph, slot, edges, most, slots + DISTANCES);
  store<f32>(slots + ((<usize>most) << 2), distance(graph, slot, other), DISTANCES);
  for (let i: u32 = 0; i <= most; i++) {
    const candidate = i < most ? load<u32>(edges + ((<usize>i) << 2)) : other;
    const own = load<f32>(slots + ((<usize>i) << 2), DISTANCES);
    let j = i;
    while (j > 0) {
      const before = slots + ((<usize>(j - 1)) << 2);
      const value = load<f32>(before, DISTANCES);
      if (value < own || (value === own && (load<u32>(before) & ~FRESH) < candidate)) break;
      store<u32>(before + 4, load<u32>(before));
      store<f32>(before + 4, value, DISTANCES);
      j--;
    }
    const at = slots + ((<usize>j) << 2);
    store<u32>(at, i < known ? candidate : candidate | FRESH);
    store<f32>(at, own, DISTANCES);
  }
  let chosen: u32 = 0;
  let fresh: u32 = 0;
  let isKept = false;
  for (let i: u32 = 0; i <= most && chosen < most; i++) {
    const at = slots + ((<usize>i) << 2);
    const isFresh = (load<u32>(at) & FRESH) !== 0;
    const candidate = load<u32>(at) & ~FRESH;
    const others = isFresh ? edges : slots + CHOSEN;
    if (isBehind(graph, others, isFresh ? chosen : fresh, candidate, load<f32>(at, DISTANCES))) continue;
    store<u32>(edges + ((<usize>chosen) << 2), candidate);
    chosen++;
    if (!isFresh) continue;
    store<u32>(slots + ((<usize>fresh) << 2), candidate, CHOSEN);
    fresh++;
    if (candidate === other) isKept = true;
  }
  setPruned(graph, slot, chosen);
  fillEdges(edges, chosen, degree, slot);
  return isKept;
}

/** Inserts `count` vertices order u32[count], whose rows hold their own slots alone. */
export function graphInsert(graph: usize, order: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const slot = load<u32>(order + ((<usize>i) << 2));
    const size = graphNearest(graph, slot);
    if (size === 0) continue;
    const chosen = pruneEdges(graph, slot, size);
    let isReached = false;
    if (poolScore(graph, 0) > 0) {
      const edges = edgesOf(graph, slot);
      for (let j: u32 = 0; j < chosen; j++) {
        if (link(graph, load<u32>(edges + ((<usize>j) << 2)), slot)) isReached = true;
      }
    }
    if (!isReached) chain(graph, poolSlot(graph, 0), slot);
  }
}
