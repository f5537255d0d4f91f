/**
 * Plain twins of assembly/graph-build.ts and assembly/graph-repair.ts, and the walk of assembly/graph-search.ts over scores
 * of any kind. Distances round to f32 where the kernels round, so both choose the same edges.
 */
import { isAllowed } from './allowed.ts';
import { isWorse } from './heap.ts';

const { fround } = Math;

/** Says where a vertex stands, for its distances to others; numbers are f32. */
export interface VertexCoordinates {
  /** scale²·Σ codes². */
  readonly square: number;
  readonly scale: number;
  /** One coordinate more, 0 but for inner products. */
  readonly lift: number;
  readonly codes: Int8Array;
}

/** Holds vertices 0…n - 1 and their edges. */
export interface NeighbourGraph {
  readonly coordinates: readonly VertexCoordinates[];
  /** By vertex, `degree` vertices: its own number in places that are not used, the link of its chain in the last one. */
  readonly edges: readonly number[][];
  readonly degree: number;
  /** Vertices that searches begin with. */
  readonly entries: readonly number[];
  /** Vertices that a search for neighbours keeps. */
  readonly width: number;
  /** The square of the pruning factor, f32. */
  readonly factor: number;
}

/** Is a vertex that was met, with its score; smaller is better. */
export interface MetVertex {
  readonly slot: number;
  readonly score: number;
}

/** Holds what a walk has found. */
export interface WalkResult {
  /** The best `width` vertices met, ascending by (score, slot). */
  readonly pool: readonly MetVertex[];
  /** All vertices met, in the order in which they were. */
  readonly met: readonly MetVertex[];
  /** Vertices whose neighbours were looked at. */
  readonly expanded: number;
}

/** Computes |g_a·y_a - g_b·y_b|² + (lift_a - lift_b)², the first part not below 0. */
export function vertexDistance(a: VertexCoordinates, b: VertexCoordinates): number {
  const { codes } = a;
  const { codes: others } = b;
  let dot = 0;
  for (let i = 0; i < codes.length; i++) dot += (codes[i] as number) * (others[i] as number);
  const product = fround(fround(a.scale * b.scale) * fround(dot));
  const apart = fround(fround(a.square + b.square) - fround(2 * product));
  const lift = fround(a.lift - b.lift);
  return fround(Math.max(0, apart) + fround(lift * lift));
}

function distance({ coordinates }: NeighbourGraph, a: number, b: number): number {
  return vertexDistance(coordinates[a] as VertexCoordinates, coordinates[b] as VertexCoordinates);
}

function rowOf({ edges }: NeighbourGraph, slot: number): number[] {
  return edges[slot] as number[];
}

/** Walks to the best vertices: expands the best one that is not, until all of the best `width` are. */
export function walkGraph(
  edgesOf: (slot: number) => readonly number[],
  entries: readonly number[],
  width: number,
  scoreOf: (slot: number) => number,
): WalkResult {
  const pool: MetVertex[] = [];
  const met = new Map<number, MetVertex>();
  const expanded = new Set<MetVertex>();
  let slots = entries;
  for (;;) {
    for (const slot of slots) {
      if (met.has(slot)) continue;
      const vertex = { slot, score: scoreOf(slot) };
      met.set(slot, vertex);
      keepBest(pool, width, vertex);
    }
    const next = pool.find((vertex) => !expanded.has(vertex));
    if (!next) return { pool, met: [...met.values()], expanded: expanded.size };
    expanded.add(next);
    slots = edgesOf(next.slot);
  }
}

/** Puts a vertex into a pool that ascends by (score, slot), and drops the worst of more than `width`. */
function keepBest(pool: MetVertex[], width: number, vertex: MetVertex): void {
  const isAfter = (other: MetVertex): boolean => isWorse(other.score, other.slot, vertex.score, vertex.slot);
  const place = pool.findIndex(isAfter);
  pool.splice(place < 0 ? pool.length : place, 0, vertex);
  if (pool.length > width) pool.pop();
}

