/**
 * Best-first search in a neighbour graph in plain TypeScript, for codes that no kernel walks; what assembly/graph-search.ts
 * of the core does for those it does.
 */

/** A graph as a walk sees it. */
export interface WalkedGraph {
  readonly entries: Uint32Array;
  /** The neighbours of a vertex; its own number where a place is not used. */
  edges(slot: number): Uint32Array;
  /** Marks a vertex as met; false where it was. */
  meet(slot: number): boolean;
  /** Scores of vertices, smaller is better. */
  score(slots: readonly number[]): Float32Array;
}

/** The best vertices met, best first; of equal ones the lower number. */
export interface Pool {
  readonly slots: number[];
  readonly scores: number[];
  /** Vertices whose neighbours were looked at, and vertices that were scored. */
  readonly expanded: number;
  readonly scored: number;
}

/** Walks until the best `width` vertices met are all expanded. onScored — called for each vertex met. */
export function walk(
  graph: WalkedGraph,
  width: number,
  onScored: (slot: number, score: number) => void,
): Pool {
  const slots: number[] = [];
  const scores: number[] = [];
  const isExpanded = new Set<number>();
  let scored = 0;
  const take = (candidates: Uint32Array): void => {
    const met: number[] = [];
    for (const slot of candidates) if (graph.meet(slot)) met.push(slot);
    const found = graph.score(met);
    scored += met.length;
    for (const [i, slot] of met.entries()) {
      const score = found[i] as number;
      onScored(slot, score);
      put(slots, scores, width, slot, score);
    }
  };
  take(graph.entries);
  for (;;) {
    const next = slots.find((slot) => !isExpanded.has(slot));
    if (next === undefined) return { slots, scores, expanded: isExpanded.size, scored };
    isExpanded.add(next);
    take(graph.edges(next));
  }
}

function put(slots: number[], scores: number[], width: number, slot: number, score: number): void {
  let low = 0;
  let high = slots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = scores[middle] as number;
    if (other < score || (other === score && (slots[middle] as number) < slot)) low = middle + 1;
    else high = middle;
  }
  if (low >= width) return;
  slots.splice(low, 0, slot);
  scores.splice(low, 0, score);
  if (slots.length > width) {
    slots.pop();
    scores.pop();
  }
}
