/**
 * Mends a neighbour graph before vertices leave it (graph.ts): a vertex with an edge to one that leaves gets its edges anew,
 * chosen from those that stay of its own neighbours and of the neighbours of those that leave (FreshDiskANN: Singh et al.,
 * 2021, algorithm 4). Rows of vertices that leave are read and not written, so the order makes no difference.
 */
import { isAllowed } from './allowed';
import { distance, edgesOf, newStamp, poolPut, poolWorst, pruneEdges, stampOnce } from './graph';

/** Offers `count` slots to the pool of `size`, as seen from `slot`; returns its size. */
function offer(graph: usize, slot: u32, slots: usize, count: u32, live: usize, stamp: u32, size: u32): u32 {
  const width = load<u32>(graph, 28);
  for (let i: u32 = 0; i < count; i++) {
    const other = load<u32>(slots + ((<usize>i) << 2));
    if (!isAllowed(live, other) || !stampOnce(graph, other, stamp)) continue;
    const score = distance(graph, slot, other);
    if (score > poolWorst(graph, size)) continue;
    if (poolPut(graph, size, score, other) < width && size < width) size++;
  }
  return size;
}

/** The first vertex of a chain, from `slot` on, that stays; `owner` where there is none. */
function nextLive(graph: usize, owner: u32, slot: u32, live: usize): u32 {
  const last = (<usize>(load<u32>(graph, 4) - 1)) << 2;
  while (!isAllowed(live, slot)) {
    const next = load<u32>(edgesOf(graph, slot) + last);
    if (next === slot) return owner;
    slot = next;
  }
  return slot;
}

/** Mends the vertices first … end - 1 that stay: those of the bit set `live`. Returns how many had to be. */
export function graphRepair(graph: usize, first: u32, end: u32, live: usize): u32 {
  const degree = load<u32>(graph, 4);
  const last = (<usize>(degree - 1)) << 2;
  let repaired: u32 = 0;
  for (let slot = first; slot < end; slot++) {
    if (!isAllowed(live, slot)) continue;
    const edges = edgesOf(graph, slot);
    let isWhole = true;
    for (let i: u32 = 0; i < degree; i++) {
      if (!isAllowed(live, load<u32>(edges + ((<usize>i) << 2)))) isWhole = false;
    }
    if (isWhole) continue;
    const stamp = newStamp(graph);
    stampOnce(graph, slot, stamp);
    let size = offer(graph, slot, edges, degree - 1, live, stamp, 0);
    for (let i: u32 = 0; i < degree; i++) {
      const other = load<u32>(edges + ((<usize>i) << 2));
      if (isAllowed(live, other)) continue;
      size = offer(graph, slot, edgesOf(graph, other), degree, live, stamp, size);
    }
    pruneEdges(graph, slot, size);
    store<u32>(edges + last, nextLive(graph, slot, load<u32>(edges + last), live));
    repaired++;
  }
  return repaired;
}
