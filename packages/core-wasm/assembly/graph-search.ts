/**
 * Best-first search in a neighbour graph over staged codes (graph.ts, segmented-scan.ts): the pool holds the best vertices
 * met, the best that is not expanded is expanded, until none is left. The neighbours of a vertex are gathered before they
 * are scored, four at a time. The walk reads heads alone, whose scores take what is unread as orthogonal to the query; what the
 * pool holds at its end is scored in full. (Reading tails on the way of what heads do not rule out finds more at the same
 * width and less in the same time.)
 */
import { isAllowed } from './allowed';
import {
  edgesOf,
  expand,
  newStamp,
  nextPlace,
  poolPut,
  poolScore,
  poolSlot,
  poolWorst,
  rowAt,
  stampOnce,
} from './graph';
import { heapPush, heapWorst } from './heap';
import { scanRows } from './segmented-rows';
import { PLACES, ROOTS, SCORES } from './segmented-survivors';

/** Slots gathered at once. */
const MOST: u32 = 128;

function addTo(graph: usize, counter: usize, count: u32): void {
  const at = <usize>load<u32>(graph, 60) + counter;
  store<u32>(at, load<u32>(at) + count);
}
const EXPANDED: usize = 0;
const MET: usize = 4;
const IN_FULL: usize = 8;

/**
 * Fills the heap with the best of the vertices met; with `allowed`, a bit set over slots or 0, of those it has. The graph
 * record says how wide the search is, context is of a query whose bounds are set (segmentedQuery), base its score with the
 * origin of the codes. Returns how many of the pool may be found.
 */
export function graphSearch(
  graph: usize,
  context: usize,
  base: f32,
  allowed: usize,
  k: u32,
  heapScores: usize,
  heapIds: usize,
  heapSize: usize,
): u32 {
  const stamp = newStamp(graph);
  const degree = load<u32>(graph, 4);
  const width = load<u32>(graph, 28);
  const headStages = load<u32>(graph, 56);
  let size: u32 = 0;
  let next: u32 = 0;
  let slots = <usize>load<u32>(graph, 32);
  let count = load<u32>(graph, 36);
  while (true) {
    // all entries, MOST at a time, then the neighbours of one vertex after the other
    const part = min(count, MOST);
    const tau = poolWorst(graph, size);
    let m = gather(graph, context, base, tau, slots, part, stamp);
    m = score(graph, context, base, tau, 0, headStages, m);
    const scratch = <usize>load<u32>(context, 28);
    for (let i: u32 = 0; i < m; i++) {
      const at = scratch + ((<usize>i) << 2);
      const slot = load<u32>(at);
      const value = load<f32>(at, SCORES);
      const place = poolPut(graph, size, value, slot);
      if (place === width) continue;
      if (size < width) size++;
      if (place < next) next = place;
    }
    slots += (<usize>part) << 2;
    count -= part;
    if (count > 0) continue;
    next = nextPlace(graph, next, size);
    if (next === size) break;
    slots = edgesOf(graph, expand(graph, next));
    count = degree;
    addTo(graph, EXPANDED, 1);
  }
  return takePool(graph, context, base, allowed, size, k, heapScores, heapIds, heapSize);
}

/** Puts what may be found of the pool into the heap, in full where tails are read; returns how many that are. */
function takePool(
  graph: usize,
  context: usize,
  base: f32,
  allowed: usize,
  size: u32,
  k: u32,
  heapScores: usize,
  heapIds: usize,
  heapSize: usize,
): u32 {
  const scratch = <usize>load<u32>(context, 28);
  const heads = <usize>load<u32>(graph, 40);
  const headBytes = load<u32>(graph, 44);
  const headStages = load<u32>(graph, 56);
  const end = lastStage(graph, context);
  let found: u32 = 0;
  for (let next: u32 = 0; next < size; ) {
    let m: u32 = 0;
    for (; next < size && m < MOST; next++) {
      const slot = poolSlot(graph, next);
      if (allowed !== 0 && !isAllowed(allowed, slot)) continue;
      const to = scratch + ((<usize>m) << 2);
      store<u32>(to, slot);
      store<f32>(to, poolScore(graph, next), SCORES);
      store<f32>(to, sqrt<f32>(load<f32>(rowAt(heads, headBytes, slot))), ROOTS);
      m++;
    }
    found += m;
    m = score(graph, context, base, heapWorst(heapScores, heapSize, k), headStages, end, m);
    takeScored(scratch, m, k, heapScores, heapIds, heapSize);
  }
  return found;
}