/** Finds the vertices nearest to one, itself left out, ascending by (distance, slot). */
export function graphNearest(graph: NeighbourGraph, vertex: number): readonly MetVertex[] {
  const others = (slots: readonly number[]): number[] => slots.filter((slot) => slot !== vertex);
  const edgesOf = (slot: number): number[] => others(rowOf(graph, slot));
  return walkGraph(edgesOf, others(graph.entries), graph.width, (slot) => distance(graph, vertex, slot)).pool;
}

/** Chooses edges among candidates that ascend by (distance, slot): those that no chosen one stands in front of. */
function prune(graph: NeighbourGraph, candidates: readonly MetVertex[]): number[] {
  const chosen: number[] = [];
  for (const { slot, score } of candidates) {
    const isInFront = (other: number): boolean =>
      fround(graph.factor * distance(graph, other, slot)) <= score;
    if (chosen.length < graph.degree - 1 && !chosen.some(isInFront)) chosen.push(slot);
  }
  return chosen;
}

/** Sets all places but the last. */
function setEdges(graph: NeighbourGraph, slot: number, chosen: readonly number[]): void {
  const row = rowOf(graph, slot);
  for (let i = 0; i < graph.degree - 1; i++) row[i] = chosen[i] ?? slot;
}

/** Adds an edge from `slot` to `other`; a full row is pruned. Returns whether it is there. */
function link(graph: NeighbourGraph, slot: number, other: number): boolean {
  const last = graph.degree - 1;
  const row = rowOf(graph, slot)
    .slice(0, last)
    .filter((neighbour) => neighbour !== slot);
  if (!row.includes(other)) row.push(other);
  if (row.length > last) {
    const candidates: MetVertex[] = [];
    for (const candidate of row) {
      keepBest(candidates, row.length, { slot: candidate, score: distance(graph, slot, candidate) });
    }
    row.splice(0, row.length, ...prune(graph, candidates));
  }
  setEdges(graph, slot, row);
  return row.includes(other);
}

/** Puts a vertex that is in no chain into that of another, right behind it. */
function chain(graph: NeighbourGraph, head: number, slot: number): void {
  const last = graph.degree - 1;
  const next = rowOf(graph, head)[last] as number;
  rowOf(graph, slot)[last] = next === head ? slot : next;
  rowOf(graph, head)[last] = slot;
}

/** Inserts vertices whose rows hold their own number alone, one after the other. */
export function graphInsert(graph: NeighbourGraph, order: Iterable<number>): void {
  for (const slot of order) {
    const found = graphNearest(graph, slot);
    const nearest = found[0];
    if (!nearest) continue;
    const chosen = prune(graph, found);
    setEdges(graph, slot, chosen);
    const isReached = nearest.score > 0 && chosen.map((other) => link(graph, other, slot)).includes(true);
    if (!isReached) chain(graph, nearest.slot, slot);
  }
}

/**
 * Gives the vertices first … end - 1 that stay, those of the bit set `live`, edges to others that stay. Returns how many had
 * an edge to one that does not.
 */
export function graphRepair(graph: NeighbourGraph, first: number, end: number, live: Uint32Array): number {
  const last = graph.degree - 1;
  const stays = (slot: number): boolean => isAllowed(live, slot);
  let repaired = 0;
  for (let slot = first; slot < end; slot++) {
    const row = rowOf(graph, slot);
    if (!stays(slot) || row.every(stays)) continue;
    const around = row.filter((other) => !stays(other)).flatMap((other) => rowOf(graph, other));
    const offered = new Set([...row.slice(0, last), ...around].filter(stays));
    offered.delete(slot);
    const candidates: MetVertex[] = [];
    for (const other of offered) {
      keepBest(candidates, graph.width, { slot: other, score: distance(graph, slot, other) });
    }
    setEdges(graph, slot, prune(graph, candidates));
    row[last] = nextLive(graph, slot, stays);
    repaired++;
  }
  return repaired;
}

/** The first vertex behind `slot` in its chain that stays, or `slot` itself. */
function nextLive(graph: NeighbourGraph, slot: number, stays: (slot: number) => boolean): number {
  let at = slot;
  for (;;) {
    const next = rowOf(graph, at)[graph.degree - 1] as number;
    if (next === at) return slot;
    if (stays(next)) return next;
    at = next;
  }
}