/** Stages of a score: all, or those of heads where tails are never read. */
function lastStage(graph: usize, context: usize): u32 {
  return load<u32>(graph, 80) === 0 ? load<u32>(context, 16) : load<u32>(graph, 56);
}

function takeScored(
  scratch: usize,
  m: u32,
  k: u32,
  heapScores: usize,
  heapIds: usize,
  heapSize: usize,
): void {
  for (let i: u32 = 0; i < m; i++) {
    const at = scratch + ((<usize>i) << 2);
    heapPush(heapScores, heapIds, heapSize, k, load<f32>(at, SCORES), load<u32>(at));
  }
}

/** Puts the best of slots u32[count] into the heap, scored in full or, where tails are never read, by heads. */
export function graphScan(
  graph: usize,
  context: usize,
  base: f32,
  slots: usize,
  count: u32,
  k: u32,
  heapScores: usize,
  heapIds: usize,
  heapSize: usize,
): void {
  const stages = lastStage(graph, context);
  for (let first: u32 = 0; first < count; first += MOST) {
    const part = min(MOST, count - first);
    const tau = heapWorst(heapScores, heapSize, k);
    let m = gather(graph, context, base, tau, slots + ((<usize>first) << 2), part, 0);
    m = score(graph, context, base, tau, 0, stages, m);
    takeScored(<usize>load<u32>(context, 28), m, k, heapScores, heapIds, heapSize);
  }
}

/**
 * Gathers those of `count` slots that do not have the stamp, and stamps them; with stamp 0 all. Leaves those that a bound
 * keeps out by their norms. Returns how many are in the scratch of the context.
 */
function gather(
  graph: usize,
  context: usize,
  base: f32,
  tau: f32,
  slots: usize,
  count: u32,
  stamp: u32,
): u32 {
  const scratch = <usize>load<u32>(context, 28);
  const heads = <usize>load<u32>(graph, 40);
  const headBytes = load<u32>(graph, 44);
  const normWeight = load<f32>(context, 36) - 1;
  const slack = load<f32>(context, 48);
  let m: u32 = 0;
  let met: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const slot = load<u32>(slots + ((<usize>i) << 2));
    if (stamp !== 0 && !stampOnce(graph, slot, stamp)) continue;
    met++;
    const head = rowAt(heads, headBytes, slot);
    const norm = load<f32>(head);
    const root = sqrt<f32>(norm);
    const value = norm * normWeight + base;
    if (value - root * slack > tau) continue;
    const to = scratch + ((<usize>m) << 2);
    store<u32>(to, slot);
    store<f32>(to, value, SCORES);
    store<f32>(to, root, ROOTS);
    store<u32>(to, <u32>head, PLACES);
    m++;
  }
  addTo(graph, MET, met);
  return m;
}

/** Stages first … end - 1 of the m gathered slots: heads, then the first of tails, then the others; returns how many are left. */
function score(graph: usize, context: usize, base: f32, tau: f32, first: u32, end: u32, m: u32): u32 {
  const headStages = load<u32>(graph, 56);
  for (let t = first; t < end && m > 0; ) {
    if (t === headStages) placeTails(graph, <usize>load<u32>(context, 28), m);
    const next = t < headStages ? headStages : t === headStages ? t + 1 : end;
    if (next === load<u32>(context, 16)) addTo(graph, IN_FULL, m);
    m = scanRows(context, t, next, base, tau, m);
    t = next;
  }
  return m;
}

/** From now on the stages read the tails of the m gathered slots. */
function placeTails(graph: usize, scratch: usize, m: u32): void {
  const tails = <usize>load<u32>(graph, 48);
  const tailBytes = load<u32>(graph, 52);
  for (let i: u32 = 0; i < m; i++) {
    const at = scratch + ((<usize>i) << 2);
    store<u32>(at, <u32>rowAt(tails, tailBytes, load<u32>(at)), PLACES);
  }
}
